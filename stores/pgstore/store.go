// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

var (
	_ store.ShortReader  = (*remote)(nil)
	_ store.RangeCounter = (*remote)(nil)
	_ store.Pinger       = (*remote)(nil)
)

// remote is an open store without transactions: those are made of it by package overlay.
type remote struct {
	*writing

	mu     sync.Mutex
	open   int // snapshots, transactions and cursors
	closed bool
}

// Caps implements store.Store.
func (s *remote) Caps() store.Caps {
	return store.Caps{
		MaxKey: MaxKey, MaxValue: MaxValue, MaxTx: MaxTx,
		SingleWriter: !s.o.many, CommitConflicts: s.o.many, WriteSkew: s.o.many && !s.o.serializable, RangeDeleteLinear: true,
	}
}

// Ping implements store.Pinger.
func (s *remote) Ping(ctx context.Context) error {
	if err := s.enter(ctx, "ping"); err != nil {
		return err
	}
	defer s.exit()
	return s.once(ctx, "ping", func(c *pgx.Conn) error { return c.Ping(ctx) })
}

// Get implements store.Reader.
func (s *remote) Get(ctx context.Context, dst, key []byte) (value []byte, found bool, err error) {
	err = s.single(ctx, "get", func(c *pgx.Conn) (err error) {
		value, found, err = s.lookup(ctx, c, key)
		return err
	})
	return append(dst, value...), found, err
}

// ValueLen implements store.Reader.
func (s *remote) ValueLen(ctx context.Context, key []byte) (n int, found bool, err error) {
	err = s.single(ctx, "length", func(c *pgx.Conn) (err error) {
		n, found, err = s.lookupLen(ctx, c, key)
		return err
	})
	return n, found, err
}

// GetShort implements store.ShortReader.
func (s *remote) GetShort(ctx context.Context, dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	err = s.single(ctx, "get", func(c *pgx.Conn) (err error) {
		value, n, found, err = s.lookupShort(ctx, c, key, most)
		return err
	})
	return append(dst, value...), n, found, err
}

// CountRange implements store.RangeCounter.
func (s *remote) CountRange(ctx context.Context, r *store.Range) (n int64, err error) {
	err = s.single(ctx, "count", func(c *pgx.Conn) (err error) {
		n, err = s.countRows(ctx, c, r)
		return err
	})
	return n, err
}

// single runs one statement that reads, on any connection, in a transaction of its own.
func (s *remote) single(ctx context.Context, op string, f func(c *pgx.Conn) error) error {
	if err := s.enter(ctx, op); err != nil {
		return err
	}
	defer s.exit()
	return s.once(ctx, op, f)
}

// Cursor implements store.Reader: a cursor on a snapshot of its own.
func (s *remote) Cursor(ctx context.Context) (store.Cursor, error) {
	c, err := s.cursor(ctx)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (s *remote) cursor(ctx context.Context) (*cursor, error) {
	snap, err := s.snapshot(ctx, false)
	if err != nil {
		return nil, err
	}
	c := newCursor(s, snap.of.pin)
	return c, snap.Close()
}

// snapshot pins the newest committed state.
func (s *remote) snapshot(ctx context.Context, mayWrite bool) (*snapshot, error) {
	if err := s.enter(ctx, "snapshot"); err != nil {
		return nil, err
	}
	mayWrite = mayWrite && !s.o.readOnly // a standby refuses it
	c, _, err := s.conns.begin(ctx, "snapshot", s.state(mayWrite))
	if err != nil {
		s.exit()
		return nil, err
	}
	p := newPin(s.conns, c, s.count)
	p.readers = 1
	return &snapshot{of: reading{s, p}, mayWrite: mayWrite}, nil
}

// enter counts something that keeps the store open.
func (s *remote) enter(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.errorf(errs.CodeMisuse, op, "the store is closed")
	}
	s.open++
	return nil
}

func (s *remote) exit() { s.count(-1) }

// count adds to the number of what keeps the store open.
func (s *remote) count(n int) {
	s.mu.Lock()
	s.open += n
	s.mu.Unlock()
}

// Close implements store.Store. It waits for reads that their callers have left, which end soon.
func (s *remote) Close() error {
	s.mu.Lock()
	if open := s.open; open > 0 {
		s.mu.Unlock()
		return s.errorf(errs.CodeBusy, "close", "cursors, snapshots, transactions and calls that are not over: %d", open)
	}
	s.closed = true
	s.mu.Unlock()
	s.pool.Close()
	return nil
}
