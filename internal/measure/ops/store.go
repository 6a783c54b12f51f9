// SPDX-License-Identifier: Apache-2.0

// Package ops has what workloads do to a store: each operation checks what it reads, and returns an error
// if that is wrong. Nothing here measures, nor decides how often or for how long an operation is done:
// the programs that measure do, here and in the modules below the root.
//
// Invariants: what an operation is follows from numbers alone, so that a workload is the same in every
// program and for every store; an operation allocates no memory of its own.
package ops

import "github.com/lsmlite/lsmlite-go/internal/measure/data"

// Op is one change of a batch.
type Op struct {
	Key, Value []byte
	Delete     bool // of Key; Value is nil
}

// Range is what a scan visits: at most Limit records (0 is no limit) from From on, inclusive, in
// ascending order, or in descending order if Reverse is set. A nil From is the first key, or the last.
type Range struct {
	From    []byte
	Limit   int
	Reverse bool
}

// Reader reads the newest committed state at each call. One goroutine at a time uses it.
type Reader interface {
	// Get appends the value of key to dst. The result is the caller's.
	Get(dst, key []byte) (value []byte, found bool, err error)
	// Scan calls visit for each record of the range, with slices that are valid during that call,
	// until visit returns an error, and returns that error.
	Scan(r Range, visit func(key, value []byte) error) error
	Close() error
}

// Store is an open database, as operations need it. Its methods may be called from any goroutine.
type Store interface {
	// Write makes all changes in one transaction. The slices stay the caller's.
	Write(ops []Op) error
	// Reader returns what one goroutine reads with.
	Reader() (Reader, error)
}

// Table is the rows of a store: numbers below Rows, with their keys and values. It is read-only.
type Table struct {
	Store  Store
	Rows   uint64
	Keys   data.Keys
	Values *data.Values
}

// RowBytes is the length of a row: of its key and its value.
func (t *Table) RowBytes() int { return t.Keys.Size() + t.Values.Size() }
