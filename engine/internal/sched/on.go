// SPDX-License-Identifier: Apache-2.0

//go:build invariants

package sched

import (
	"math/rand/v2"
	"sync/atomic"
)

// Enabled reports whether the order of goroutines can be directed.
const Enabled = true

var director atomic.Pointer[Director]

// Point is a place at which the calling goroutine may be held back. It holds no mutex of package sync.
func Point(place string) {
	if d := director.Load(); d != nil {
		d.Point(place)
	}
}

// Uint64 returns a random number, that of the director if there is one.
func Uint64() uint64 {
	if d := director.Load(); d != nil {
		return d.Uint64()
	}
	return rand.Uint64()
}

// Direct has d direct all goroutines of the process until stop is called.
func Direct(d Director) (stop func()) {
	if !director.CompareAndSwap(nil, &d) {
		panic("lsmlite: two simulators at a time")
	}
	return func() { director.Store(nil) }
}
