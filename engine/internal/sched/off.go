// SPDX-License-Identifier: Apache-2.0

//go:build !invariants

package sched

import (
	"math/rand/v2"
	"sync"
)

// Enabled reports whether the order of goroutines can be directed.
const Enabled = false

type (
	// Mutex is that of package sync.
	Mutex = sync.Mutex
	// RWMutex is that of package sync.
	RWMutex = sync.RWMutex
	// Cond is that of package sync.
	Cond = sync.Cond
)

// Point does nothing in ordinary builds.
func Point(string) {}

// Uint64 is that of package rand.
func Uint64() uint64 { return rand.Uint64() }

// Direct does nothing in ordinary builds.
func Direct(Director) (stop func()) { return func() {} }
