package lsmlite

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/parser"
)

// write runs a statement that writes, all of it or nothing of it: outside a transaction
// in one of its own, inside one in a nested level if it makes more than one write.
func (c *conn) write(ctx context.Context, p *parser.Plan, args []parser.Value) (int64, error) {
	if key, value, ok := p.Pair(args, c.keys()); ok {
		return c.writePair(ctx, key, value)
	}
	// 1. Whatever is wrong with the arguments is found before anything is taken or
	// written.
	defer c.forgetRow()
	several, err := c.bindWrite(ctx, p, args)
	if err != nil {
		return 0, err
	}
	if p.Op != parser.OpInsert && c.bounds.Len() == 0 && c.txn.state != txnDeferred {
		return 0, c.mayWrite() // a deferred transaction becomes a writer all the same
	}
	// 2. The transaction.
	tx, own, err := c.writer(ctx)
	if err != nil {
		return 0, err
	}
	if own {
		return c.writeAlone(ctx, tx, func() (int64, error) { return c.runWrite(ctx, tx, p, args) })
	}
	if !several {
		return c.runWrite(ctx, tx, p, args)
	}
	level, err := tx.Begin()
	if err != nil {
		return 0, err
	}
	n, err := c.runWrite(ctx, tx, p, args)
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
func (c *conn) writePair(ctx context.Context, key, value []byte) (int64, error) {
	tx, own, err := c.writer(ctx)
	switch {
	case err != nil:
		return 0, err
	case own:
		return c.writeAlone(ctx, tx, func() (int64, error) { return 1, tx.Put(key, value) })
	}
	if err := tx.Put(key, value); err != nil {
		return 0, err
	}
	return 1, nil
}

// writeAlone runs a statement as the only one of tx.
func (c *conn) writeAlone(ctx context.Context, tx storeTx, run func() (int64, error)) (n int64, err error) {
	ended := false
	defer func() {
		if !ended { // a panic: the writer's place must not be lost with it
			_ = tx.Rollback()
		}
		c.leaveWriter()
	}()
	n, err = run()
	if err != nil {
		n, err = 0, joinErrors(err, tx.Rollback())
	} else {
		err = tx.Commit(ctx)
	}
	ended = true
	return n, err
}

// mayWrite is what a write that has nothing to write must still check.
func (c *conn) mayWrite() error {
	switch {
	case c.readOnly():
		return readOnlyError("write", "the connection is read-only (mode=ro)")
	case c.txn.state == txnReading:
		return readOnlyError("write", "the transaction is read-only")
	}
	return nil
}

// bindWrite checks the arguments of p and works out c.bounds for what has a WHERE. It
// reports whether p may fail after it has written something.
func (c *conn) bindWrite(ctx context.Context, p *parser.Plan, args []parser.Value) (several bool, err error) {
	keys := c.keys()
	if err := p.Check(args, keys); err != nil {
		return false, bindError(err)
	}
	for _, e := range []*parser.Env{&c.env, &c.inEnv, &c.outEnv} {
		e.Args, e.Keys, e.Ctx = args, keys, ctx
	}
	if p.Op == parser.OpInsert {
		return len(p.Rows) > 1 || len(p.Columns) > 0, nil
	}
	if err := bindKeys(ctx, p, &c.bounds, args, keys); err != nil {
		return false, bindError(err)
	}
	c.filter = p.Filter
	if c.filter != nil && !c.filter.Needed(args) {
		c.filter = nil
	}
	point := c.bounds.Len() == 1 && c.bounds.At(0).IsPoint()
	return !point || len(p.Columns) > 0, nil
}

// forgetRow lets go of what the statement computed with.
func (c *conn) forgetRow() {
	c.filter = nil
	c.last, c.end = keep(c.last), keep(c.end)
	c.env.Forget(maxKeptBytes)
	c.inEnv.Forget(maxKeptBytes)
	c.outEnv.Forget(maxKeptBytes)
}

func (c *conn) runWrite(ctx context.Context, tx storeTx, p *parser.Plan, args []parser.Value) (int64, error) {
	c.returned = nil
	switch {
	case p.Op == parser.OpInsert:
		return c.insert(ctx, tx, p, args)
	case p.Op == parser.OpUpdate || c.filter != nil || c.collect && len(p.Columns) > 0:
		return c.change(ctx, tx, p)
	case c.cfg.CountDeletes == Off && !c.allPoints():
		return c.deleteUncounted(tx)
	}
	return c.deleteCounted(ctx, tx)
}

// allPoints reports whether c.bounds are single keys, which are looked up one by one, so
// that counting them costs nothing more.
func (c *conn) allPoints() bool {
	for i := range c.bounds.Len() {
		if !c.bounds.At(i).IsPoint() {
			return false
		}
	}
	return true
}

// firstIn moves to the first key in iv, and reports whether there is one. Where iv is a
// single key no other is looked for.
func firstIn(cur storeCursor, iv *parser.Interval) bool {
	if iv.IsPoint() {
		return cur.Seek(iv.Lo, engine.SeekEQ)
	}
	return seekFirst(cur, iv) && beforeEnd(iv, cur.Key())
}

// nextIn moves from a key in iv to the next one in it, and reports whether there is one. At
// the end of iv it does not look further: what comes then may be many deleted keys.
func nextIn(cur storeCursor, iv *parser.Interval) bool {
	if iv.HasHi && !iv.HiOpen && string(cur.Key()) == string(iv.Hi) {
		return false
	}
	return cur.Next() && beforeEnd(iv, cur.Key())
}

// lastIn and prevIn are firstIn and nextIn in the other direction.
func lastIn(cur storeCursor, iv *parser.Interval) bool {
	if iv.IsPoint() {
		return cur.Seek(iv.Lo, engine.SeekEQ)
	}
	return seekLast(cur, iv) && afterStart(iv, cur.Key())
}

func prevIn(cur storeCursor, iv *parser.Interval) bool {
	if iv.HasLo && !iv.LoOpen && string(cur.Key()) == string(iv.Lo) {
		return false
	}
	return cur.Prev() && afterStart(iv, cur.Key())
}

// seekFirst moves to the first key at or after the lower end of iv.
func seekFirst(cur storeCursor, iv *parser.Interval) bool {
	if !iv.HasLo {
		return cur.First()
	}
	if !cur.Seek(iv.Lo, engine.SeekGE) {
		return false
	}
	if iv.LoOpen && string(cur.Key()) == string(iv.Lo) {
		return cur.Next()
	}
	return true
}

// seekLast moves to the last key at or before the upper end of iv.
func seekLast(cur storeCursor, iv *parser.Interval) bool {
	if !iv.HasHi {
		return cur.Last()
	}
	if !cur.Seek(iv.Hi, engine.SeekLE) {
		return false
	}
	if iv.HiOpen && string(cur.Key()) == string(iv.Hi) {
		return cur.Prev()
	}
	return true
}

// beforeEnd reports whether key, which is not below iv, lies in it.
func beforeEnd(iv *parser.Interval, key []byte) bool {
	if !iv.HasHi {
		return true
	}
	if iv.HiOpen {
		return string(key) < string(iv.Hi)
	}
	return string(key) <= string(iv.Hi)
}

// afterStart reports whether key, which is not above iv, lies in it.
func afterStart(iv *parser.Interval, key []byte) bool {
	if !iv.HasLo {
		return true
	}
	if iv.LoOpen {
		return string(key) > string(iv.Lo)
	}
	return string(key) >= string(iv.Lo)
}

// maxQuotedKeyBytes is how much of a key an error shows.
const maxQuotedKeyBytes = 64

// quoteKey writes a key for an error: as its number if it has one, as text if it is one,
// else in hexadecimal.
func (c *conn) quoteKey(key []byte) string {
	if t := c.keys(); c.cfg.KeyType.numeric() {
		if v, err := t.Decode(key); err == nil {
			return string(v.AppendText(nil))
		}
	}
	cut := ""
	if len(key) > maxQuotedKeyBytes {
		key, cut = key[:maxQuotedKeyBytes], "…"
	}
	for _, b := range key {
		if b < ' ' || b > '~' {
			return fmt.Sprintf("x'%x%s'", key, cut)
		}
	}
	return fmt.Sprintf("'%s%s'", key, cut)
}
