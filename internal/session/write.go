// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// Uncounted is the number of rows of a DELETE that did not count them.
const Uncounted = -1

// writer runs INSERT, UPDATE and DELETE. What it holds is the running statement's.
type writer struct {
	*txn

	scratch []byte // arguments, and after them what a row is made of
	value   []byte
	bounds  parser.Bounds
	walk    walk
	last    []byte // the last key that is there to delete
	end     []byte // the end of a range to delete
	// What the statement tries and computes rows with: inEnv is for VALUES, env for WHERE
	// and SET, outEnv for RETURNING. They are three because what one computed must last
	// while the next computes.
	inEnv  parser.Env
	env    parser.Env
	outEnv parser.Env
	filter *parser.Filter
	// returned collects the rows of RETURNING if collect is set.
	collect  bool
	returned [][]driver.Value
}

// write runs a statement that writes, all of it or nothing of it: outside a transaction
// in one of its own, inside one in a nested level if it makes more than one write. It
// returns the number of rows written, or Uncounted.
func (w *writer) write(ctx context.Context, p *parser.Plan, args []parser.Value) (int64, error) {
	if key, value, ok := p.Pair(args, w.settings.keys()); ok {
		return w.writePair(ctx, key, value)
	}
	// 1. Whatever is wrong with the arguments is found before anything is taken or
	// written.
	defer w.forget(len(w.scratch))
	several, err := w.bind(ctx, p, args)
	if err != nil {
		return 0, err
	}
	if p.Op != parser.OpInsert && w.bounds.Len() == 0 && w.state != txnDeferred {
		return 0, w.mayWrite() // a deferred transaction still becomes a writer
	}
	// 2. The transaction.
	tx, own, err := w.writeTo(ctx)
	if err != nil {
		return 0, err
	}
	if own {
		return w.writeAlone(ctx, tx, func() (int64, error) { return w.run(ctx, tx, p, args) })
	}
	if !several {
		return w.run(ctx, tx, p, args)
	}
	level, err := tx.Begin()
	if err != nil {
		return 0, err
	}
	n, err := w.run(ctx, tx, p, args)
	// 3. Undo a statement that failed. The transaction goes on as it was before.
	if err != nil {
		if undo := tx.RollbackTo(level); undo != nil {
			return 0, joinErrors(err, undo)
		}
		return 0, joinErrors(err, tx.CommitTo(level-1))
	}
	return n, tx.CommitTo(level - 1)
}

// writePair writes one row, which needs neither checks nor a nested level.
func (w *writer) writePair(ctx context.Context, key, value []byte) (int64, error) {
	tx, own, err := w.writeTo(ctx)
	switch {
	case err != nil:
		return 0, err
	case own:
		return w.writeAlone(ctx, tx, func() (int64, error) { return 1, tx.Put(ctx, key, value) })
	}
	if err := tx.Put(ctx, key, value); err != nil {
		return 0, err
	}
	return 1, nil
}

// writeAlone runs a statement as the only one of tx.
func (w *writer) writeAlone(ctx context.Context, tx store.Tx, run func() (int64, error)) (n int64, err error) {
	ended := false
	defer func() {
		if !ended { // a panic: the writer's turn must not be lost with it
			_ = tx.Rollback(ctx)
		}
		w.shared.left(&w.me)
	}()
	n, err = run()
	if err != nil {
		n, err = 0, joinErrors(err, tx.Rollback(ctx))
	} else {
		err = tx.Commit(ctx)
	}
	ended = true
	return n, err
}

// bind checks the arguments of p and works out w.bounds for what has a WHERE. It reports
// whether p may fail after it has written something.
func (w *writer) bind(ctx context.Context, p *parser.Plan, args []parser.Value) (several bool, err error) {
	keys := w.settings.keys()
	if err := p.Check(args, keys); err != nil {
		return false, bindError(err)
	}
	for _, e := range []*parser.Env{&w.env, &w.inEnv, &w.outEnv} {
		e.Args, e.Keys, e.Ctx = args, keys, ctx
	}
	if p.Op == parser.OpInsert {
		return len(p.Rows) > 1 || len(p.Columns) > 0, nil
	}
	if err := bindKeys(ctx, p, &w.bounds, args, keys); err != nil {
		return false, bindError(err)
	}
	w.filter = p.Filter
	if w.filter != nil && !w.filter.Needed(args) {
		w.filter = nil
	}
	point := w.bounds.Len() == 1 && w.bounds.At(0).IsPoint()
	return !point || len(p.Columns) > 0, nil
}

// forget releases what the statement computed with. Of the scratch it leaves the first
// numArgs bytes, which are arguments.
func (w *writer) forget(numArgs int) {
	w.filter = nil
	if w.scratch = w.scratch[:numArgs]; numArgs == 0 {
		w.scratch = keep(w.scratch)
	}
	w.last, w.end = keep(w.last), keep(w.end)
	w.env.Forget(maxKeptBytes)
	w.inEnv.Forget(maxKeptBytes)
	w.outEnv.Forget(maxKeptBytes)
}

func (w *writer) run(ctx context.Context, tx store.Tx, p *parser.Plan, args []parser.Value) (int64, error) {
	w.returned = nil
	switch {
	case p.Op == parser.OpInsert:
		return w.insert(ctx, tx, p, args)
	case p.Op == parser.OpUpdate || w.filter != nil || w.collect && len(p.Columns) > 0:
		return w.change(ctx, tx, p)
	case w.settings.Uncounted && !w.allPoints():
		return w.deleteUncounted(ctx, tx)
	}
	return w.deleteCounted(ctx, tx)
}

// allPoints reports whether w.bounds are single keys, which are looked up one by one, so
// that counting them costs nothing more.
func (w *writer) allPoints() bool {
	for i := range w.bounds.Len() {
		if !w.bounds.At(i).IsPoint() {
			return false
		}
	}
	return true
}
