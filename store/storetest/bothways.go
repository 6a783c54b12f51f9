// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
)

var (
	_ enginetest.Store    = bothWays{}
	_ enginetest.Upgrader = bothWays{}
	_ enginetest.Bounded  = bothWays{}
)

// BothWays shows a store as an enginetest.Store: every step of a cursor is a range of its own, so
// that it can change direction. What is closed may be closed again there. If s is the engine, the
// result is an enginetest.Maintained as well.
func BothWays(s store.Store) enginetest.Store {
	if e, ok := s.(store.Engine); ok {
		return bothWaysEngine{bothWays{s}, enginetest.Engine(e.DB).(enginetest.Maintained)}
	}
	return bothWays{s}
}

type bothWaysEngine struct {
	bothWays
	enginetest.Maintained
}

type bothWays struct{ s store.Store }

func (b bothWays) Begin(ctx context.Context) (enginetest.Tx, error) {
	return turnTx(b.s.Begin(ctx, nil))
}

func (b bothWays) BeginFrom(ctx context.Context, from enginetest.Snapshot) (enginetest.Tx, error) {
	return turnTx(b.s.Begin(ctx, from.(*turnSnapshot).Snapshot))
}

func (b bothWays) Snapshot(ctx context.Context) (enginetest.Snapshot, error) {
	s, err := b.s.Snapshot(ctx, true)
	if err != nil {
		return nil, err
	}
	return &turnSnapshot{Snapshot: s}, nil
}

func (b bothWays) Get(dst, key []byte) ([]byte, bool, error) {
	return b.s.Get(context.Background(), dst, key)
}
func (b bothWays) Close() error { return b.s.Close() }

// Bounds implements enginetest.Bounded.
func (b bothWays) Bounds() enginetest.Bounds {
	caps := b.s.Caps()
	return enginetest.Bounds{MaxKey: caps.MaxKey, ManyWriters: !caps.SingleWriter, ReadsEndWithTx: caps.ReadsEndWithTx}
}

type turnSnapshot struct {
	store.Snapshot
	closed bool
}

func (s *turnSnapshot) Get(dst, key []byte) ([]byte, bool, error) {
	return s.Snapshot.Get(context.Background(), dst, key)
}

func (s *turnSnapshot) Cursor() (enginetest.Cursor, error) {
	return turnCursor(s.Snapshot.Cursor(context.Background()))
}

func (s *turnSnapshot) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.Snapshot.Close()
}

type turningTx struct{ store.Tx }

func turnTx(tx store.Tx, err error) (enginetest.Tx, error) {
	if err != nil {
		return nil, err
	}
	return turningTx{tx}, nil
}

func (t turningTx) Put(key, value []byte) error { return t.Tx.Put(context.Background(), key, value) }
func (t turningTx) Delete(key []byte) error     { return t.Tx.Delete(context.Background(), key) }
func (t turningTx) Rollback() error             { return t.Tx.Rollback(context.Background()) }

func (t turningTx) DeleteRange(after, before []byte) error {
	return t.Tx.DeleteRange(context.Background(), after, before)
}

func (t turningTx) Get(dst, key []byte) ([]byte, bool, error) {
	return t.Tx.Get(context.Background(), dst, key)
}

func (t turningTx) Cursor() (enginetest.Cursor, error) {
	return turnCursor(t.Tx.Cursor(context.Background()))
}

// turningCursor walks by the ends of ranges: the neighbour of a key is the first one beyond
// it.
type turningCursor struct {
	c      store.Cursor
	valid  bool
	closed bool
	at     []byte // the current key
}

func turnCursor(c store.Cursor, err error) (enginetest.Cursor, error) {
	if err != nil {
		return nil, err
	}
	return &turningCursor{c: c}, nil
}

func (t *turningCursor) seek(r store.Range) bool {
	if t.closed {
		return false
	}
	t.valid = t.c.Seek(context.Background(), &r)
	t.at = append([]byte(nil), t.c.Key()...)
	return t.valid
}

func (t *turningCursor) First() bool { return t.seek(store.Range{}) }
func (t *turningCursor) Last() bool  { return t.seek(store.Range{Reverse: true}) }

func (t *turningCursor) Seek(key []byte, mode engine.SeekMode) bool {
	switch mode {
	case engine.SeekLE:
		return t.seek(store.Range{Hi: key, HasHi: true, Reverse: true})
	case engine.SeekEQ:
		return t.seek(store.Range{Lo: key, HasLo: true, Hi: key, HasHi: true})
	}
	return t.seek(store.Range{Lo: key, HasLo: true})
}

func (t *turningCursor) Next() bool {
	return t.valid && t.seek(store.Range{Lo: t.at, HasLo: true, LoOpen: true})
}

func (t *turningCursor) Prev() bool {
	return t.valid && t.seek(store.Range{Hi: t.at, HasHi: true, HiOpen: true, Reverse: true})
}

func (t *turningCursor) Valid() bool { return t.valid }
func (t *turningCursor) Key() []byte { return t.c.Key() }
func (t *turningCursor) Err() error  { return t.c.Err() }

func (t *turningCursor) Value() ([]byte, error) { return t.c.Value(context.Background()) }

func (t *turningCursor) Close() error {
	if t.closed {
		return nil
	}
	t.closed, t.valid = true, false
	return t.c.Close()
}
