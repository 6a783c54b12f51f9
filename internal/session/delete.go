// SPDX-License-Identifier: Apache-2.0

package session

import (
	"bytes"
	"context"

	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// deleteCounted deletes the keys in w.bounds and returns how many there were. They are
// counted first, by a walk over the keys; what is written then is what deleteUncounted
// writes, and nothing for an interval without keys.
func (w *writer) deleteCounted(ctx context.Context, tx store.Tx) (n int64, err error) {
	if w.bounds.Len() == 1 && w.bounds.At(0).IsPoint() {
		key := w.bounds.At(0).Lo
		if _, found, err := tx.ValueLen(ctx, key); err != nil || !found {
			return 0, err
		}
		return 1, tx.Delete(ctx, key)
	}
	if err := w.walk.open(ctx, tx); err != nil {
		return 0, err
	}
	defer func() { err = joinErrors(err, w.walk.close()) }()
	w.walk.begin(&w.bounds, way{keysOnly: true, limit: -1})
	for i := range w.bounds.Len() {
		iv := *w.bounds.At(i)
		found, err := w.countBetween(&iv)
		if err != nil {
			return 0, err
		}
		if found > 0 {
			if err := w.deleteInterval(ctx, tx, &iv); err != nil {
				return 0, err
			}
		}
		n += found
	}
	return n, nil
}

// countBetween counts the keys in iv. Where iv has no upper end, the last of them becomes
// it.
func (w *writer) countBetween(iv *parser.Interval) (n int64, err error) {
	k := &w.walk
	if c, ok := k.cursor.(store.Counter); ok && iv.HasHi {
		k.setRange(iv)
		return c.Count(k.ctx, &k.r)
	}
	for ok := k.enter(iv); ok; ok = k.cursor.Next(k.ctx) {
		n++
		if !iv.HasHi {
			w.last = append(w.last[:0], k.key()...)
		}
		if err := done(k.ctx, &k.steps); err != nil {
			return 0, err
		}
	}
	if !iv.HasHi {
		iv.Hi, iv.HasHi, iv.HiOpen = w.last, true, false
	}
	return n, k.cursor.Err()
}

// deleteUncounted deletes the keys in w.bounds without reading them. Where there is no
// upper end, the last key takes its place.
func (w *writer) deleteUncounted(ctx context.Context, tx store.Tx) (int64, error) {
	for i := range w.bounds.Len() {
		iv := *w.bounds.At(i)
		if !iv.HasHi {
			ok, err := w.findLast(ctx, tx, &iv)
			if err != nil {
				return 0, err
			}
			if !ok {
				continue
			}
		}
		if err := w.deleteInterval(ctx, tx, &iv); err != nil {
			return 0, err
		}
	}
	return Uncounted, nil
}

// findLast makes the last key of the state the closed upper end of iv, and reports
// whether iv then holds any key that may exist.
func (w *writer) findLast(ctx context.Context, tx store.Tx, iv *parser.Interval) (ok bool, err error) {
	k := &w.walk
	if err := k.open(ctx, tx); err != nil {
		return false, err
	}
	defer func() { err = joinErrors(err, k.close()) }()
	k.begin(&w.bounds, way{desc: true, keysOnly: true, limit: 1})
	if !k.enter(&parser.Interval{}) {
		return false, k.cursor.Err()
	}
	w.last = append(w.last[:0], k.key()...)
	ok = iv.Contains(w.last)
	iv.Hi, iv.HasHi, iv.HiOpen = w.last, true, false
	return ok, nil
}

// deleteInterval deletes the keys in an interval that has an upper end: one by one if there
// is but one key, else as one range, which takes the place of whatever lies in it, deleted
// keys as well. A range delete is open at both ends. So a lower end that belongs to the
// interval is deleted by itself, as is the empty key, the least there is, where there is no
// lower end; and the range goes on to just after an upper end that belongs to it: C lsm1,
// when it reads such a log, may damage a key that exists at the end of a range.
func (w *writer) deleteInterval(ctx context.Context, tx store.Tx, iv *parser.Interval) error {
	if !cutEnds(iv, w.store.Caps().MaxKey) {
		return nil
	}
	var lo []byte
	if iv.HasLo {
		lo = iv.Lo
	}
	if !iv.HasLo || !iv.LoOpen {
		if err := tx.Delete(ctx, lo); err != nil || string(lo) == string(iv.Hi) {
			return err
		}
	}
	switch {
	case iv.HiOpen:
		return tx.DeleteRange(ctx, lo, iv.Hi)
	case len(iv.Hi) < w.store.Caps().MaxKey:
		w.end = append(append(w.end[:0], iv.Hi...), 0)
		return tx.DeleteRange(ctx, lo, w.end)
	}
	if err := tx.Delete(ctx, iv.Hi); err != nil {
		return err
	}
	return tx.DeleteRange(ctx, lo, iv.Hi)
}

// cutEnds makes both ends of iv keys that the store takes, with the same keys between them: an end that is too long
// divides those up to its first most bytes from the greater ones. It reports whether iv still holds any key.
func cutEnds(iv *parser.Interval, most int) bool {
	if most <= 0 {
		return true
	}
	if iv.HasLo && len(iv.Lo) > most {
		iv.Lo, iv.LoOpen = iv.Lo[:most], true
	}
	if iv.HasHi && len(iv.Hi) > most {
		iv.Hi, iv.HiOpen = iv.Hi[:most], false
	}
	if !iv.HasLo || !iv.HasHi {
		return true
	}
	order := bytes.Compare(iv.Lo, iv.Hi)
	return order < 0 || order == 0 && !iv.LoOpen && !iv.HiOpen
}
