// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine"
)

// held is a snapshot or a cursor that stays open while other things happen.
type held struct {
	want   Map
	snap   Snapshot // nil: a cursor
	stale  bool     // another transaction has committed since
	cursor Cursor
	key    string
	valid  bool
}

// hold opens a snapshot or cursor.
func (r *Runner) hold() error {
	if len(r.held) >= 6 {
		return r.letGo(0)
	}
	h := &held{want: r.History.Newest()}
	var from Reader
	switch {
	case r.tx != nil && r.rng.IntN(2) == 0:
		r.log("hold a cursor of the transaction")
		from, h.want = r.tx, r.state
	case len(r.held) > 0 && r.held[0].snap != nil && r.rng.IntN(3) == 0:
		r.log("hold a cursor of a snapshot")
		from, h.want = r.held[0].snap, r.held[0].want
	default:
		r.log("hold a snapshot")
		snap, err := r.Store.Snapshot(r.ctx)
		if err != nil {
			return opError("snapshot", err)
		}
		h.snap = snap
		r.held = append(r.held, h)
		return nil
	}
	c, err := from.Cursor()
	if err != nil {
		return opError("cursor", err)
	}
	h.cursor = c
	r.held = append(r.held, h)
	if c.Valid() || c.Next() || c.Prev() {
		return mismatch("a new cursor stands on something")
	}
	return nil
}

// useHeld reads from a snapshot or moves a cursor.
func (r *Runner) useHeld() error {
	h := r.held[r.rng.IntN(len(r.held))]
	if h.snap != nil {
		if r.rng.IntN(4) > 0 {
			r.log("probe a snapshot")
			return Probe(h.snap, h.want, r.rng, r.gen, 3)
		}
		r.log("scan a snapshot")
		_, err := Find(h.snap, []Map{h.want})
		return err
	}
	for range 1 + r.rng.IntN(8) {
		if err := r.move(h); err != nil {
			return err
		}
	}
	return nil
}

// move moves a held cursor.
func (r *Runner) move(h *held) error {
	var key, value string
	var ok, moved bool
	var what string
	switch n := r.rng.IntN(12); {
	case n == 0:
		what, moved = "first", h.cursor.First()
		key, value, ok = h.want.First()
	case n == 1:
		what, moved = "last", h.cursor.Last()
		key, value, ok = h.want.Last()
	case n < 5:
		mode := engine.SeekMode(r.rng.IntN(3) - 1)
		target := probeKey(h.want, r.rng, r.gen)
		what = fmt.Sprintf("seek %d %s", mode, short(target))
		moved = h.cursor.Seek([]byte(target), mode)
		key, value, ok = h.want.Seek(target, mode)
	case n < 9:
		what, moved = "next", h.cursor.Next()
		if h.valid {
			key, value, ok = h.want.Next(h.key)
		}
	default:
		what, moved = "prev", h.cursor.Prev()
		if h.valid {
			key, value, ok = h.want.Prev(h.key)
		}
	}
	r.log("cursor %s (from %v %s)", what, h.valid, short(h.key))
	err := checkCursor(h.cursor, moved, what, row{key, value, ok})
	h.key, h.valid = key, ok
	if err != nil {
		h.valid = h.cursor.Valid() // a value that cannot be read leaves the cursor where it is
	}
	return err
}

func (r *Runner) letGo(i int) error {
	h := r.held[i]
	r.held = slices.Delete(r.held, i, i+1)
	r.log("let go")
	if h.snap != nil {
		return opError("close snapshot", h.snap.Close())
	}
	return opError("close cursor", h.cursor.Close())
}
