package lsmlite

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/parser"
)

// deleteCounted deletes the keys in c.bounds and returns how many there were. They are
// counted first, by a walk over the keys; what is written then is what deleteUncounted
// writes, and nothing for an interval without keys.
func (c *conn) deleteCounted(ctx context.Context, tx storeTx) (n int64, err error) {
	if c.bounds.Len() == 1 && c.bounds.At(0).IsPoint() {
		key := c.bounds.At(0).Lo
		if _, found, err := tx.ValueLen(key); err != nil || !found {
			return 0, err
		}
		return 1, tx.Delete(key)
	}
	cur, err := tx.Cursor()
	if err != nil {
		return 0, err
	}
	defer func() { err = joinErrors(err, cur.Close()) }()
	var steps uint
	for i := range c.bounds.Len() {
		iv := *c.bounds.At(i)
		found, err := c.countBetween(ctx, cur, &iv, &steps)
		if err != nil {
			return 0, err
		}
		if found > 0 {
			if err := c.deleteInterval(tx, &iv); err != nil {
				return 0, err
			}
		}
		n += found
	}
	return n, nil
}

// countBetween counts the keys in iv. Where iv has no upper end, the last of them becomes
// it.
func (c *conn) countBetween(ctx context.Context, cur storeCursor, iv *parser.Interval, steps *uint) (n int64, err error) {
	for ok := firstIn(cur, iv); ok; ok = nextIn(cur, iv) {
		n++
		if !iv.HasHi {
			c.last = append(c.last[:0], cur.Key()...)
		}
		if err := done(ctx, steps); err != nil {
			return 0, err
		}
	}
	if !iv.HasHi {
		iv.Hi, iv.HasHi, iv.HiOpen = c.last, true, false
	}
	return n, cur.Err()
}

// deleteUncounted deletes the keys in c.bounds without reading them. Where there is no
// upper end, the last key takes its place.
func (c *conn) deleteUncounted(tx storeTx) (int64, error) {
	for i := range c.bounds.Len() {
		iv := *c.bounds.At(i)
		if !iv.HasHi {
			ok, err := c.findLast(tx, &iv)
			if err != nil {
				return 0, err
			}
			if !ok {
				continue
			}
		}
		if err := c.deleteInterval(tx, &iv); err != nil {
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

// deleteInterval deletes the keys in an interval that has an upper end: one by one if there
// is but one key, else as one range, which takes the place of whatever lies in it, deleted
// keys as well. A range delete is open at both ends. So a lower end that belongs to the
// interval is deleted by itself, as is the empty key, the least there is, where there is no
// lower end; and the range goes on to just after an upper end that belongs to it: C lsm1,
// when it reads such a log, may damage a key that exists at the end of a range.
func (c *conn) deleteInterval(tx storeTx, iv *parser.Interval) error {
	var lo []byte
	if iv.HasLo {
		lo = iv.Lo
	}
	if !iv.HasLo || !iv.LoOpen {
		if err := tx.Delete(lo); err != nil || string(lo) == string(iv.Hi) {
			return err
		}
	}
	switch {
	case iv.HiOpen:
		return tx.DeleteRange(lo, iv.Hi)
	case len(iv.Hi) < engine.MaxKeySize:
		c.end = append(append(c.end[:0], iv.Hi...), 0)
		return tx.DeleteRange(lo, c.end)
	}
	if err := tx.Delete(iv.Hi); err != nil {
		return err
	}
	return tx.DeleteRange(lo, iv.Hi)
}
