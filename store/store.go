// SPDX-License-Identifier: Apache-2.0

// Package store is between the statements and what keeps the rows. It has the interfaces of an
// ordered key-value store with transactions, as package lsmlite uses them, and the engine as such
// a store.
//
// The package owns the contract. A store keeps pairs of bytes in the order of their keys,
// compared byte by byte. Package storetest says in tests what each method must do, and
// has a model to compare with.
//
// A [Store] may be used by any number of goroutines, each of the things that it returns by
// one at a time. Bytes passed in are only read, and only until the call returns; a [Range]
// is the exception. Every call that may wait or read files takes a context. If the context
// has ended when it is called, it fails with an error that matches the context's;
// Cursor.Next, Cursor.Value and Tx.Rollback may ignore the context, so a loop over many rows must
// look at it itself. Errors are those of package engine: misuse matches engine.ErrMisuse, a
// transaction that comes too late engine.ErrBusySnapshot.
package store

import (
	"context"
	"time"
)

// Store is an ordered key-value store. As a Reader it shows the newest committed state, a
// new one at each call.
type Store interface {
	Reader
	// Caps returns what the store can do. It is always the same.
	Caps() Caps
	// Snapshot pins the newest committed state. mayWrite says that Begin may be given the
	// snapshot later.
	Snapshot(ctx context.Context, mayWrite bool) (Snapshot, error)
	// Begin starts a write transaction, on level 1. There is one at a time: Begin waits
	// for its turn, in order of arrival, until ctx ends. With a snapshot that may write
	// the transaction begins from that state, and Begin fails with ErrBusySnapshot if
	// another transaction has committed since. The snapshot stays open and the caller's.
	Begin(ctx context.Context, from Snapshot) (Tx, error)
	// Close fails with ErrBusy while anything that the store returned is open.
	Close() error
}

// Caps are the limits of a store.
type Caps struct {
	// MaxKey is the length of the longest key in bytes. Longer ones fail with ErrTooBig.
	MaxKey int
}

// WriterInfo is a Store that knows who writes.
type WriterInfo interface {
	// Writer reports whether a write transaction is open and since when.
	Writer() (since time.Time, busy bool)
}

// Reader is a state that can be read.
type Reader interface {
	// Get appends the value of key to dst.
	Get(ctx context.Context, dst, key []byte) (value []byte, found bool, err error)
	// ValueLen returns the length of the value of key in bytes. It does not load the value.
	ValueLen(ctx context.Context, key []byte) (n int, found bool, err error)
	// Cursor opens a cursor on the state of this moment. What a transaction writes later
	// does not change what its cursors show. A cursor may be used beyond the end of the
	// snapshot or transaction that it was opened on.
	Cursor(ctx context.Context) (Cursor, error)
}

// Snapshot is a state that never changes.
type Snapshot interface {
	Reader
	// Close gives the snapshot up. It is called once, and nothing after it.
	Close() error
}

// Tx is a write transaction. Its levels are nested, and numbered as in lsm1: level 1 is
// the transaction. As a Reader it shows its own writes.
type Tx interface {
	Reader
	Put(ctx context.Context, key, value []byte) error
	// Delete deletes key. That there is none is no error.
	Delete(ctx context.Context, key []byte) error
	// DeleteRange deletes every key between after and before, neither of which it
	// touches.
	DeleteRange(ctx context.Context, after, before []byte) error

	// Level returns the innermost open level.
	Level() int
	// Begin opens the next level and returns its number.
	Begin() (level int, err error)
	// CommitTo merges every level above level into it.
	CommitTo(level int) error
	// RollbackTo undoes everything since level was opened, and keeps it open.
	RollbackTo(level int) error

	// Commit makes what was written permanent. Commit and Rollback end the transaction,
	// also when they fail.
	Commit(ctx context.Context) error
	// Rollback undoes what was written, also if ctx has ended.
	Rollback(ctx context.Context) error
}
