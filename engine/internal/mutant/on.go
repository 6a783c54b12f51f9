// SPDX-License-Identifier: Apache-2.0

//go:build invariants

package mutant

import "sync/atomic"

var active atomic.Uint32

// Is reports whether the engine is that mutant.
func Is(m Mutant) bool { return active.Load() == uint32(m) }

// With makes the engine of this process that mutant until stop is called.
func With(m Mutant) (stop func()) {
	if !active.CompareAndSwap(0, uint32(m)) {
		panic("lsmlite: two mutants at a time")
	}
	return func() { active.Store(0) }
}
