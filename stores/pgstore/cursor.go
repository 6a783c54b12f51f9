// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bytes"
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

var (
	_ store.PartCursor = (*cursor)(nil)
	_ store.RowCursor  = (*cursor)(nil)
	_ store.Counter    = (*cursor)(nil)
)

// cursor walks a range page by page. It keeps one page.
type cursor struct {
	s    *remote
	pin  *pin        // nil if ahead is all that it can show
	r    store.Range // what is left of the range when page ends
	left int         // rows that are left by the limit when page ends
	page *page
	i    int // the row of page that it stands on
	in   bool
	err  error
	shut bool   // it is closed
	long []byte // the value of the current row, if it was left out of the page and has been read

	// ahead is the first page of the range over, read when the cursor was opened; nil if there is none.
	ahead *page
	over  store.Range
	// size is how many rows the first page of a range is to have, 0 if that is not known.
	size int
}

// newCursor opens a cursor on what p shows. It holds a use of p.
func newCursor(s *remote, p *pin) *cursor {
	p.join()
	return &cursor{s: s, pin: p}
}

// firstSize is how many rows the first page of r has.
func firstSize(r *store.Range) int {
	switch {
	case r.IsPoint():
		return 1
	case r.Limit > 0:
		return min(r.Limit, limitedPage)
	}
	return firstPage
}

// Seek implements store.Cursor.
func (c *cursor) Seek(ctx context.Context, r *store.Range) bool {
	c.r, c.left, c.page, c.in, c.err, c.long = *r, math.MaxInt, nil, false, nil, nil
	if r.Limit > 0 {
		c.left = r.Limit
	}
	if c.err = c.usable(ctx, "read"); c.err != nil {
		return false
	}
	if c.ahead != nil && sameRange(r, &c.over) {
		return c.enter(c.ahead)
	}
	if c.pin == nil {
		c.err = c.s.errorf(errs.CodeMisuse, "read", "the cursor was opened for one range only")
		return false
	}
	return c.load(ctx, max(firstSize(r), c.size))
}

func (c *cursor) usable(ctx context.Context, op string) error {
	if c.shut {
		return c.s.errorf(errs.CodeMisuse, op, "the cursor is closed")
	}
	return ctx.Err()
}

// load reads the next page, of n rows, and moves to its first row.
func (c *cursor) load(ctx context.Context, n int) bool {
	n = min(n, c.left)
	var p *page
	r := c.r // a read that was left alone goes on after the cursor has another range
	r.Lo, r.Hi = kept(ctx, r.Lo), kept(ctx, r.Hi)
	c.in = false
	err := c.pin.read(ctx, "read", func(ctx context.Context, conn *pgx.Conn) error {
		read, err := c.s.fetch(ctx, conn, &r, n)
		if err == nil {
			p = read
		}
		return err
	})
	if err != nil {
		c.err, c.page = err, nil
		return false
	}
	if c.page != c.ahead {
		leavePage(c.page)
	}
	return c.enter(p)
}

// enter moves to the first row of a page that goes on where the one before ended.
func (c *cursor) enter(p *page) bool {
	c.page, c.i = p, 0
	if len(p.rows) == 0 {
		return false
	}
	c.left -= len(p.rows)
	point := c.r.IsPoint()
	c.after(bytes.Clone(p.key(len(p.rows) - 1)))
	if c.left == 0 || point {
		p.whole = true
	}
	c.in = true
	return true
}

// after takes what is not beyond key out of the range. It keeps key.
func (c *cursor) after(key []byte) {
	if c.r.Reverse {
		c.r.Hi, c.r.HasHi, c.r.HiOpen = key, true, true
	} else {
		c.r.Lo, c.r.HasLo, c.r.LoOpen = key, true, true
	}
}

// Next implements store.Cursor.
func (c *cursor) Next(ctx context.Context) bool {
	if !c.in {
		return false
	}
	c.long = nil
	if c.i+1 < len(c.page.rows) {
		c.i++
		return true
	}
	if c.page.whole {
		c.in = false
		return false
	}
	return c.load(ctx, c.page.next())
}

// NextRow implements store.RowCursor.
func (c *cursor) NextRow(ctx context.Context, row *store.Row) bool {
	if !c.Next(ctx) {
		return false
	}
	value, err := c.Value(ctx)
	if err != nil {
		c.err, c.in = err, false
		return false
	}
	row.Key, row.Value = c.page.key(c.i), value
	return true
}

// Key implements store.Cursor.
func (c *cursor) Key() []byte {
	if !c.in {
		return nil
	}
	return c.page.key(c.i)
}

// ValueLen implements store.Cursor.
func (c *cursor) ValueLen() int {
	if !c.in {
		return 0
	}
	return c.page.rows[c.i].valueLen
}

// Value implements store.Cursor.
func (c *cursor) Value(ctx context.Context) ([]byte, error) {
	value, found, err := c.known()
	if err != nil || found {
		return value, err
	}
	var read []byte
	key := kept(ctx, c.page.key(c.i)) // the page may be used again before the read is over
	err = c.pin.read(ctx, "read", func(ctx context.Context, conn *pgx.Conn) error {
		v, _, err := c.s.lookup(ctx, conn, key)
		if err == nil {
			read = v
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.long = full(read)
	return c.long, nil
}

// ValuePart implements store.PartCursor.
func (c *cursor) ValuePart(ctx context.Context, dst []byte, from, n int) ([]byte, error) {
	value, found, err := c.known()
	if err != nil {
		return dst, err
	}
	first := min(from, c.ValueLen())
	n = min(n, c.ValueLen()-first)
	if found {
		return append(dst, value[first:first+n]...), nil
	}
	if n == 0 {
		return dst, nil
	}
	var read []byte
	key := kept(ctx, c.page.key(c.i)) // the page may be used again before the read is over
	err = c.pin.read(ctx, "read", func(ctx context.Context, conn *pgx.Conn) error {
		part, err := c.s.lookupPart(ctx, conn, key, first, n)
		if err == nil {
			read = part
		}
		return err
	})
	if err != nil {
		return dst, err // the read may go on, and read is its own
	}
	return append(dst, read...), nil
}

// known is the current value, if it is in memory.
func (c *cursor) known() (value []byte, found bool, err error) {
	switch {
	case !c.in:
		return nil, false, c.s.errorf(errs.CodeMisuse, "value", "the cursor stands on no key")
	case c.r.KeysOnly:
		return nil, false, c.s.errorf(errs.CodeMisuse, "value", "the cursor was moved to keys only")
	case c.long != nil:
		return c.long, true, nil
	}
	value, found = c.page.value(c.i)
	return value, found, nil
}

// Count implements store.Counter.
func (c *cursor) Count(ctx context.Context, r *store.Range) (int64, error) {
	c.in, c.page, c.long, c.err = false, nil, nil, nil
	if err := c.usable(ctx, "count"); err != nil {
		return 0, err
	}
	if c.pin == nil {
		return 0, c.s.errorf(errs.CodeMisuse, "count", "the cursor was opened for one range only")
	}
	k := *r // a read that was left alone goes on after the caller has its bytes again
	k.Lo, k.Hi = kept(ctx, r.Lo), kept(ctx, r.Hi)
	var n int64
	err := c.pin.read(ctx, "count", func(ctx context.Context, conn *pgx.Conn) error {
		counted, err := c.s.countRows(ctx, conn, &k)
		if err == nil {
			n = counted
		}
		return err
	})
	if err != nil {
		return 0, err // the read may go on, and n is its own
	}
	return n, nil
}

// Err implements store.Cursor.
func (c *cursor) Err() error { return c.err }

// Close implements store.Cursor.
func (c *cursor) Close() error {
	if c.shut {
		return c.s.errorf(errs.CodeMisuse, "close", "the cursor is closed already")
	}
	c.shut = true
	if leavePage(c.page); c.ahead != c.page {
		leavePage(c.ahead)
	}
	c.in, c.page, c.long, c.ahead = false, nil, nil, nil
	if c.pin == nil {
		c.s.exit()
		return nil
	}
	return c.pin.part()
}
