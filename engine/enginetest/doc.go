// SPDX-License-Identifier: Apache-2.0

// Package enginetest has the tests that every store with the methods of package engine must pass.
//
// It holds three things. [Map] is an immutable sorted map, of which a version costs almost
// nothing: it is what a database is, without files, pages and logs. [TestStore] is a suite of
// tests for the behaviour of transactions, levels, snapshots and cursors, one by one. [Runner]
// does random operations on a store, compares every answer with a Map, and keeps the list of all
// states that were committed, so that a test that crashes the store in between knows what may be
// found afterwards.
//
// The package serves tests only. It knows the engine by its exported API; [Engine] makes
// a [Store] of a *engine.DB. Nothing in it depends on time or on the scheduling of
// goroutines: the same seed does the same operations.
package enginetest
