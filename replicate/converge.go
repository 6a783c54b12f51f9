// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// rowsOf yields the rows of a state of a database.
func rowsOf(ctx context.Context, s *engine.Snapshot) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		c, err := s.Cursor()
		if err != nil {
			yield(row{}, err)
			return
		}
		defer func() { _ = c.Close() }()
		for there := c.First(); there; there = c.Next() {
			value, err := c.Value()
			if err == nil {
				err = ctx.Err()
			}
			if !yield(row{key: c.Key(), value: value}, err) || err != nil {
				return
			}
		}
		if err := c.Err(); err != nil {
			yield(row{}, err)
		}
	}
}

// converge makes the rows of a database those of a snapshot, in one transaction of the differences, which are at most
// limit bytes.
func converge(ctx context.Context, db *engine.DB, c *complete, limit int64) error {
	return db.Update(ctx, func(tx *engine.Tx) error {
		return db.View(ctx, func(s *engine.Snapshot) error {
			next, stop := iter.Pull2(rowsOf(ctx, s))
			defer stop()
			have, err, there := next()
			changed := int64(0)
			change := func(n int, err error) error {
				if changed += int64(n); err == nil && changed > limit {
					err = fmt.Errorf("the replica differs by more than %d bytes from the snapshot; remove it and %s, and it is made again: %w",
						limit, replicaFile(db.Path()), ErrMisuse)
				}
				return err
			}
			for want, rowErr := range c.rows(ctx) {
				if err := errors.Join(rowErr, err); err != nil {
					return err
				}
				for there && bytes.Compare(have.key, want.key) < 0 {
					if err := change(len(have.key), tx.Delete(have.key)); err != nil {
						return err
					}
					if have, err, there = next(); err != nil {
						return err
					}
				}
				same := there && bytes.Equal(have.key, want.key)
				if !same || !bytes.Equal(have.value, want.value) {
					if err := change(len(want.key)+len(want.value), tx.Put(want.key, want.value)); err != nil {
						return err
					}
				}
				if same {
					have, err, there = next()
				}
			}
			for ; there && err == nil; have, err, there = next() {
				if err := change(len(have.key), tx.Delete(have.key)); err != nil {
					return err
				}
			}
			return err
		})
	})
}

// verification is the digest of a state of the replica, which is compared when the snapshot of that state is
// complete.
type verification struct {
	wg     sync.WaitGroup
	cancel context.CancelFunc
	mu     sync.Mutex
	busy   bool
	ready  bool
	state  replicaState
	sum    object.Digest
	err    error
}

// begin computes the digest of the present state, unless that of another one waits for its snapshot.
func (v *verification) begin(ctx context.Context, db *engine.DB, state replicaState) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.busy || v.ready {
		return
	}
	s, err := db.Snapshot(ctx)
	if err != nil {
		return // the next mark tries again
	}
	ctx, v.cancel = context.WithCancel(ctx)
	v.busy, v.ready, v.state = true, false, state
	v.wg.Go(func() {
		sum, err := digestOf(ctx, s)
		_ = s.Close()
		v.mu.Lock()
		defer v.mu.Unlock()
		v.busy, v.ready, v.sum, v.err = false, err == nil, sum, err
	})
}

// digestOf returns the digest of the rows, as the index of a snapshot has it.
func digestOf(ctx context.Context, s *engine.Snapshot) (sum object.Digest, err error) {
	h := sha256.New()
	write := func(b []byte) error { h.Write(b); return nil }
	for row, err := range rowsOf(ctx, s) {
		if err != nil {
			return sum, err
		}
		_ = object.WriteRow(write, row.key, row.value)
	}
	h.Sum(sum[:0])
	return sum, nil
}

// end waits for the goroutine.
func (v *verification) end() {
	if v.cancel != nil {
		v.cancel()
	}
	v.wg.Wait()
}

// take returns the digest that is ready.
func (v *verification) take() (state replicaState, sum object.Digest, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state, v.sum, v.ready
}

// drop forgets the digest that is ready.
func (v *verification) drop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ready = false
}

// verified compares the digest that is ready with the snapshot of its state, if that is complete.
func (f *Follower) verified(ctx context.Context) error {
	state, sum, ok := f.verify.take()
	if !ok {
		return f.idle(ctx)
	}
	if state.Generation != f.g.num {
		f.verify.drop()
		return nil
	}
	all, err := f.g.snapshots(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.indexed && s.id.Seq > state.Applied {
			f.verify.drop() // that snapshot was given up
			return nil
		}
		if !s.indexed || s.id.Seq != state.Applied {
			continue
		}
		x, err := f.g.index(ctx, s.id)
		if errors.Is(err, ErrDamaged) {
			f.failed(err)
			continue
		}
		if err != nil {
			return err
		}
		f.verify.drop()
		if x.Sum != sum {
			return fmt.Errorf("%s: its rows after transaction %d of generation %d are not those of %s: %w", f.path,
				state.Applied, f.g.num, s.id.Prefix(), ErrDiverged)
		}
		f.set(func(s *FollowStatus) { s.Verified = state.Applied })
		f.o.Logger.Info("follow: the replica was compared with a snapshot", "target", f.t.String(), "generation", f.g.num, "transaction", state.Applied)
		return nil
	}
	return nil
}

// idleLooks is how many looks apart a follower searches for a snapshot of the state that it shows: one of a database
// at rest is not announced by a log object.
const idleLooks = 60

// idle computes the digest of the present state, if there is a snapshot of it.
func (f *Follower) idle(ctx context.Context) error {
	if f.idled++; f.idled%idleLooks != 0 || f.Status().Verified == f.state.Applied {
		return nil
	}
	all, err := f.g.snapshots(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.indexed && s.id.Seq == f.state.Applied {
			f.verify.begin(ctx, f.db, f.state)
		}
	}
	return nil
}
