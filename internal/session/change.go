// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"

	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// change is UPDATE, and DELETE row by row. The rows are those of w.bounds that pass
// w.filter, in the order of their keys; it returns how many there are. What it writes
// does not change what its cursor sees.
func (w *writer) change(ctx context.Context, tx store.Tx, p *parser.Plan) (n int64, err error) {
	if w.bounds.Len() == 1 && w.bounds.At(0).IsPoint() {
		n, long, err := w.changePoint(ctx, tx, p, w.bounds.At(0).Lo)
		if !long || err != nil {
			return n, err
		}
	}
	if err := w.walk.open(ctx, tx); err != nil {
		return 0, err
	}
	defer func() { err = joinErrors(err, w.walk.close()) }()
	w.walk.begin(&w.bounds, way{keysOnly: p.KeysOnly, limit: -1})
	base := len(w.scratch)
	for {
		ok, err := w.walk.next(&w.bounds)
		if err != nil {
			return 0, err
		}
		if !ok {
			return n, nil
		}
		w.scratch = w.scratch[:base]
		w.env.SetRow(w.walk.key(), &w.walk)
		changed, err := w.changeRow(ctx, tx, p)
		if err != nil {
			return 0, err
		}
		n += changed
	}
}

// changePoint is change for one key. If long, the row has a long value that a cursor is to load when
// it is needed, and nothing has been done.
func (w *writer) changePoint(ctx context.Context, tx store.Tx, p *parser.Plan, key []byte) (n int64, long bool, err error) {
	if loadsLate(p, w.filter) {
		value, size, found, err := store.GetShort(ctx, tx, w.value[:0], key, parser.LongValue-1)
		if long = size >= parser.LongValue; err != nil || !found || long {
			return 0, long, err
		}
		w.value = keep(value)
		w.env.SetPair(key, value)
	} else if found, err := w.setRow(ctx, tx, key, p.KeysOnly); err != nil || !found {
		return 0, false, err
	}
	n, err = w.changeRow(ctx, tx, p)
	return n, false, err
}

// setRow makes the row of key the one that w.env stands on, if there is one. Its value is
// loaded unless its length is enough.
func (w *writer) setRow(ctx context.Context, tx store.Tx, key []byte, keysOnly bool) (found bool, err error) {
	if keysOnly {
		n, found, err := tx.ValueLen(ctx, key)
		w.env.SetKey(key, n)
		return found, err
	}
	value, found, err := w.get(ctx, tx, key)
	w.env.SetPair(key, value)
	return found, err
}

// changeRow changes the row that w.env stands on, if it passes the filter, and returns
// 1 then.
func (w *writer) changeRow(ctx context.Context, tx store.Tx, p *parser.Plan) (int64, error) {
	if w.filter != nil {
		if ok, err := w.filter.Match(&w.env); err != nil || !ok {
			return 0, evalError(err)
		}
	}
	if p.Op == parser.OpUpdate {
		return 1, w.putSet(ctx, tx, p, "update", w.env.Key())
	}
	if w.collect && len(p.Columns) > 0 { // while the row is there
		if err := w.returning(p, &w.env); err != nil {
			return 0, err
		}
	}
	return 1, tx.Delete(ctx, w.env.Key())
}
