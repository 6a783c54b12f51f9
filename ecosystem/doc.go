// SPDX-License-Identifier: Apache-2.0

// Package ecosystem has no code of its own: its tests run tools that were written for
// database/sql in general on the driver "lsmlite", and say which of them work and how.
// It is a module of its own, so that those tools are no dependency of lsmlite.
// docs/ecosystem.md tells what the tests show; every piece of Go in it is taken from
// them.
package ecosystem
