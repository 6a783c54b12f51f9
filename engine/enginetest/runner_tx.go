// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"bytes"
	"errors"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine"
)

// begin starts a transaction, sometimes from a snapshot.
func (r *Runner) begin() error {
	up, ok := r.Store.(Upgrader)
	i := slices.IndexFunc(r.held, func(h *held) bool { return h.snap != nil })
	var err error
	if ok && i >= 0 && r.rng.IntN(4) == 0 {
		h := r.held[i]
		r.log("begin from a snapshot (stale: %v)", h.stale)
		r.tx, err = up.BeginFrom(r.ctx, h.snap)
		if errors.Is(err, engine.ErrBusySnapshot) {
			r.tx = nil
			if !h.stale {
				return mismatch("nothing was committed since the snapshot: %v", err)
			}
			return nil
		}
		if err == nil && !h.want.Equal(r.History.Newest()) {
			return mismatch("a transaction begins from a snapshot that is not the newest")
		}
	} else {
		r.log("begin")
		r.tx, err = r.Store.Begin(r.ctx)
	}
	if err != nil {
		r.tx = nil
		return opError("begin", err)
	}
	r.state = r.History.Newest()
	r.levels = append(r.levels[:0], r.state)
	return nil
}

// inTx does something in the open transaction.
func (r *Runner) inTx() error {
	if r.rng.IntN(r.TxSteps) == 0 {
		return r.end()
	}
	switch n := r.rng.IntN(100); {
	case n < 50:
		k, v := r.gen.Key(r.rng), r.gen.Value(r.rng)
		r.log("put %s %s", short(k), short(v))
		return r.wrote("put", r.tx.Put([]byte(k), []byte(v)), r.state.Put(k, v))
	case n < 63:
		k := probeKey(r.state, r.rng, r.gen)
		r.log("delete %s", short(k))
		return r.wrote("delete", r.tx.Delete([]byte(k)), r.state.Delete(k))
	case n < 72:
		after, before := r.interval()
		r.log("delete range %s %s", short(after), short(before))
		return r.wrote("delete range", r.tx.DeleteRange([]byte(after), []byte(before)), r.state.DeleteRange(after, before))
	case n < 80:
		r.log("get in the transaction")
		return checkGet(r.tx, probeKey(r.state, r.rng, r.gen), r.state)
	case n < 82:
		r.log("probe the transaction")
		return Probe(r.tx, r.state, r.rng, r.gen, 3)
	case n < 83:
		r.log("scan the transaction")
		_, err := Find(r.tx, []Map{r.state})
		return err
	}
	return r.level()
}

// interval returns the ends of a range delete: mostly of a few keys.
func (r *Runner) interval() (after, before string) {
	after = probeKey(r.state, r.rng, r.gen)
	if r.rng.IntN(4) == 0 {
		before = probeKey(r.state, r.rng, r.gen)
		if after > before && r.rng.IntN(4) > 0 {
			after, before = before, after
		}
		return after, before
	}
	before = after
	for range r.rng.IntN(8) {
		if k, _, ok := r.state.Next(before); ok {
			before = k
		}
	}
	if r.rng.IntN(3) == 0 {
		before += "\x00"
	}
	return after, before
}

// wrote takes note of a write. After an error only a rollback is possible: of the level
// or of the transaction.
func (r *Runner) wrote(what string, err error, then Map) error {
	if err == nil {
		r.state = then
		return nil
	}
	if r.rng.IntN(2) == 0 && r.tx.RollbackTo(len(r.levels)) == nil {
		r.state = r.levels[len(r.levels)-1]
	} else if back := r.tx.Rollback(); back != nil {
		return mismatch("rollback after a failed write: %v", back)
	} else {
		r.tx = nil
	}
	return opError(what, err)
}

// level opens, commits or rolls back a level.
func (r *Runner) level() error {
	if got := r.tx.Level(); got != len(r.levels) {
		return mismatch("level %d, should be %d", got, len(r.levels))
	}
	n := 1 + r.rng.IntN(len(r.levels))
	switch r.rng.IntN(5) {
	case 0, 1:
		if len(r.levels) >= 12 {
			return nil
		}
		r.log("begin level %d", len(r.levels)+1)
		level, err := r.tx.Begin()
		if err != nil {
			return opError("begin level", err)
		}
		r.levels = append(r.levels, r.state)
		if level != len(r.levels) {
			return mismatch("begin returns level %d, should be %d", level, len(r.levels))
		}
		return nil
	case 2, 3:
		r.log("roll back to level %d", n)
		if err := r.tx.RollbackTo(n); err != nil {
			return opError("roll back to level", err)
		}
		r.state = r.levels[n-1]
	default:
		r.log("commit to level %d", n)
		if err := r.tx.CommitTo(n); err != nil {
			return opError("commit to level", err)
		}
	}
	r.levels = r.levels[:n]
	return nil
}

// end commits the transaction or, rarely, rolls it back.
func (r *Runner) end() error {
	tx := r.tx
	r.tx = nil
	if r.rng.IntN(8) == 0 {
		r.log("rollback")
		if err := tx.Rollback(); err != nil {
			return mismatch("rollback: %v", err)
		}
		return nil
	}
	r.tx = tx
	return r.commit()
}

// commit commits the transaction.
func (r *Runner) commit() error {
	tx := r.tx
	r.tx = nil
	r.log("commit")
	state := r.state
	r.History.pending(state)
	if err := tx.Commit(r.ctx); err != nil {
		r.History.failed(state)
		return opError("commit", err)
	}
	r.History.committed(state, r.safety())
	r.commits++
	for _, h := range r.held {
		h.stale = true
	}
	if err := tx.Put(nil, nil); !errors.Is(err, engine.ErrMisuse) {
		return mismatch("a write after commit: %v", err)
	}
	return nil
}

// Fill lets everything go and commits a transaction that puts so many keys, the n-th ones
// of the Gen from first on, with values of that size.
func (r *Runner) Fill(first, keys, size int) error {
	if err := r.LetGo(); err != nil {
		return err
	}
	if r.Store == nil {
		if err := r.reopen(); err != nil {
			return err
		}
	}
	if err := r.begin(); err != nil {
		return err
	}
	for n := first; n < first+keys; n++ {
		k := r.gen.KeyOf(n)
		v := bytes.Repeat([]byte{byte(r.rng.IntN(256))}, size)
		r.log("put %s, %d bytes", short(k), size)
		if err := r.wrote("put", r.tx.Put([]byte(k), v), r.state.Put(k, string(v))); err != nil {
			return err
		}
	}
	return r.commit()
}
