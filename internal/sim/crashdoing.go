// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
)

// enter notes what the schedule has the database do. It returns what notes that the call is over.
func (c *crasher) enter(what string) (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.doing
	c.doing = what
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.doing = before
	}
}

// watched has a runner open the database through a store that notes what is being done.
func (c *crasher) watched(r *enginetest.Runner) *enginetest.Runner {
	open := r.Open
	c.doing = "other work"
	r.Open = func() (enginetest.Store, error) {
		defer c.enter("an opening")()
		s, err := open()
		if err != nil {
			return nil, err
		}
		return &watchedStore{c, s, s.(enginetest.Maintained)}, nil
	}
	return r
}

// watchedStore is the database of a crasher.
type watchedStore struct {
	c *crasher
	enginetest.Store
	enginetest.Maintained
}

// watchedTx is a transaction on it.
type watchedTx struct {
	c *crasher
	enginetest.Tx
}

func (s *watchedStore) Begin(ctx context.Context) (enginetest.Tx, error) {
	defer s.c.enter("a transaction")()
	tx, err := s.Store.Begin(ctx)
	if err != nil {
		return nil, err
	}
	s.c.inTx = true
	return watchedTx{s.c, tx}, nil
}

func (s *watchedStore) BeginFrom(ctx context.Context, snap enginetest.Snapshot) (enginetest.Tx, error) {
	tx, err := s.Store.(enginetest.Upgrader).BeginFrom(ctx, snap)
	if err != nil {
		return nil, err
	}
	s.c.inTx = true
	return watchedTx{s.c, tx}, nil
}

func (t watchedTx) Commit(ctx context.Context) error {
	defer t.c.enter("a commit")()
	t.c.inTx = false
	return t.Tx.Commit(ctx)
}

func (t watchedTx) Rollback() error {
	t.c.inTx = false
	return t.Tx.Rollback()
}

func (s *watchedStore) Flush(ctx context.Context) error {
	defer s.c.enter("a flush")()
	return s.Maintained.Flush(ctx)
}

func (s *watchedStore) Checkpoint(ctx context.Context) error {
	defer s.c.enter("a checkpoint")()
	return s.Maintained.Checkpoint(ctx)
}

func (s *watchedStore) Work(ctx context.Context, levels, pages int) error {
	defer s.c.enter("a merge")()
	return s.Maintained.Work(ctx, levels, pages)
}

func (s *watchedStore) Optimize(ctx context.Context) error {
	defer s.c.enter("an optimize")()
	return s.Maintained.Optimize(ctx)
}

// Close closes the other handles first, if the database refuses it while they are open. Those of other processes go on.
func (s *watchedStore) Close() error {
	if err := s.Store.Close(); !errors.Is(err, engine.ErrBusy) || len(s.c.handles) == 0 {
		for _, h := range s.c.handles {
			h.outlives = h.outlives || err == nil
		}
		return err
	}
	if err := s.c.letGo(); err != nil {
		return err
	}
	defer s.c.enter("a closing")()
	return s.Store.Close()
}
