// SPDX-License-Identifier: Apache-2.0

// Package sched is where goroutines of the engine wait for one another, so that a simulator can decide in which order
// they go on.
//
// In ordinary builds its types are those of package sync, and [Point] is empty and costs nothing. Under the build tag
// "invariants" the types are made of channels, for which testing/synctest knows that a goroutine is blocked, and which
// may be held while a simulated file operation waits; and every goroutine that has waited comes through Point before
// it goes on. With [Direct] one simulator at a time can hold goroutines back there.
//
// Any package of the engine may use it, by these rules:
//
//   - A mutex that is held during a file operation, or where Point is called, is one of this package. All others may be
//     those of package sync.
//   - Who has waited for a channel, a timer or a group calls Point before anything else; so does a goroutine that
//     begins. Then of all goroutines that an event lets go on, each one's next step is chosen by the simulator.
//   - Point may also stand where two goroutines race on purpose, without a lock.
package sched

// A Director decides what is chance otherwise.
type Director struct {
	// Point is called at every Point, in the goroutine that has come there, and returns when that is to go on.
	Point func(place string)
	// Uint64 makes random numbers.
	Uint64 func() uint64
}
