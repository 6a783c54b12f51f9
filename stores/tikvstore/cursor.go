// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"bytes"
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/store"
)

var _ store.Counter = (*cursor)(nil)

// cursor walks over the rows of a timestamp, page by page.
type cursor struct {
	d    *db
	ts   uint64
	r    store.Range
	page page
	at   int // the current row in the page; it stands on none if in is not set
	in   bool
	more bool // there may be rows after the page
	left int  // how many rows may still be visited, after the page; negative for all
	size int  // rows of the next page
	err  error

	lengths map[int]int // of values in a page of keys only, as far as they are known
	closed  bool
}

// Seek implements store.Cursor.
func (c *cursor) Seek(ctx context.Context, r *store.Range) bool {
	c.r, c.in, c.more, c.page, c.left, c.size = *r, false, true, page{}, -1, firstPage
	if c.closed {
		return false
	}
	if c.err = ctx.Err(); c.err != nil {
		return false
	}
	if r.Limit > 0 {
		c.left = r.Limit
	}
	if r.IsPoint() {
		return c.seekPoint(ctx)
	}
	c.page.span = c.d.k.span(r)
	return c.turn(ctx)
}

// seekPoint looks one key up.
func (c *cursor) seekPoint(ctx context.Context) bool {
	value, found, err := reading{c.d, c.ts}.Get(ctx, nil, c.r.Lo)
	c.err, c.more = err, false
	if err != nil || !found {
		return false
	}
	c.page.rows, c.at, c.in = []row{{bytes.Clone(c.r.Lo), value}}, 0, true
	if c.page.rows[0].key == nil {
		c.page.rows[0].key = []byte{}
	}
	c.lengths = map[int]int{0: len(value)}
	return true
}

// turn reads the next page and stands on its first row.
func (c *cursor) turn(ctx context.Context) bool {
	c.in, c.at, c.lengths = false, 0, nil
	if !c.more || c.left == 0 {
		return false
	}
	n := c.size
	if c.left > 0 {
		n = min(n, c.left)
	}
	next, err := do(c.d, ctx, func() (page, error) { return c.d.read(c.ts, c.page.span, n, c.r.KeysOnly) })
	if err != nil {
		c.err = c.d.errorOf("read", err)
		return false
	}
	c.page, c.more = next, next.more
	if c.left > 0 {
		c.left -= len(next.rows)
	}
	c.size = next.following(c.r.KeysOnly)
	c.in = len(next.rows) > 0
	return c.in
}

// Next implements store.Cursor.
func (c *cursor) Next(ctx context.Context) bool {
	if !c.in {
		return false
	}
	if c.at++; c.at < len(c.page.rows) {
		return true
	}
	return c.turn(ctx)
}

// Key implements store.Cursor.
func (c *cursor) Key() []byte {
	if !c.in {
		return nil
	}
	return c.page.rows[c.at].key
}

// Value implements store.Cursor.
func (c *cursor) Value(context.Context) ([]byte, error) {
	switch {
	case !c.in:
		return nil, c.d.misuse("value", "the cursor stands on no key")
	case c.r.KeysOnly:
		return nil, c.d.misuse("value", "the cursor was moved to keys only")
	}
	return c.page.rows[c.at].value, nil
}

// lengthLimit is how long it may take to look up the length of a value, for which there is no context.
const lengthLimit = 30 * time.Second

// ValueLen implements store.Cursor. Where only keys were read it has to look the value up. If that fails the next
// move does.
func (c *cursor) ValueLen() int {
	if !c.in {
		return 0
	}
	if !c.r.KeysOnly {
		return len(c.page.rows[c.at].value)
	}
	n, known := c.lengths[c.at]
	if !known {
		ctx, cancel := context.WithTimeout(context.Background(), lengthLimit)
		defer cancel()
		length, _, err := reading{c.d, c.ts}.ValueLen(ctx, c.Key())
		if err != nil {
			c.err, c.more, c.page.rows = err, false, c.page.rows[:c.at+1]
		}
		if c.lengths == nil {
			c.lengths = map[int]int{}
		}
		n = length
		c.lengths[c.at] = n
	}
	return n
}

// Err implements store.Cursor.
func (c *cursor) Err() error { return c.err }

// Close implements store.Cursor.
func (c *cursor) Close() error {
	if c.closed {
		return c.d.misuse("close", "the cursor is closed already")
	}
	c.closed, c.in, c.page = true, false, page{}
	c.d.unuse()
	return nil
}

// Count implements store.Counter: it reads keys, in the largest pages.
func (c *cursor) Count(ctx context.Context, r *store.Range) (n int64, err error) {
	keys := *r
	keys.KeysOnly = true
	for ok := c.Seek(ctx, &keys); ok; ok = c.turn(ctx) {
		n += int64(len(c.page.rows))
	}
	c.in = false
	return n, c.err
}
