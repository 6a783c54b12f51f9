// SPDX-License-Identifier: Apache-2.0

// Package simulator runs programs of many goroutines against a database whose every step is chosen by a seed, so that
// what goes wrong under one order of goroutines in a million goes wrong again.
//
// A program runs in a bubble of testing/synctest, on files in memory. Each file operation and each place at which the
// engine's goroutines wait for one another (package sched) holds the goroutine that comes to it. Once all are held or
// wait, the director lets one go on. So of all goroutines, those of the engine included, one runs at a time, the clock
// goes on only when the director lets it, and the same seed takes the same steps: a run has a sum, in which each choice
// and each result is.
//
// The tasks of a program write, read, keep house and close, next to each other, for several sessions; some read as
// other processes do. A session ends with Close, or the process is killed, or the power fails; files may fail, too.
// What is found is compared with a [chain] of the states that commits have led to: each reader sees one of them, whole
// and the same until its end, none older than what it could know of; a crash keeps all that was acknowledged, and a
// beginning of what was not. At random moments the director also looks at what a crash would leave.
//
// Only tests use it, under the build tag invariants. It simulates one program at a time.
package simulator
