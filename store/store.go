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

import "context"

// Store is an ordered key-value store. As a Reader it shows the newest committed state, a
// new one at each call.
type Store interface {
	Reader
	// Caps returns what the store can do. It is always the same.
	Caps() Caps
	// Snapshot pins the newest committed state. mayWrite says that Begin may be given the
	// snapshot later.
	Snapshot(ctx context.Context, mayWrite bool) (Snapshot, error)
	// Begin starts a write transaction, on level 1. In a store with a single writer there is one
	// at a time: Begin waits for its turn, in order of arrival, until ctx ends. With a snapshot
	// that may write the transaction begins from that state, and Begin fails with ErrBusySnapshot
	// if another transaction has committed since; where several write at a time, Commit finds
	// that out. The snapshot stays open and the caller's.
	Begin(ctx context.Context, from Snapshot) (Tx, error)
	// Close fails with ErrBusy while anything that the store returned is open.
	Close() error
}

// Caps are what a store can do, and its limits. What is beyond a limit fails with ErrTooBig, before
// anything of it is sent anywhere.
type Caps struct {
	// MaxKey is the length of the longest key in bytes, and MaxValue that of the longest value.
	MaxKey, MaxValue int
	// MaxTx is how many bytes of keys and values a transaction may write, with a few more for each of
	// them; 0 is no limit except memory.
	MaxTx int64
	// SingleWriter says that one transaction writes at a time, and that Begin waits for its turn.
	SingleWriter bool
	// CommitConflicts says that Commit may fail with ErrConflict, because of another transaction.
	CommitConflicts bool
	// WriteSkew says that two transactions that are open at the same time may both commit although each
	// has read what the other one wrote, if they did not write the same keys: transactions are isolated
	// by snapshots, and not serialisable.
	WriteSkew bool
	// RangeDeleteLinear says that DeleteRange, or the Commit after it, takes longer the more keys there
	// are in the range.
	RangeDeleteLinear bool
	// ReadsEndWithTx says that the end of a write transaction also ends its cursors, and the snapshot that
	// it has begun from with the cursors on that: what reads with them then fails with ErrSnapshotGone.
	ReadsEndWithTx bool
}

// Reader is a state that can be read.
type Reader interface {
	// Get appends the value of key to dst.
	Get(ctx context.Context, dst, key []byte) (value []byte, found bool, err error)
	// ValueLen returns the length of the value of key in bytes. It does not load the value.
	ValueLen(ctx context.Context, key []byte) (n int, found bool, err error)
	// Cursor opens a cursor on the state of this moment. What a transaction writes later
	// does not change what its cursors show. A cursor may be used beyond the end of the
	// snapshot or transaction that it was opened on, unless Caps says otherwise.
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
	// also when they fail. If Commit fails nothing was written, except with ErrUndetermined:
	// then the transaction took place or did not.
	Commit(ctx context.Context) error
	// Rollback undoes what was written, also if ctx has ended.
	Rollback(ctx context.Context) error
}
