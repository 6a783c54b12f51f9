// SPDX-License-Identifier: Apache-2.0

// Package python holds the Python package lsmlite: its sources, its extension in C, the script that makes its wheel,
// and its tests. The Go in it runs these tests, as part of the tests of the repository.
package python
