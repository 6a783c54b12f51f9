// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/writer"
)

// Snapshot is the database as it was at one moment. It never waits for a writer, nor a
// writer for it, but as long as it is open the space of what it shows is not reused. Its
// methods may be called from any goroutine. It must be closed.
type Snapshot struct {
	db    *DB
	state *snapshot.State // pinned; nil once closed
}

// Snapshot pins the newest committed state.
func (db *DB) Snapshot(ctx context.Context) (*Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := db.enter("snapshot"); err != nil {
		return nil, err
	}
	return &Snapshot{db: db, state: db.ledger.Acquire()}, nil
}

// Close releases the snapshot. Closing it twice is not an error.
func (s *Snapshot) Close() error {
	if s.state != nil {
		s.db.ledger.Release(s.state)
		s.state = nil
		s.db.leave()
	}
	return nil
}

func (s *Snapshot) usable(op string) error {
	if s.state == nil {
		return &Error{Code: CodeMisuse, Op: op, Path: s.db.path, Detail: "the snapshot is closed"}
	}
	return nil
}

// Get appends the value of key to dst, which grows once, to the length that is needed.
func (s *Snapshot) Get(dst, key []byte) (value []byte, found bool, err error) {
	if err := s.usable("get"); err != nil {
		return dst, false, err
	}
	return cursor.Get(dst, key, s.state.Live, s.state)
}

// ValueLen returns the length of the value of key, which it does not load, and whether
// there is one.
func (s *Snapshot) ValueLen(key []byte) (n int, found bool, err error) {
	if err := s.usable("get"); err != nil {
		return 0, false, err
	}
	return cursor.ValueLen(key, s.state.Live, s.state)
}

// Cursor opens a cursor on the snapshot. It may be used after the snapshot is closed.
func (s *Snapshot) Cursor() (*Cursor, error) {
	if err := s.usable("cursor"); err != nil {
		return nil, err
	}
	return newCursor(s.db, writer.View{Live: s.state.Live, State: s.state})
}

// Get appends the newest committed value of key to dst. It is Snapshot, Get and Close in
// one, without an allocation.
func (db *DB) Get(dst, key []byte) (value []byte, found bool, err error) {
	if err := db.enter("get"); err != nil {
		return dst, false, err
	}
	st := db.ledger.Acquire()
	value, found, err = cursor.Get(dst, key, st.Live, st)
	db.ledger.Release(st)
	db.leave()
	return value, found, err
}

// ValueLen returns the length of the newest committed value of key, which it does not load,
// and whether there is one.
func (db *DB) ValueLen(key []byte) (n int, found bool, err error) {
	if err := db.enter("get"); err != nil {
		return 0, false, err
	}
	st := db.ledger.Acquire()
	n, found, err = cursor.ValueLen(key, st.Live, st)
	db.ledger.Release(st)
	db.leave()
	return n, found, err
}

// Cursor opens a cursor on the newest committed state. It is Snapshot, Cursor and Close in
// one.
func (db *DB) Cursor(ctx context.Context) (*Cursor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := db.enter("cursor"); err != nil {
		return nil, err
	}
	st := db.ledger.Acquire()
	c, err := newCursor(db, writer.View{Live: st.Live, State: st})
	db.ledger.Release(st)
	db.leave()
	return c, err
}

// View runs f on a snapshot of the newest committed state.
func (db *DB) View(ctx context.Context, f func(*Snapshot) error) error {
	s, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return f(s)
}
