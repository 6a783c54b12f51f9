// SPDX-License-Identifier: Apache-2.0

// Package memtree holds the in-memory tree of a database: the records that are
// committed but not yet flushed, and those of the running write transaction.
//
// It owns the records' memory and the order of their keys. It knows nothing about files,
// transactions or levels. The engine's writer is the only caller of a Tree's methods; Views, and
// iterators over them, belong to the goroutine that holds them.
//
// # Structure
//
// The tree is a copy-on-write B+tree. Nodes have a fixed size, hold no Go pointers and
// live in slabs; a node is named by a 32-bit number. Records live in chunks of bytes and
// are named by 32-bit references. The garbage collector therefore sees a handful of
// pointers whatever the number of records.
//
//	inner node   heads  h0 h1 h2 …   8 bytes of the separators
//	             aux    s0 s1 s2 …   references of the records the separators stem from
//	             refs   c0 c1 c2 …   children; child i holds keys k with s(i) <= k < s(i+1)
//	leaf         heads  h0 h1 h2 …   8 bytes of the keys
//	             aux    k0 k1 k2 …   kinds: Insert, PointDelete, StartDelete, EndDelete
//	             refs   r0 r1 r2 …   references of the records (key and value)
//
// Heads are the first bytes after those that all keys of the node share, of which it has the number.
// The tree knows what all keys share that were ever put into it, its prefix: a key that has it, too,
// is searched for by heads alone, without a look at any record, until heads are alike. A node that
// leaves out more than the prefix costs a look at one record. A key that does not share what a node
// leaves out has the heads of that node made again, and no others.
//
// Separator 0 of a node is never consulted: its first child takes everything smaller
// than separator 1. Kinds are in leaves, not in records, so a record never changes after it was
// appended.
//
// Deletion drops empty nodes and does not rebalance; a tree lives for one flush only.
//
// # Epochs
//
// A node carries the epoch in which it was made. Freeze and Mark end the current epoch.
// A node is changed in place exactly if its epoch is above the floor, which is the newest epoch
// that a View or a valid Mark may know. Otherwise it is copied, and the original is retired: it
// is put on a list together with the current epoch R. Only Views and Marks of epochs below R can
// reach it, so Reclaim(oldest) reuses it once R <= oldest. A node's epoch is at most its
// parent's, so a leaf of the current epoch has a path of the current epoch.
//
// # Invariants
//
// Between two neighbouring records a < b, a has StartDelete exactly when b has
// EndDelete. No record has both Insert and PointDelete. The first record never has
// EndDelete and the last never StartDelete. View.Check verifies all of it.
//
// # Concurrency
//
// There are no locks. A View has slice headers of its own for slabs and chunks, neither
// ever moves, and the writer never writes to a node or a byte that a View can reach. The engine
// must provide the order: it hands a View to a reader after Freeze, and calls Reclaim after the
// last use of the Views that it names.
//
// The filter of a tree is the exception: the writer adds bits to it while Views have it. That changes
// no answer about the records of a View, which are all in it before Freeze.
package memtree
