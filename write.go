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
	// 1. Whatever is wrong with the arguments is found before anything is taken or
	// written.
	several, err := c.bindWrite(p, args)
	if err != nil {
		return 0, err
	}
	if p.Op == parser.OpDelete && c.bounds.Len() == 0 {
		return 0, c.mayWrite()
	}
	// 2. The transaction.
	tx, own, err := c.writer(ctx)
	if err != nil {
		return 0, err
	}
	if own {
		return c.writeAlone(ctx, tx, p, args)
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

// writeAlone runs a statement as the only one of tx.
func (c *conn) writeAlone(ctx context.Context, tx storeTx, p *parser.Plan, args []parser.Value) (n int64, err error) {
	ended := false
	defer func() {
		if !ended { // a panic: the writer's place must not be lost with it
			_ = tx.Rollback()
		}
		c.leaveWriter()
	}()
	n, err = c.runWrite(ctx, tx, p, args)
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

// bindWrite checks the operands of p and works out c.bounds for a DELETE. It reports
// whether p may make more than one write.
func (c *conn) bindWrite(p *parser.Plan, args []parser.Value) (several bool, err error) {
	toKey := c.keyFunc()
	if p.Op == parser.OpDelete {
		if err := p.Keys.Bind(&c.bounds, args, toKey); err != nil {
			return false, bindError(err)
		}
		return c.bounds.Len() > 1 || c.bounds.Len() == 1 && !c.bounds.At(0).IsPoint(), nil
	}
	if toKey == nil { // a KeyFunc of ours refuses nothing
		for i := range p.Rows {
			if _, err := p.Rows[i][0].Key(args, nil, nil); err != nil {
				return false, bindError(err)
			}
		}
	}
	return len(p.Rows) > 1, nil
}

func (c *conn) runWrite(ctx context.Context, tx storeTx, p *parser.Plan, args []parser.Value) (int64, error) {
	if p.Op == parser.OpInsert {
		return c.insert(ctx, tx, p, args)
	}
	if c.cfg.CountDeletes == Off {
		return c.deleteUncounted(tx)
	}
	return c.deleteCounted(ctx, tx)
}

// insert writes the rows of p in their order and returns how many it wrote.
func (c *conn) insert(ctx context.Context, tx storeTx, p *parser.Plan, args []parser.Value) (int64, error) {
	toKey := c.keyFunc()
	var n int64
	var steps uint
	base := len(c.scratch) // below it are arguments
	for i := range p.Rows {
		if err := done(ctx, &steps); err != nil {
			return 0, err
		}
		c.scratch = c.scratch[:base]
		key, err := p.Rows[i][0].Key(args, toKey, &c.scratch)
		if err != nil {
			return 0, bindError(err)
		}
		value := storedBytes(p.Rows[i][1].Value(args), &c.scratch)
		if p.OnConflict != parser.Replace {
			exists, err := c.exists(tx, key)
			if err != nil {
				return 0, err
			}
			if exists {
				if p.OnConflict == parser.Ignore {
					continue
				}
				return 0, &Error{Code: CodeConstraint, Op: "insert",
					Detail: fmt.Sprintf("the key %s exists", quoteKey(key))}
			}
		}
		if err := tx.Put(key, value); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// exists reports whether r holds key.
func (c *conn) exists(r storeReader, key []byte) (bool, error) {
	value, found, err := r.Get(c.value[:0], key)
	c.value = keep(value)
	return found, err
}

// deleteCounted deletes the keys in c.bounds and returns how many there were. A first
// pass over each interval counts them, and learns the first and the last: these two are
// deleted one by one and what lies between them as a range, so that nothing is written
// for an empty interval, and three records for the largest.
func (c *conn) deleteCounted(ctx context.Context, tx storeTx) (n int64, err error) {
	if c.bounds.Len() == 1 && c.bounds.At(0).IsPoint() {
		key := c.bounds.At(0).Lo
		if found, err := c.exists(tx, key); err != nil || !found {
			return 0, err
		}
		return 1, tx.Delete(key)
	}
	cur, err := tx.Cursor()
	if err != nil {
		return 0, err
	}
	defer func() { err = joinErrors(err, cur.Close()) }()
	return c.deleteBounds(ctx, tx, cur)
}

func (c *conn) deleteBounds(ctx context.Context, tx storeTx, cur storeCursor) (int64, error) {
	var total int64
	var steps uint
	for i := range c.bounds.Len() {
		iv := c.bounds.At(i)
		var n int64
		for ok := seekFirst(cur, iv); ok && beforeEnd(iv, cur.Key()); ok = cur.Next() {
			if n == 0 {
				c.first = append(c.first[:0], cur.Key()...)
			} else {
				c.last = append(c.last[:0], cur.Key()...)
			}
			n++
			if err := done(ctx, &steps); err != nil {
				return 0, err
			}
		}
		if err := cur.Err(); err != nil {
			return 0, err
		}
		var err error
		if n > 0 {
			err = tx.Delete(c.first)
		}
		if err == nil && n > 1 {
			err = tx.Delete(c.last)
		}
		if err == nil && n > 2 {
			err = tx.DeleteRange(c.first, c.last)
		}
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// deleteUncounted deletes the keys in c.bounds without reading them. A range delete is
// open at both ends, so an end that belongs to the interval is deleted by itself, as is
// the empty key, the least there is, where there is no lower end; where there is no
// upper end, the last key takes its place.
func (c *conn) deleteUncounted(tx storeTx) (int64, error) {
	for i := range c.bounds.Len() {
		iv := *c.bounds.At(i)
		if iv.IsPoint() {
			if err := tx.Delete(iv.Lo); err != nil {
				return 0, err
			}
			continue
		}
		if !iv.HasLo {
			iv.Lo, iv.LoOpen = nil, false
		}
		if !iv.HasHi {
			ok, err := c.findLast(tx, &iv)
			if err != nil {
				return 0, err
			}
			if !ok {
				continue
			}
		}
		if err := deleteBetween(tx, &iv); err != nil {
			return 0, err
		}
	}
	return int64(uncounted), nil
}

// findLast makes the last key of the state the closed upper end of iv, and reports
// whether iv then holds any key that may exist.
func (c *conn) findLast(tx storeTx, iv *parser.Interval) (ok bool, err error) {
	cur, err := tx.Cursor()
	if err != nil {
		return false, err
	}
	defer func() { err = joinErrors(err, cur.Close()) }()
	if !cur.Last() {
		return false, cur.Err()
	}
	c.last = append(c.last[:0], cur.Key()...)
	ok = iv.Contains(c.last)
	iv.Hi, iv.HasHi, iv.HiOpen = c.last, true, false
	return ok, nil
}

// deleteBetween deletes from iv.Lo to iv.Hi.
func deleteBetween(tx storeTx, iv *parser.Interval) error {
	if !iv.LoOpen {
		if err := tx.Delete(iv.Lo); err != nil {
			return err
		}
	}
	if string(iv.Lo) == string(iv.Hi) {
		return nil
	}
	if err := tx.DeleteRange(iv.Lo, iv.Hi); err != nil {
		return err
	}
	if iv.HiOpen {
		return nil
	}
	return tx.Delete(iv.Hi)
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

// quoteKey writes a key for an error: as text if it is one, else in hexadecimal.
func quoteKey(key []byte) string {
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
