// SPDX-License-Identifier: Apache-2.0

// Package soak works on databases in real files for as long as one likes: random transactions, reads, scans, held
// snapshots, flushes, merges, checkpoints, backups, optimizes, checks and reopenings. Whatever is read is compared with
// a model, and what the process and the files take has to stay within bounds that do not depend on how long it has gone
// on.
//
// The keys are a fixed number of numbers, and the model knows the version of each, so it takes 4 bytes for a row. A
// value follows from its key and version.
//
// Only tests use it. A Soak may be used by several goroutines, each of its databases by one at a time.
package soak
