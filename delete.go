package lsmlite

import (
	"context"

	"github.com/lsmlite/lsmlite-go/parser"
)

// deleteCounted deletes the keys in c.bounds and returns how many there were. A first
// pass over each interval counts them, and learns the first and the last: these two are
// deleted one by one and what lies between them as a range, so that nothing is written
// for an empty interval, and three records for the largest.
func (c *conn) deleteCounted(ctx context.Context, tx storeTx) (n int64, err error) {
	if c.bounds.Len() == 1 && c.bounds.At(0).IsPoint() {
		key := c.bounds.At(0).Lo
		if _, found, err := c.get(tx, key); err != nil || !found {
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
