// SPDX-License-Identifier: Apache-2.0

package overlay_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/overlay"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// many is a model where several write at a time, isolated by snapshots, and where what reads in a transaction
// ends with it: what a store on a server may be like.
type many struct {
	*storetest.Model
	mu      *sync.Mutex
	commits *[]commit
	open    *atomic.Int64 // transactions
}

// commit is what a transaction has changed.
type commit struct {
	keys   []string
	ranges [][2]string
}

func (c *commit) touches(key string) bool {
	return slices.Contains(c.keys, key) || slices.ContainsFunc(c.ranges, func(r [2]string) bool { return r[0] < key && key < r[1] })
}

func openMany(*testing.T) func() (store.Store, error) {
	m := &many{storetest.NewModel(nil), new(sync.Mutex), new([]commit), new(atomic.Int64)}
	return func() (store.Store, error) { m.Open(); return m, nil }
}

func (m *many) Caps() store.Caps {
	return store.Caps{MaxKey: 2600, MaxValue: 1 << 19, MaxTx: 4 << 20, CommitConflicts: true, WriteSkew: true, ReadsEndWithTx: true}
}

// Writer is what the model knows and this store does not.
func (m *many) Writer() {}

func (m *many) Close() error {
	if m.open.Load() > 0 {
		return &errs.Error{Code: errs.CodeBusy, Op: "close"}
	}
	return m.Model.Close()
}

func (m *many) Ping(ctx context.Context) error { return ctx.Err() }

// ending is a snapshot that ends with a transaction.
type ending struct {
	store.Snapshot
	begun    int
	mayWrite bool
	gone     *atomic.Bool
	uses     int // of the caller, and of a transaction
}

// Close leaves the state to a transaction that has begun from it.
func (s *ending) Close() error {
	if s.uses--; s.uses > 0 {
		return nil
	}
	return s.Snapshot.Close()
}

func (s *ending) check() error {
	if s.gone.Load() {
		return &errs.Error{Code: errs.CodeSnapshotGone, Op: "read"}
	}
	return nil
}

func (s *ending) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	if err := s.check(); err != nil {
		return dst, false, err
	}
	return s.Snapshot.Get(ctx, dst, key)
}

func (s *ending) Cursor(ctx context.Context) (store.Cursor, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	c, err := s.Snapshot.Cursor(ctx)
	return &endingCursor{c, s, nil}, err
}

type endingCursor struct {
	store.Cursor
	s   *ending
	err error
}

func (c *endingCursor) Seek(ctx context.Context, r *store.Range) bool {
	c.err = c.s.check()
	return c.err == nil && c.Cursor.Seek(ctx, r)
}

func (c *endingCursor) Next(ctx context.Context) bool {
	c.err = c.s.check()
	return c.err == nil && c.Cursor.Next(ctx)
}

func (c *endingCursor) Err() error {
	if c.err != nil {
		return c.err
	}
	return c.Cursor.Err()
}

func (m *many) Snapshot(ctx context.Context, mayWrite bool) (store.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	snap, err := m.Model.Snapshot(ctx, true)
	if err != nil {
		return nil, err
	}
	return &ending{snap, len(*m.commits), mayWrite, new(atomic.Bool), 1}, nil
}

func (m *many) Begin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	own := from == nil
	if own {
		var err error
		if from, err = m.Snapshot(ctx, true); err != nil {
			return nil, err
		}
	}
	snap := from.(*ending)
	if !snap.mayWrite {
		return nil, &errs.Error{Code: errs.CodeMisuse, Op: "begin"}
	}
	if !own {
		snap.uses++
	}
	m.open.Add(1)
	end := func() error {
		m.open.Add(-1)
		snap.gone.Store(true)
		return snap.Close()
	}
	return overlay.New(overlay.Options{
		Snapshot: snap, Caps: m.Caps(),
		Apply: func(ctx context.Context, w *overlay.Writes) error {
			return errors.Join(m.apply(ctx, snap.begun, w), end())
		},
		Rollback: func(context.Context) error { return end() },
	}), nil
}

// apply looks for a commit since the transaction began that has touched what it has written.
func (m *many) apply(ctx context.Context, begun int, w *overlay.Writes) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var own commit
	for after, before := range w.Ranges() {
		own.ranges = append(own.ranges, [2]string{string(after), string(before)})
	}
	for key := range w.Deletes() {
		own.keys = append(own.keys, string(key))
	}
	for key := range w.Puts() {
		own.keys = append(own.keys, string(key))
	}
	for _, c := range (*m.commits)[begun:] {
		if slices.ContainsFunc(own.keys, c.touches) || slices.ContainsFunc(c.keys, own.touches) {
			return &errs.Error{Code: errs.CodeConflict, Op: "commit"}
		}
	}
	tx, err := m.Model.Begin(ctx, nil)
	if err != nil {
		return err
	}
	if err := apply(ctx, tx, w); err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	*m.commits = append(*m.commits, own)
	return tx.Commit(ctx)
}

// The suite holds for stores with many writers, too.
func TestManyWriters(t *testing.T) { storetest.Test(t, openMany) }

func TestRandomManyWriters(t *testing.T) {
	for s := uint64(1); s <= 5; s++ {
		rng := rand.New(rand.NewPCG(s, 2))
		st, err := openMany(t)()
		if err != nil {
			t.Fatal(err)
		}
		err = storetest.Random(st, rng, enginetest.NewGen(rng, 256, 8<<10), 4000)
		if err := errors.Join(err, st.Close()); err != nil {
			t.Fatalf("seed %d: %v", s, err)
		}
	}
}
