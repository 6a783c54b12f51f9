// SPDX-License-Identifier: Apache-2.0

// Package archtest holds tests of the project as a whole: which package may import which, and
// what documents and comments say. It contains no code of its own.
package archtest
