// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/check"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// checkInput is what a check of a database looks at that another process writes: the newest checkpoint and its free
// list, and what the log has after it. Meta pages and log belong to that process, which changes them. It ends early
// if the checkpoint is not kept until the end. release is called when the check has ended.
func (a *attached) checkInput(ctx context.Context) (in check.Input, release func(), err error) {
	if err := a.turn.Take(ctx); err != nil {
		return in, nil, worker.WaitError("check", a.db.path, "the log of the process that writes", err)
	}
	defer a.turn.Release()
	if err := a.advance(ctx, "check"); err != nil {
		return in, nil, err
	}
	if a.rest != nil {
		in, release = a.rest.checkInput()
		return in, release, nil
	}
	db := a.db
	c, gone := a.follower.Newest()
	st, v := a.pin()
	account, err := accountOf(st.Disk, c)
	if err != nil {
		db.ledger.Release(st)
		return in, nil, err
	}
	return check.Input{
		Path: db.path, File: v.pages, Decode: db.secret.Decode, Keys: db.secret.Keys(), Gone: gone,
		State: func() (check.State, func()) {
			return check.State{Disk: st.Disk, Account: account, Live: st.Live}, func() {}
		},
		Meta: func(context.Context, func(check.Meta)) {},
		Log:  func(func(check.Log)) {},
	}, func() { db.ledger.Release(st) }, nil
}

// checkInput is what a check of files at rest looks at. They stay open, and are kept as they are, until release, also
// if the handle goes over to a process that writes meanwhile. What is found once there was such a process is no damage:
// it has changed the meta pages and the log, and one of C lsm1 may have written over anything. The caller has the turn.
func (r *resting) checkInput() (in check.Input, release func()) {
	r.uses.Add(1)
	in = checkInput(r.db)
	st, unpin := in.State() // now: if the handle itself has opened the files, its newest state may be another one soon
	in.State = func() (check.State, func()) { return st, func() {} }
	path := r.db.path
	in.Gone = func() error {
		if changed, err := r.watch.Changed(); err != nil || changed {
			return &Error{Code: CodeSnapshotGone, Op: "check", Path: path, Err: err,
				Detail: "another process has opened the database for writing meanwhile; check it again"}
		}
		return nil
	}
	return in, func() {
		unpin()
		r.uses.Add(-1)
	}
}

// accountOf returns the free blocks that a checkpoint and its segments list.
func accountOf(disk *snapshot.Snapshot, c *format.Checkpoint) (ledger.Account, error) {
	free, err := freeListOf(disk, c)
	if err != nil {
		return ledger.Account{}, err
	}
	return ledger.Account{Blocks: free.Blocks(), Free: free.Entries(), Delta: free.Delta()}, nil
}

// freeListOf returns the same as a list, which nothing is taken from.
func freeListOf(disk *snapshot.Snapshot, c *format.Checkpoint) (*freelist.List, error) {
	recorded, err := cursor.RecordedFree(disk)
	if err != nil {
		return nil, err
	}
	return freelist.New(c.Blocks, recorded, c.Free)
}
