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
)

// checkInput is what a check of a database looks at that another process writes: the newest checkpoint and its free
// list, and what the log has after it. Meta pages and log belong to that process, which changes them. It ends early
// if the checkpoint is not kept until the end.
func (a *attached) checkInput(ctx context.Context) (check.Input, error) {
	if err := a.refresh(ctx, "check"); err != nil {
		return check.Input{}, err
	}
	if err := a.turn.Take(ctx); err != nil {
		return check.Input{}, err
	}
	defer a.turn.Release()
	if a.rest != nil {
		return checkInput(a.rest.db), nil
	}
	db := a.db
	c, gone := a.follower.Newest()
	st := db.ledger.Acquire()
	account, err := accountOf(st.Disk, c)
	if err != nil {
		db.ledger.Release(st)
		return check.Input{}, err
	}
	return check.Input{
		Path: db.path, File: a.pages.Load(), Decode: db.secret.Decode, Keys: db.secret.Keys(), Gone: gone,
		State: func() (check.State, func()) {
			return check.State{Disk: st.Disk, Account: account, Live: st.Live}, func() { db.ledger.Release(st) }
		},
		Meta: func(context.Context, func(check.Meta)) {},
		Log:  func(func(check.Log)) {},
	}, nil
}

// accountOf returns the free blocks that a checkpoint and its segments list.
func accountOf(disk *snapshot.Snapshot, c *format.Checkpoint) (ledger.Account, error) {
	recorded, err := cursor.RecordedFree(disk)
	if err != nil {
		return ledger.Account{}, err
	}
	free, err := freelist.New(c.Blocks, recorded, c.Free)
	if err != nil {
		return ledger.Account{}, err
	}
	return ledger.Account{Blocks: free.Blocks(), Free: free.Entries(), Delta: free.Delta()}, nil
}
