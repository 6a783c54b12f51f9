// SPDX-License-Identifier: Apache-2.0

//go:build !invariants

package invariant

// Expensive reports whether expensive checks are compiled in.
const Expensive = false

// Mangle does nothing in ordinary builds.
func Mangle([]byte) {}
