// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Snapshot is the database as it was at one moment. It never waits for a writer, nor a
// writer for it, but as long as it is open the space of what it shows is not reused. Its
// methods may be called from any goroutine. It must be closed.
type Snapshot struct {
	db  *DB
	pin pin // without a state once closed
}

// Snapshot pins the newest committed state.
func (db *DB) Snapshot(ctx context.Context) (*Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := db.fresh(ctx, "snapshot"); err != nil {
		return nil, err
	}
	p, err := db.pin(snapshot.ForHold, "snapshot")
	if err != nil {
		return nil, err
	}
	return &Snapshot{db: db, pin: p}, nil
}

// Close releases the snapshot. Closing it twice is not an error.
func (s *Snapshot) Close() error {
	if s.pin.state != nil {
		s.db.unpin(s.pin)
		s.pin = pin{}
	}
	return nil
}

func (s *Snapshot) usable(op string) error {
	if s.pin.state == nil {
		return &Error{Code: CodeMisuse, Op: op, Path: s.db.path, Detail: "the snapshot is closed"}
	}
	return nil
}

// Get appends the value of key to dst, which grows once, to the length that is needed.
func (s *Snapshot) Get(dst, key []byte) (value []byte, found bool, err error) {
	if err := s.usable("get"); err != nil {
		return dst, false, err
	}
	s.db.mayGiveWay()
	if value, found, err = cursor.Get(dst, key, &s.pin.state.Live, s.pin.state); err != nil {
		return s.db.getAround(dst, key, s.pin.state, err)
	}
	return value, found, nil
}

// ValueLen returns the length of the value of key, which it does not load, and whether
// there is one.
func (s *Snapshot) ValueLen(key []byte) (n int, found bool, err error) {
	if err := s.usable("get"); err != nil {
		return 0, false, err
	}
	s.db.mayGiveWay()
	if n, found, err = cursor.ValueLen(key, &s.pin.state.Live, s.pin.state); err != nil {
		return s.db.valueLenAround(key, s.pin.state, err)
	}
	return n, found, nil
}

// GetShort returns the length of the value of key and whether there is one, and appends the value
// to dst if it has at most that many bytes. It does not load a longer one.
func (s *Snapshot) GetShort(dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	if err := s.usable("get"); err != nil {
		return dst, 0, false, err
	}
	s.db.mayGiveWay()
	if value, n, found, err = cursor.GetShort(dst, key, most, &s.pin.state.Live, s.pin.state); err != nil {
		return s.db.getShortAround(dst, key, most, s.pin.state, err)
	}
	return value, n, found, nil
}

// Cursor opens a cursor on the snapshot. It may be used after the snapshot is closed.
func (s *Snapshot) Cursor() (*Cursor, error) {
	if err := s.usable("cursor"); err != nil {
		return nil, err
	}
	if err := s.db.repin(s.pin, "cursor"); err != nil {
		return nil, err
	}
	return newCursor(s.db, s.pin)
}

// Get appends the newest committed value of key to dst. It is Snapshot, Get and Close in
// one, without an allocation.
func (db *DB) Get(dst, key []byte) (value []byte, found bool, err error) {
	p, err := db.pinFresh("get")
	if err != nil {
		return dst, false, err
	}
	if value, found, err = cursor.Get(dst, key, &p.state.Live, p.state); err != nil {
		value, found, err = db.getAround(dst, key, p.state, err)
	}
	db.unpin(p)
	return value, found, err
}

// ValueLen returns the length of the newest committed value of key, which it does not load,
// and whether there is one.
func (db *DB) ValueLen(key []byte) (n int, found bool, err error) {
	p, err := db.pinFresh("get")
	if err != nil {
		return 0, false, err
	}
	if n, found, err = cursor.ValueLen(key, &p.state.Live, p.state); err != nil {
		n, found, err = db.valueLenAround(key, p.state, err)
	}
	db.unpin(p)
	return n, found, err
}

// GetShort returns the length of the newest committed value of key and whether there is one, and
// appends the value to dst if it has at most that many bytes. It does not load a longer one.
func (db *DB) GetShort(dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	p, err := db.pinFresh("get")
	if err != nil {
		return dst, 0, false, err
	}
	if value, n, found, err = cursor.GetShort(dst, key, most, &p.state.Live, p.state); err != nil {
		value, n, found, err = db.getShortAround(dst, key, most, p.state, err)
	}
	db.unpin(p)
	return value, n, found, err
}

// Cursor opens a cursor on the newest committed state. It is Snapshot, Cursor and Close in
// one.
func (db *DB) Cursor(ctx context.Context) (*Cursor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := db.fresh(ctx, "cursor"); err != nil {
		return nil, err
	}
	p, err := db.pin(snapshot.ForHold, "cursor")
	if err != nil {
		return nil, err
	}
	return newCursor(db, p)
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
