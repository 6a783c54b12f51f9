// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"math"

	"github.com/lsmlite/lsmlite-go/engine"
)

var _ Cursor = (*engineCursor)(nil)

// engineCursor is a cursor of the engine, which knows no ranges, kept within one.
type engineCursor struct {
	cur  *engine.Cursor
	r    Range
	left int   // keys still to be visited
	in   bool  // it stands on a key of the range
	err  error // of the context
}

func newEngineCursor(cur *engine.Cursor, err error) (Cursor, error) {
	if err != nil {
		return nil, err
	}
	return &engineCursor{cur: cur}, nil
}

func (c *engineCursor) Seek(ctx context.Context, r *Range) bool {
	c.r, c.left, c.in = *r, math.MaxInt, false
	if r.Limit > 0 {
		c.left = r.Limit
	}
	if c.err = ctx.Err(); c.err != nil {
		return false
	}
	c.left--
	switch {
	case r.IsPoint(): // no other key is looked for
		c.in = c.cur.Seek(r.Lo, engine.SeekEQ)
	case r.Reverse:
		c.in = c.seekLast() && c.r.reached(c.cur.Key())
	default:
		c.in = c.seekFirst() && c.r.withinHi(c.cur.Key())
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
	if !c.in || c.left == 0 {
		c.in = false
		return false
	}
	c.left--
	if c.r.Reverse {
		c.in = !c.atLo() && c.cur.Prev() && (!c.r.HasLo || c.r.reached(c.cur.Key()))
	} else {
		c.in = !c.atHi() && c.cur.Next() && (!c.r.HasHi || c.r.withinHi(c.cur.Key()))
	}
	return c.in
}

// atLo reports whether the cursor stands on the lower end.
func (c *engineCursor) atLo() bool {
	return c.r.HasLo && !c.r.LoOpen && string(c.cur.Key()) == string(c.r.Lo)
}

// atHi reports whether the cursor stands on the upper end.
func (c *engineCursor) atHi() bool {
	return c.r.HasHi && !c.r.HiOpen && string(c.cur.Key()) == string(c.r.Hi)
}

func (c *engineCursor) Key() []byte {
	if !c.in {
		return nil
	}
	return c.cur.Key()
}

func (c *engineCursor) Value(context.Context) ([]byte, error) {
	switch {
	case !c.in:
		return nil, &engine.Error{Code: engine.CodeMisuse, Op: "value", Detail: "the cursor stands on no key"}
	case c.r.KeysOnly:
		return nil, &engine.Error{Code: engine.CodeMisuse, Op: "value", Detail: "the cursor was moved to keys only"}
	}
	return c.cur.Value()
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
