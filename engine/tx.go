// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"io"

	"github.com/lsmlite/lsmlite-go/engine/internal/writer"
)

// Tx is a write transaction, the only one of its database. It has nested levels, like
// lsm1: level 1 is the transaction itself, Begin opens the next one. One goroutine at a
// time may use it. It ends with Commit or Rollback, one of which must be called.
type Tx struct {
	db *DB
	tx writer.Tx
}

// Begin starts a write transaction at level 1. It waits for the single writer's turn, in
// arrival order, as long as ctx lasts. If flushing, merging or checkpointing for earlier commits
// has failed since the last call, Begin returns that error, once.
func (db *DB) Begin(ctx context.Context) (*Tx, error) {
	if err := db.writable("begin"); err != nil {
		return nil, err
	}
	tx := &Tx{db: db}
	if err := db.writer.Begin(ctx, &tx.tx); err != nil {
		return nil, err
	}
	return tx, nil
}

// BeginFrom starts a write transaction on the state that a snapshot shows. If another transaction
// has committed since, it fails with ErrBusySnapshot, mostly without waiting for the writer's
// turn; a snapshot that is taken then shows that commit. The snapshot stays open.
func (db *DB) BeginFrom(ctx context.Context, s *Snapshot) (*Tx, error) {
	if err := db.writable("begin"); err != nil {
		return nil, err
	}
	tx := &Tx{db: db}
	if err := db.writer.BeginFrom(ctx, &tx.tx, s.pin.state); err != nil {
		return nil, err
	}
	return tx, nil
}

// Put sets the value of a key. Both are copied.
func (tx *Tx) Put(key, value []byte) error { return tx.tx.Put(key, value) }

// PutReader sets the value of a key to the size bytes that r has. They are read into the
// memory of the transaction, without another copy. If r fails, or ends before or after that
// many bytes, nothing is written. r may read from a cursor or a snapshot of this database,
// but must not use the transaction.
func (tx *Tx) PutReader(key []byte, r io.Reader, size int64) error {
	return tx.tx.PutReader(key, r, size)
}

// Delete removes a key. Removing a key that is not there is not an error.
func (tx *Tx) Delete(key []byte) error { return tx.tx.Delete(key) }

// DeleteRange removes all keys strictly between two others, however many there are, by
// a single record. Both keys themselves are kept. If no key can be between them, because after is
// not less than before, it does and writes nothing.
func (tx *Tx) DeleteRange(after, before []byte) error { return tx.tx.DeleteRange(after, before) }

// Level returns the number of open levels.
func (tx *Tx) Level() int { return tx.tx.Level() }

// Begin opens another level and returns its number.
func (tx *Tx) Begin() (int, error) { return tx.tx.Begin() }

// CommitTo makes the changes of all levels above the given one part of it. The level
// itself stays open; level 1 ends with Commit only.
func (tx *Tx) CommitTo(level int) error { return tx.tx.CommitTo(level) }

// RollbackTo undoes everything since the given level was opened, and keeps it open.
func (tx *Tx) RollbackTo(level int) error { return tx.tx.RollbackTo(level) }

// Commit ends the transaction and makes its changes visible and, according to the
// safety level, durable. If it fails, nothing of the transaction took place, except that
// after a failed sync it is unknown whether a crash would bring it back. ctx counts only before
// anything is written; a commit that has begun is finished.
func (tx *Tx) Commit(ctx context.Context) error { return tx.tx.Commit(ctx) }

// Rollback ends the transaction and undoes all of it.
func (tx *Tx) Rollback() error { return tx.tx.Rollback() }

// Get appends the value of key to dst, seeing the transaction's own writes.
func (tx *Tx) Get(dst, key []byte) (value []byte, found bool, err error) { return tx.tx.Get(dst, key) }

// ValueLen returns the length of the value of key, which it does not load, and whether
// there is one, seeing the transaction's own writes.
func (tx *Tx) ValueLen(key []byte) (n int, found bool, err error) { return tx.tx.ValueLen(key) }

// GetShort returns the length of the value of key and whether there is one, and appends the value
// to dst if it has at most that many bytes, seeing the transaction's own writes.
func (tx *Tx) GetShort(dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	return tx.tx.GetShort(dst, key, most)
}

// Cursor opens a cursor on the state of this moment, the transaction's own writes
// included. It shows that state even after later writes, commits and rollbacks.
func (tx *Tx) Cursor() (*Cursor, error) {
	v, err := tx.tx.View()
	if err != nil {
		return nil, err
	}
	return newTxCursor(tx.db, v)
}

// Update runs f in a write transaction and commits it if f returns nil.
func (db *DB) Update(ctx context.Context, f func(*Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if !tx.tx.Done() { // f failed or panicked
			_ = tx.Rollback()
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	if tx.tx.Done() {
		return &Error{Code: CodeMisuse, Op: "update", Path: db.path, Detail: "the function ended the transaction itself"}
	}
	return tx.Commit(ctx)
}
