// SPDX-License-Identifier: Apache-2.0

package overlay

import (
	"bytes"
	"context"

	"github.com/lsmlite/lsmlite-go/engine/writeset"
	"github.com/lsmlite/lsmlite-go/store"
)

var _ store.Counter = (*cursor)(nil)

// cursor merges a view of what was written with a cursor of the snapshot. It visits the keys that either has
// and no newer delete hides:
//
//	written   put b      delete d          range e–h deleted     put k
//	snapshot       c     d        e  f  g  h                 j
//	cursor    b    c              e        h                 j   k
type cursor struct {
	it    writeset.Iter
	view  *writeset.View
	base  store.Cursor
	r     store.Range
	under store.Range // the one that base walks
	err   error

	// written says that it stands on a record, which may lie beyond the range: then it shows whether the gap
	// before it is deleted. stored says that base stands on a key.
	written, stored bool
	visited         int
	at              source
	closed          bool
}

// source says which of the two has the current key.
type source uint8

const (
	nowhere source = iota
	inSet
	inStore
)

func newCursor(view *writeset.View, base store.Cursor) *cursor {
	c := &cursor{view: view, base: base}
	c.it.Init(view)
	return c
}

// Seek implements store.Cursor.
func (c *cursor) Seek(ctx context.Context, r *store.Range) bool {
	c.r, c.at, c.visited, c.written, c.stored = *r, nowhere, 0, false, false
	if c.closed {
		return false
	}
	if c.err = ctx.Err(); c.err != nil {
		return false
	}
	if r.IsPoint() {
		return c.seekPoint(ctx)
	}
	c.written = c.firstWritten()
	c.under = c.r
	if c.view.MayDelete() {
		c.under.Limit = 0 // more keys may be needed, for those that are hidden
	}
	if !c.written || !c.hides() {
		c.stored = c.seekStore(ctx)
	} else {
		c.skipTo(ctx, true)
	}
	return c.settle(ctx)
}

// seekPoint looks for one key. If it was written nothing is read.
func (c *cursor) seekPoint(ctx context.Context) bool {
	switch _, fate := c.view.Get(c.r.Lo); fate {
	case writeset.Present:
		c.written = c.it.SeekGE(c.r.Lo)
		c.at = inSet
	case writeset.Unknown:
		c.under = c.r
		if c.stored = c.seekStore(ctx); c.stored {
			c.at = inStore
		}
	}
	return c.show()
}

// show counts the key that the cursor has come to, if any.
func (c *cursor) show() bool {
	if c.at == nowhere {
		return false
	}
	c.visited++
	return true
}

// seekStore moves base into the range under, and notes why it fails.
func (c *cursor) seekStore(ctx context.Context) bool {
	ok := c.base.Seek(ctx, &c.under)
	if !ok {
		c.err = c.base.Err()
	}
	return ok
}

// nextStored moves base on.
func (c *cursor) nextStored(ctx context.Context) {
	if c.stored = c.base.Next(ctx); !c.stored {
		c.err = c.base.Err()
	}
}

// firstWritten moves to the first record at or beyond the end of the range that the walk begins at.
func (c *cursor) firstWritten() bool {
	r := &c.r
	switch {
	case r.Reverse && !r.HasHi:
		return c.it.Last()
	case r.Reverse:
		ok := c.it.SeekLE(r.Hi)
		if ok && r.HiOpen && bytes.Equal(c.it.Key(), r.Hi) {
			ok = c.it.Prev()
		}
		return ok
	case !r.HasLo:
		return c.it.First()
	}
	ok := c.it.SeekGE(r.Lo)
	if ok && r.LoOpen && bytes.Equal(c.it.Key(), r.Lo) {
		ok = c.it.Next()
	}
	return ok
}

// hides reports whether the keys between the record and the one before it, in the direction of the walk, are
// deleted.
func (c *cursor) hides() bool {
	if c.r.Reverse {
		return c.it.DeletedAfter()
	}
	return c.it.DeletedBefore()
}

func (c *cursor) nextWritten() {
	if c.r.Reverse {
		c.written = c.it.Prev()
	} else {
		c.written = c.it.Next()
	}
}

// compare returns which of base and the record comes first in the walk: negative if it is base, also if there
// is no record within the range.
func (c *cursor) compare() int {
	switch {
	case !c.stored:
		return 1
	case !c.written:
		return -1
	case c.r.Reverse:
		return bytes.Compare(c.it.Key(), c.base.Key())
	}
	return bytes.Compare(c.base.Key(), c.it.Key())
}

const (
	// stepsPerSeek is how many hidden keys of the store are visited before the cursor looks for the end of
	// the deleted range: a search costs a round trip, and mostly the next keys are there already.
	stepsPerSeek = 64
	// stepsPerCheck is how many hidden keys are passed between two looks at the context.
	stepsPerCheck = 256
)

// settle moves to the first key to be shown, from where the two sources are.
func (c *cursor) settle(ctx context.Context) bool {
	c.at = nowhere
	for steps := 1; c.err == nil; steps++ {
		if steps%stepsPerCheck == 0 {
			if c.err = ctx.Err(); c.err != nil {
				break
			}
		}
		inRange := c.written && c.r.Contains(c.it.Key())
		if !inRange && !c.stored {
			return false
		}
		order := c.compare()
		if order < 0 {
			if !c.written || !c.hides() {
				c.at = inStore
				return c.show()
			}
			c.skipTo(ctx, false)
			continue
		}
		if !inRange { // base is at or beyond the record, and the record is beyond the range
			return false
		}
		switch c.it.Fate() {
		case writeset.Present:
			if order == 0 {
				c.nextStored(ctx) // which the record replaces
				if c.err != nil {
					return false
				}
			}
			c.at = inSet
			return c.show()
		case writeset.Deleted:
			if order == 0 {
				c.nextStored(ctx)
			}
		case writeset.Unknown:
			if order == 0 {
				c.nextWritten()
				c.at = inStore
				return c.show()
			}
		}
		c.nextWritten()
	}
	return false
}

// skipTo moves base over keys that are deleted, to the record that ends them: step by step at first, unless
// far is set, and then by a search.
func (c *cursor) skipTo(ctx context.Context, far bool) {
	if !c.r.Contains(c.it.Key()) { // the whole rest is deleted
		c.stored = false
		return
	}
	if !far {
		for range stepsPerSeek {
			if c.nextStored(ctx); !c.stored || c.compare() >= 0 {
				return
			}
		}
	}
	// What is sought is the record's key, whose bytes stay as they are as long as the view.
	if c.r.Reverse {
		c.under.Hi, c.under.HasHi, c.under.HiOpen = c.it.Key(), true, false
	} else {
		c.under.Lo, c.under.HasLo, c.under.LoOpen = c.it.Key(), true, false
	}
	c.stored = c.seekStore(ctx)
}

// Next implements store.Cursor.
func (c *cursor) Next(ctx context.Context) bool {
	if c.at == nowhere {
		return false
	}
	if c.last() {
		c.at = nowhere
		return false
	}
	if c.at == inSet {
		c.nextWritten()
	} else if c.nextStored(ctx); c.err != nil {
		c.at = nowhere
		return false
	}
	return c.settle(ctx)
}

// last reports whether the current key is the last one that can be in the range.
func (c *cursor) last() bool {
	r := &c.r
	switch {
	case r.Limit > 0 && c.visited >= r.Limit || r.IsPoint():
		return true
	case r.Reverse:
		return r.HasLo && !r.LoOpen && bytes.Equal(c.Key(), r.Lo)
	}
	return r.HasHi && !r.HiOpen && bytes.Equal(c.Key(), r.Hi)
}

// Key implements store.Cursor.
func (c *cursor) Key() []byte {
	switch c.at {
	case inSet:
		return c.it.Key()
	case inStore:
		return c.base.Key()
	}
	return nil
}

// Value implements store.Cursor.
func (c *cursor) Value(ctx context.Context) ([]byte, error) {
	switch {
	case c.at == nowhere:
		return nil, misuse("value", "the cursor stands on no key")
	case c.r.KeysOnly:
		return nil, misuse("value", "the cursor was moved to keys only")
	case c.at == inSet:
		return c.it.Value(), nil
	}
	return c.base.Value(ctx)
}

// ValueLen implements store.Cursor.
func (c *cursor) ValueLen() int {
	switch c.at {
	case inSet:
		return len(c.it.Value())
	case inStore:
		return c.base.ValueLen()
	}
	return 0
}

// Err implements store.Cursor.
func (c *cursor) Err() error { return c.err }

// Close implements store.Cursor.
func (c *cursor) Close() error {
	if c.closed {
		return misuse("close", "the cursor is closed already")
	}
	c.closed, c.at = true, nowhere
	c.it = writeset.Iter{}
	c.view.Release()
	return c.base.Close()
}

// Count implements store.Counter. Where nothing was written the store counts, if it can.
func (c *cursor) Count(ctx context.Context, r *store.Range) (n int64, err error) {
	base, ok := c.base.(store.Counter)
	if ok && c.view.Empty() && !c.closed {
		c.at, c.written, c.stored = nowhere, false, false
		return base.Count(ctx, r)
	}
	keys := *r
	keys.KeysOnly = true
	for ok := c.Seek(ctx, &keys); ok; ok = c.Next(ctx) {
		if n++; n%stepsPerCheck == 0 {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
		}
	}
	return n, c.err
}
