// SPDX-License-Identifier: Apache-2.0

// Package sim tries whole databases: a seed becomes a schedule of operations, the
// schedule runs into crashes and faults of the file system, the database is opened
// again, and what is found is compared with what was committed.
//
// A schedule is an enginetest.Runner over memfs, with faultfs in between to stop before
// each operation that changes a file, or to make it fail. Everything runs in the
// goroutine of the test, so that a seed always does the same. Tests that need real
// processes or goroutines are in the test files only.
//
// Apart from schedules there are phases: parts of the life of a database, each with a beginning, whose calls of the
// file system are tried one by one. Calls is the file system that sees all of them, those of rare abilities, too. A
// process is killed before, within and after each, and each fails (FaultPhase), in the database of a Trial.
//
// What may be found after a crash:
//
//   - After a kill: every commit that has returned, whatever the safety level. A commit in
//     progress may be there or not, but never a part of it.
//   - After power loss, safety full: the same. Safety normal: a state that was committed,
//     at least as new as the last one that a flush and a checkpoint made durable, and as
//     any that an earlier loss of all that was in doubt would have left. Safety off:
//     anything, an error included, but no panic and no endless loop.
//
// PowerLoss is a series of such schedules, of all kinds. FailSync makes one sync of a database fail as in a kernel,
// which treats what it could not write as clean, and may evict it from its cache. Damage damages files after their
// database was closed or killed.
package sim
