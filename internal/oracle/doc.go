// SPDX-License-Identifier: Apache-2.0

// Package oracle talks to C lsm1, the engine whose file format this module
// shares, so that tests can compare the two. This module must read what C writes, and C must
// read, check and continue what this module writes.
//
// C lsm1 runs in a child process, never in this one: it trusts what it reads
// and may loop or crash on a file that is wrong, and a child can be killed in
// the middle of its work. The child is a small driver that reads commands from
// its standard input; its text is testdata/lsmoracle.c.txt, and its head
// comment is the reference for the commands and for the random generator.
// The driver is built elsewhere, outside this repository, and is found through
// the environment variable LSMLITE_ORACLE. Nothing here needs cgo.
//
// With the build tag invariants as well the engine folds every run of deleted keys that a
// scan has passed, not only long ones, so that its turns write many deleted ranges.
//
// Everything but this comment has the build tag oracle. Only tests
// import this package.
//
// Bugs of C that a comparison must avoid:
//
//   - A range delete must not end on a key that exists (C damages the key).
//   - A flush of a session that made no tree old by its own size loses the
//     session's later commits in a crash.
//   - A rollback of a whole transaction that made the log wrap loses them too.
//   - An automatic checkpoint distance below one page makes C loop forever.
//   - A GE seek exactly on the start of a range delete may skip that key.
//   - A full scan may miss the right-hand side of a merging level whose
//     left-hand side holds only separators.
//   - A merge whose output is one page leaves the pointers of a newer level that C has
//     linked to its inputs: seeks through them end in freed pages.
//   - A half done merge of a segment with moved blocks frees blocks that it still
//     needs: scans miss rows, and later writes destroy them.
//   - So does a half done merge of a segment with keys longer than a quarter of a page. What
//     C reads there instead of a key decides only how much it frees, but in a compressed file
//     there may be no page at all, and C crashes.
//   - After the rollback of a savepoint a record of almost 32 KiB may miss the checksum that
//     C's recovery wants before it: the transaction and all later ones are lost.
//   - A debug build of C cannot run safety level FULL.
package oracle
