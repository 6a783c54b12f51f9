// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/backup"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// pinCheckpoint makes a checkpoint of everything that is committed. None of its blocks is
// written over until the caller calls release.
func pinCheckpoint(ctx context.Context, db *DB) (k backup.Checkpoint, release func(), err error) {
	if err := db.enter("backup"); err != nil {
		return k, nil, err
	}
	var st *snapshot.State
	if db.readOnly() {
		k, st, err = foundCheckpoint(db)
	} else {
		k, st, err = newestCheckpoint(ctx, db)
	}
	if err != nil {
		db.leave()
		return k, nil, err
	}
	return k, func() {
		db.ledger.Release(st)
		db.leave()
	}, nil
}

// foundCheckpoint is pinCheckpoint for a handle that only reads: the checkpoint that was
// found, provided that it holds everything.
func foundCheckpoint(db *DB) (backup.Checkpoint, *snapshot.State, error) {
	k, st := pinnedState(db)
	if !st.Live.Empty() || st.HasOld || len(k.Free) > format.MaxFreeEntries {
		db.ledger.Release(st)
		return k, nil, &Error{Code: CodeReadOnly, Op: "backup", Path: db.path,
			Detail: "the newest transactions are not in the database file, and this handle cannot write them to it; " +
				"use Backup, or a handle that writes"}
	}
	return k, st, nil
}

// newestCheckpoint is pinCheckpoint for a handle that writes.
func newestCheckpoint(ctx context.Context, db *DB) (k backup.Checkpoint, st *snapshot.State, err error) {
	if err := db.Flush(ctx); err != nil {
		return k, nil, err
	}
	if err := db.worker.Take(ctx, "backup"); err != nil {
		return k, nil, err
	}
	// Only the one who has the worker's turn changes levels and free list.
	defer db.worker.Turn.Release()
	if err := db.worker.FitFreelist(ctx); err != nil {
		return k, nil, err
	}
	mark.Hit(mark.BackupWaits)
	if err := db.worker.Store(ctx); err != nil {
		return k, nil, err
	}
	k, st = pinnedState(db)
	return k, st, nil
}

// pinnedState pins the newest state, and describes its levels as a checkpoint does.
func pinnedState(db *DB) (backup.Checkpoint, *snapshot.State) {
	st, ck, free := db.ledger.PinExport()
	return backup.Checkpoint{Checkpoint: ck, AllFree: free, File: db.files.Data()}, st
}
