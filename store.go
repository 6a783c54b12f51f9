package lsmlite

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	lsmstore "github.com/lsmlite/lsmlite-go/store"
)

// store is all that the driver asks of an ordered key-value store to run statements and
// transactions. *engine.DB is one, by way of engineStore; whatever else satisfies these
// interfaces can stand behind the same dialect.
//
// A store may be used by any number of goroutines, each of the things it hands out by
// one at a time. Bytes passed in are only read, and only until the call returns. A
// call that takes a context ends early with an error that matches the context's.
type store interface {
	// Begin starts the one write transaction, on level 1. It waits for its turn, in
	// order of arrival, until ctx is done.
	Begin(ctx context.Context) (storeTx, error)
	// Snapshot pins the state of this moment.
	Snapshot(ctx context.Context) (storeSnapshot, error)
	// Get appends the newest committed value of key to dst. It is what a Snapshot and its
	// Get do, without their cost.
	Get(dst, key []byte) (value []byte, found bool, err error)
	// ValueLen is Get for the length alone: the value is not loaded.
	ValueLen(key []byte) (n int, found bool, err error)
	// BeginFrom is Begin for someone who has read s already: it fails with
	// ErrBusySnapshot if anybody committed since. s stays open and the caller's.
	BeginFrom(ctx context.Context, s storeSnapshot) (storeTx, error)
	// Writer reports whether a write transaction is open and since when.
	Writer() (since time.Time, busy bool)
	// Close fails with ErrBusy while anything that the store handed out is open.
	Close() error
}

// storeReader is a state that can be read.
type storeReader interface {
	// Get appends the value of key to dst.
	Get(dst, key []byte) (value []byte, found bool, err error)
	// ValueLen returns the length of the value of key, which it does not load.
	ValueLen(key []byte) (n int, found bool, err error)
	// Cursor opens a cursor on the state of this moment. What a transaction writes
	// later does not change what its cursors see, and they outlive it.
	Cursor() (storeCursor, error)
}

// storeSnapshot is a state that never changes.
type storeSnapshot interface {
	storeReader
	Close() error
}

// storeTx is the write transaction, with nested levels as lsm1 numbers them.
type storeTx interface {
	storeReader
	Put(key, value []byte) error
	Delete(key []byte) error
	// DeleteRange deletes every key between after and before, neither of which it
	// touches.
	DeleteRange(after, before []byte) error
	// Level returns the innermost open level; 1 is the transaction itself.
	Level() int
	// Begin opens the next level and returns its number.
	Begin() (int, error)
	// CommitTo merges every level above level into it.
	CommitTo(level int) error
	// RollbackTo undoes everything since level was opened, and keeps it open.
	RollbackTo(level int) error
	// Commit and Rollback end the transaction, also when they fail.
	Commit(ctx context.Context) error
	Rollback() error
}

// storeCursor walks the keys of one state in either direction. Key and Value are valid
// until the next call.
type storeCursor interface {
	First() bool
	Last() bool
	Seek(key []byte, mode engine.SeekMode) bool
	Next() bool
	Prev() bool
	Key() []byte
	// Value loads the value; a cursor that is not asked for values never does.
	Value() ([]byte, error)
	ValueLen() int // without loading it
	// Err is the reason why a movement returned false, nil at the end of the keys.
	Err() error
	Close() error
}

// The parts of a store that PRAGMA needs.
type (
	maintainer = lsmstore.Maintainer
	inspector  = lsmstore.Inspector
)
