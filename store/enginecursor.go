// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"math"

	"github.com/lsmlite/lsmlite-go/engine"
)

var _ PartCursor = (*engineCursor)(nil)

// engineCursor is a cursor of the engine, which knows no ranges, kept within one.
type engineCursor struct {
	cur   *engine.Cursor
	r     Range
	left  int   // keys still to be visited
	in    bool  // it stands on a key of the range
	last  bool  // that key is the end of the range
	ahead bool  // the range goes on, ascending and with its values, to the last key there is
	err   error // of the context, or of a row's value
}

func newEngineCursor(cur *engine.Cursor, err error) (Cursor, error) {
	if err != nil {
		return nil, err
	}
	return &engineCursor{cur: cur}, nil
}

func (c *engineCursor) Seek(ctx context.Context, r *Range) bool {
	c.r, c.left, c.in, c.last = *r, math.MaxInt, false, false
	c.ahead = !r.HasHi && !r.Reverse && !r.KeysOnly
	if r.Limit > 0 {
		c.left = r.Limit
	}
	if c.err = ctx.Err(); c.err != nil {
		return false
	}
	c.left--
	switch {
	case r.IsPoint(): // no other key is looked for
		c.in, c.last = c.cur.Seek(r.Lo, engine.SeekEQ), true
	case r.Reverse:
		c.in = c.seekLast() && (!r.HasLo || c.beforeLo())
	default:
		c.in = c.seekFirst() && (!r.HasHi || c.beforeHi())
	}
	return c.in
}

// seekFirst moves to the first key at or after the lower end.
func (c *engineCursor) seekFirst() bool {
	if !c.r.HasLo {
		return c.cur.First()
	}
	if !c.cur.Seek(c.r.Lo, engine.SeekGE) {
		return false
	}
	if c.r.LoOpen && string(c.cur.Key()) == string(c.r.Lo) {
		return c.cur.Next()
	}
	return true
}

// seekLast moves to the last key at or before the upper end.
func (c *engineCursor) seekLast() bool {
	if !c.r.HasHi {
		return c.cur.Last()
	}
	if !c.cur.Seek(c.r.Hi, engine.SeekLE) {
		return false
	}
	if c.r.HiOpen && string(c.cur.Key()) == string(c.r.Hi) {
		return c.cur.Prev()
	}
	return true
}

// Next does not look beyond an end that it stands on: what comes then may be many deleted
// keys.
func (c *engineCursor) Next(context.Context) bool {
	if !c.in || c.left == 0 || c.last {
		c.in = false
		return false
	}
	c.left--
	if c.r.Reverse {
		c.in = c.cur.Prev() && (!c.r.HasLo || c.beforeLo())
	} else {
		c.in = c.cur.Next() && (!c.r.HasHi || c.beforeHi())
	}
	return c.in
}

// beforeLo reports whether the current key is not beyond the lower end, and notes whether it is
// that end. There is one comparison for both.
func (c *engineCursor) beforeLo() bool {
	d := bytes.Compare(c.cur.Key(), c.r.Lo)
	c.last = d == 0
	return d > 0 || d == 0 && !c.r.LoOpen
}

// beforeHi is beforeLo for the upper end.
func (c *engineCursor) beforeHi() bool {
	d := bytes.Compare(c.cur.Key(), c.r.Hi)
	c.last = d == 0
	return d < 0 || d == 0 && !c.r.HiOpen
}

func (c *engineCursor) Key() []byte {
	if !c.in {
		return nil
	}
	return c.cur.Key()
}

func (c *engineCursor) Value(context.Context) ([]byte, error) {
	if !c.in || c.r.KeysOnly {
		return nil, c.noValue()
	}
	return c.cur.Value()
}

// ValuePart implements PartCursor.
func (c *engineCursor) ValuePart(_ context.Context, dst []byte, from, n int) ([]byte, error) {
	if !c.in || c.r.KeysOnly {
		return dst, c.noValue()
	}
	return c.cur.ValuePart(dst, from, n)
}

// noValue says why there is no value.
func (c *engineCursor) noValue() error {
	detail := "the cursor was moved to keys only"
	if !c.in {
		detail = "the cursor stands on no key"
	}
	return &engine.Error{Code: engine.CodeMisuse, Op: "value", Detail: detail}
}

func (c *engineCursor) ValueLen() int {
	if !c.in {
		return 0
	}
	return c.cur.ValueLen()
}

func (c *engineCursor) Err() error {
	if c.err != nil {
		return c.err
	}
	return c.cur.Err()
}

func (c *engineCursor) Close() error {
	c.in = false
	return c.cur.Close()
}
