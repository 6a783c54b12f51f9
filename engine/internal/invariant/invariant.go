// SPDX-License-Identifier: Apache-2.0

// Package invariant holds the engine's assertions. A failed assertion is a bug of the
// engine, never bad data or a bad disk: those are errors.
//
// Cheap assertions are always on. Expensive ones, and the mangling of buffers whose
// lifetime has ended, are compiled in under the build tag "invariants".
package invariant

// Check panics with msg unless ok.
func Check(ok bool, msg string) {
	if !ok {
		panic("lsmlite: invariant violated: " + msg)
	}
}
