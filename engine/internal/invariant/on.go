// SPDX-License-Identifier: Apache-2.0

//go:build invariants

package invariant

// Expensive reports whether expensive checks are compiled in.
const Expensive = true

// Mangle overwrites a buffer that nobody may read any more, so that a reader that
// still does fails a test instead of passing by luck.
func Mangle(b []byte) {
	for i := range b {
		b[i] = 0xDB
	}
}
