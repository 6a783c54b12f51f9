// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bytes"
	"context"
	"math"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

var (
	_ store.PartCursor = (*stream)(nil)
	_ store.RowCursor  = (*stream)(nil)
)

// stream is a cursor for one walk over one range, on a connection that nobody else uses. It shows each row where it was
// received, without a copy, so the server works on rows while the caller does. A page of it is a statement that runs
// until its last row is read. It leaves no value out: its memory is that of the longest one.
type stream struct {
	s    *remote
	pin  *pin // the transaction of the server; nil if the only page is a statement in none
	flow flow

	over  store.Range // the range that it was opened for
	r     store.Range // what is left of it after the page
	left  int         // rows that are left by the limit after the page
	begun bool        // Seek was called
	in    bool        // it stands on the current row of flow
	shut  bool
	err   error
}

// streams reports whether a stream is the way to read r. Where values are long a page leaves them out, which a stream
// cannot. At the level serializable the server has to know everything that was read, and it may say so with the last
// byte of a statement: a stream that is closed early would have to receive all of it, however long that is.
func (s *remote) streams(r *store.Range) bool {
	return !s.o.serializable && (r.KeysOnly || s.sizes.short())
}

// openStream opens a stream over r and receives its first row, so that what it shows is settled. size is how many rows
// the first page is to have, 0 if that is not known.
func (s *remote) openStream(ctx context.Context, r *store.Range, size int) (store.Cursor, error) {
	c := &stream{s: s, over: *r, left: math.MaxInt, flow: flow{sizes: s.sizes, restTime: s.restTime}}
	c.over.Lo, c.over.Hi = bytes.Clone(r.Lo), bytes.Clone(r.Hi)
	c.r = c.over
	if r.Limit > 0 {
		c.left = r.Limit
	}
	var err error
	if size = max(firstSize(r), size); c.left <= size {
		err = c.openSingle(ctx)
	} else {
		err = c.openPinned(ctx, size)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// openSingle begins the only page: one statement, in no transaction. If the connection turns out to be lost, the
// statement is sent again.
func (c *stream) openSingle(ctx context.Context) error {
	if err := c.s.enter(ctx, "read"); err != nil {
		return err
	}
	err := c.sendSingle(ctx)
	if err != nil {
		c.s.exit()
	}
	return err
}

func (c *stream) sendSingle(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		conn, err := c.s.acquire(ctx, "read")
		if err != nil {
			return err
		}
		c.flow.conn = conn
		if err = c.load(ctx, c.left); err == nil {
			return nil
		}
		lost := isLost(conn.Conn(), err)
		c.flow.end()
		c.s.release(conn)
		if !lost || attempt > 0 || ctx.Err() != nil {
			return c.s.failed(ctx, "read", err, false)
		}
		c.s.pool.Reset()
	}
}

// openPinned begins a transaction, which shows one state to several pages.
func (c *stream) openPinned(ctx context.Context, size int) error {
	snap, err := c.s.snapshot(ctx, false)
	if err != nil {
		return err
	}
	c.pin = snap.of.pin // and the snapshot's use of it
	c.flow.conn = c.pin.conn
	if err := c.load(ctx, size); err != nil {
		err = c.s.failed(ctx, "read", err, true)
		c.flow.end()
		_ = c.pin.part() // what was to be read is lost
		return err
	}
	return nil
}

// load sends the statement for the next page, of n rows, and receives the first of them.
func (c *stream) load(ctx context.Context, n int) error {
	n = min(n, c.left)
	return c.flow.begin(ctx, c.s.sql.flows[kindOf(&c.r).index()], append(ends(&c.r), n), n, c.r.KeysOnly)
}

// Seek implements store.Cursor.
func (c *stream) Seek(ctx context.Context, r *store.Range) bool {
	c.in = false
	if c.err = c.usable(ctx, "read"); c.err != nil {
		return false
	}
	if c.begun || !sameRange(r, &c.over) {
		c.err = c.s.errorf(errs.CodeMisuse, "read", "the cursor was opened for one walk over one range")
		return false
	}
	c.begun = true
	c.in = c.flow.has
	return c.in
}

func (c *stream) usable(ctx context.Context, op string) error {
	if c.shut {
		return c.s.errorf(errs.CodeMisuse, op, "the cursor is closed")
	}
	return ctx.Err()
}

// Next implements store.Cursor.
func (c *stream) Next(ctx context.Context) bool {
	c.in = c.in && (c.flow.next() || c.nextPage(ctx))
	return c.in
}

// nextPage goes on after the last row of a page.
func (c *stream) nextPage(ctx context.Context) bool {
	f := &c.flow
	if c.err = f.err(); c.err != nil {
		c.err = c.s.failed(ctx, "read", c.err, true)
		return false
	}
	c.left -= f.got
	if f.got < f.n || c.left == 0 {
		return false
	}
	if c.r.Reverse {
		c.r.Hi, c.r.HasHi, c.r.HiOpen = f.last, true, true
	} else {
		c.r.Lo, c.r.HasLo, c.r.LoOpen = f.last, true, true
	}
	if err := c.load(ctx, pageAfter(f.bytes, f.got)); err != nil {
		c.err = c.s.failed(ctx, "read", err, true)
		return false
	}
	return f.has
}

// NextRow implements store.RowCursor.
func (c *stream) NextRow(ctx context.Context, row *store.Row) bool {
	if !c.Next(ctx) {
		return false
	}
	if row.Key, row.Value = c.flow.key, c.flow.value; c.r.KeysOnly {
		_, c.err = c.Value(ctx)
		c.in = false
	}
	return c.in
}

// Key implements store.Cursor.
func (c *stream) Key() []byte {
	if !c.in {
		return nil
	}
	return c.flow.key
}

// ValueLen implements store.Cursor.
func (c *stream) ValueLen() int {
	if !c.in {
		return 0
	}
	return c.flow.valueLen
}

// Value implements store.Cursor.
func (c *stream) Value(context.Context) ([]byte, error) {
	switch {
	case !c.in:
		return nil, c.s.errorf(errs.CodeMisuse, "value", "the cursor stands on no key")
	case c.r.KeysOnly:
		return nil, c.s.errorf(errs.CodeMisuse, "value", "the cursor was moved to keys only")
	}
	return c.flow.value, nil
}

// ValuePart implements store.PartCursor.
func (c *stream) ValuePart(ctx context.Context, dst []byte, from, n int) ([]byte, error) {
	value, err := c.Value(ctx)
	if err != nil {
		return dst, err
	}
	first := min(from, len(value))
	return append(dst, value[first:first+min(n, len(value)-first)]...), nil
}

// Err implements store.Cursor.
func (c *stream) Err() error { return c.err }

// Close implements store.Cursor.
func (c *stream) Close() error {
	if c.shut {
		return c.s.errorf(errs.CodeMisuse, "close", "the cursor is closed already")
	}
	c.shut, c.in = true, false
	c.flow.end() // what is wrong with rows that nobody has seen does not matter: see streams
	if c.pin == nil {
		c.s.release(c.flow.conn)
		c.s.exit()
		return nil
	}
	return c.pin.part()
}
