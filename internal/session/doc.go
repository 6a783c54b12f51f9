// SPDX-License-Identifier: Apache-2.0

// Package session runs the plans of package parser on a store: what a connection does with
// a text once it has been parsed.
//
// A [Session] has at most one transaction and runs one statement at a time; one goroutine
// uses it at a time. It owns the meaning of statements, transactions and savepoints, the
// conversion of arguments and results, and all buffers that these need. It knows nothing of
// package database/sql but the types of arguments and results, nor of the engine: all that
// it reads and writes lies in a store.Store. Only package lsmlite uses it, and catches what
// panics in it.
//
// The parts, each of which uses only those before it: Shared, what the sessions of a store
// have in common; txn, the transaction; walk, a cursor's way through the keys of a
// statement; writer, which runs INSERT, UPDATE and DELETE; Rows, the results of SELECT,
// RETURNING, EXPLAIN and PRAGMA; Session.
package session
