// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"math"

	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// walk is a cursor's way through the intervals of a statement, in one direction. A walk is
// a parser.ValueLoader for the current row.
type walk struct {
	ctx    context.Context
	cursor store.Cursor    // nil if the walk is not open
	rows   store.RowCursor // the same, if it can return rows and values are needed
	r      store.Range

	interval int // index in the bounds
	desc     bool
	keysOnly bool
	inside   bool  // the cursor has been moved into that interval
	left     int64 // keys still to visit at most, negative for all
	steps    uint
}

// open opens the cursor.
func (w *walk) open(ctx context.Context, from store.Reader) (err error) {
	w.ctx = ctx
	w.cursor, err = from.Cursor(ctx)
	return err
}

// openOver is open and begin for a walk that visits nothing else, so that a store may read ahead.
func (w *walk) openOver(ctx context.Context, from store.Reader, b *parser.Bounds, by way) error {
	opener, ok := from.(store.CursorOpener)
	if !ok || b.Len() == 0 || by.limit == 0 {
		if err := w.open(ctx, from); err != nil {
			return err
		}
		w.begin(b, by)
		return nil
	}
	w.begin(b, by)
	w.setRange(b.At(w.interval))
	cursor, err := opener.CursorOver(ctx, &w.r, b.Len() == 1)
	if err != nil {
		return err
	}
	w.ctx, w.cursor = ctx, cursor
	w.begin(b, by)
	return nil
}

// close closes the cursor, if it is open.
func (w *walk) close() error {
	cursor := w.cursor
	if cursor == nil {
		return nil
	}
	w.ctx, w.cursor, w.rows, w.r = nil, nil, nil, store.Range{}
	return cursor.Close()
}

// way is how a walk goes through its intervals.
type way struct {
	desc     bool  // from the greatest key to the least
	keysOnly bool  // no value is needed
	limit    int64 // how many keys are visited at most, negative for all
}

// begin puts the walk before its first key.
func (w *walk) begin(b *parser.Bounds, by way) {
	w.desc, w.keysOnly, w.left, w.inside = by.desc, by.keysOnly, by.limit, false
	if w.interval = 0; by.desc {
		w.interval = b.Len() - 1
	}
	if w.rows = nil; !by.keysOnly {
		w.rows, _ = w.cursor.(store.RowCursor)
	}
}

// next moves to the next key in the intervals and reports whether there is one. Now and
// then it looks at the context.
func (w *walk) next(b *parser.Bounds) (bool, error) {
	if err := done(w.ctx, &w.steps); err != nil {
		return false, err
	}
	if w.inside && w.left != 0 {
		if w.cursor.Next(w.ctx) {
			if w.left > 0 {
				w.left--
			}
			return true, nil
		}
		if err := w.over(); err != nil {
			return false, err
		}
	}
	return w.enterAny(b)
}

// nextRow is next, and sets row to the key and, unless the walk is of keys only, the value that it
// comes to. Neither is nil.
func (w *walk) nextRow(b *parser.Bounds, row *store.Row) (bool, error) {
	if w.rows == nil || !w.inside || w.left == 0 {
		return w.nextRowSlowly(b, row)
	}
	if err := done(w.ctx, &w.steps); err != nil {
		return false, err
	}
	if !w.rows.NextRow(w.ctx, row) {
		if err := w.over(); err != nil {
			return false, err
		}
		return w.nextRowSlowly(b, row)
	}
	if w.left > 0 {
		w.left--
	}
	if row.Key == nil || row.Value == nil {
		fill(row)
	}
	return true, nil
}

// nextRowSlowly is nextRow by a call for each part.
func (w *walk) nextRowSlowly(b *parser.Bounds, row *store.Row) (ok bool, err error) {
	if ok, err = w.next(b); err != nil || !ok {
		return false, err
	}
	row.Key, row.Value = w.cursor.Key(), nil
	if !w.keysOnly {
		row.Value, err = w.cursor.Value(w.ctx)
	}
	fill(row)
	return err == nil, err
}

// fill makes what is nil empty: nil would be scanned as NULL.
func fill(row *store.Row) {
	if row.Key == nil {
		row.Key = []byte{}
	}
	if row.Value == nil {
		row.Value = []byte{}
	}
}

// enterAny moves to the first key of the next interval that has one, and reports whether there
// is one.
func (w *walk) enterAny(b *parser.Bounds) (bool, error) {
	for w.left != 0 && w.interval >= 0 && w.interval < b.Len() {
		if w.enter(b.At(w.interval)) {
			if w.left > 0 {
				w.left--
			}
			return true, nil
		}
		if err := w.over(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// over goes on to the next interval after the cursor's last key in this one.
func (w *walk) over() error {
	if err := w.cursor.Err(); err != nil {
		return err
	}
	w.inside = false
	if w.desc {
		w.interval--
	} else {
		w.interval++
	}
	return nil
}

// count begins, visits all keys, and returns how many there are.
func (w *walk) count(b *parser.Bounds, keysOnly bool) (n int64, err error) {
	w.begin(b, way{keysOnly: keysOnly, limit: -1})
	if c, ok := w.cursor.(store.Counter); ok {
		for i := range b.Len() {
			w.setRange(b.At(i))
			found, err := c.Count(w.ctx, &w.r)
			if err != nil {
				return n, err
			}
			n += found
		}
		return n, nil
	}
	for {
		if ok, err := w.next(b); err != nil || !ok {
			return n, err
		}
		for n++; w.cursor.Next(w.ctx); n++ {
			if err := done(w.ctx, &w.steps); err != nil {
				return n, err
			}
		}
		if err := w.over(); err != nil {
			return n, err
		}
	}
}

// countOver is count for one range, by a store that needs no cursor for it.
func (w *walk) countOver(ctx context.Context, c store.RangeCounter, b *parser.Bounds, keysOnly bool) (n int64, err error) {
	w.begin(b, way{keysOnly: keysOnly, limit: -1})
	w.setRange(b.At(0))
	n, err = c.CountRange(ctx, &w.r)
	w.r = store.Range{}
	return n, err
}

// enter moves to the first key of an interval and reports whether there is one.
func (w *walk) enter(iv *parser.Interval) bool {
	w.inside = true
	w.setRange(iv)
	return w.cursor.Seek(w.ctx, &w.r)
}

// setRange makes an interval the range that the cursor is to visit.
func (w *walk) setRange(iv *parser.Interval) {
	w.r = store.Range{
		Lo: iv.Lo, HasLo: iv.HasLo, LoOpen: iv.LoOpen,
		Hi: iv.Hi, HasHi: iv.HasHi, HiOpen: iv.HiOpen,
		Reverse: w.desc, KeysOnly: w.keysOnly,
	}
	if w.left > 0 {
		w.r.Limit = int(min(w.left, math.MaxInt))
	}
}

// key returns the current key, which is valid until the next move.
func (w *walk) key() []byte { return w.cursor.Key() }

// Value loads the current value, which is valid until the next move.
func (w *walk) Value() ([]byte, error) { return w.cursor.Value(w.ctx) }

// ValuePart appends n bytes of the current value to dst, from byte from on, which are there.
func (w *walk) ValuePart(dst []byte, from, n int) ([]byte, error) {
	if c, ok := w.cursor.(store.PartCursor); ok {
		return c.ValuePart(w.ctx, dst, from, n)
	}
	value, err := w.cursor.Value(w.ctx)
	if err != nil {
		return dst, err
	}
	return append(dst, value[from:from+n]...), nil
}

// ValueLen returns the length of the current value, which it does not load.
func (w *walk) ValueLen() int { return w.cursor.ValueLen() }
