// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/check"
)

// checkInput is what a check of the whole database looks at. The turns are taken in their
// order: the log is looked at with the writer's, and within that the meta pages with the
// checkpointer's.
func checkInput(db *DB) check.Input {
	return check.Input{
		Path: db.path,
		File: db.bf, Decode: db.secret.Decode, Keys: db.secret.Keys(),
		State: func() (check.State, func()) {
			st, account := db.ledger.PinAccount()
			s := check.State{Disk: st.Disk, Account: account, Live: st.Live}
			if st.HasOld {
				s.Old = st.Old
			}
			return s, func() { db.ledger.Release(st) }
		},
		Meta: func(ctx context.Context, look func(check.Meta)) {
			if db.worker.Checkpointer.Take(ctx) != nil {
				return
			}
			defer db.worker.Checkpointer.Release()
			stored := db.ledger.Stored()
			m := check.Meta{Newest: stored.Meta, Synced: stored.Synced}
			// The other page holds the same checkpoint, unless the last one could not be
			// stored on both. A handle that only reads, and a database without any
			// checkpoint but the empty one, know nothing of it.
			m.Pair = !stored.Restore && stored.Synced > base.EmptySnapshotID && !db.readOnly()
			look(m)
		},
		Log: func(look func(check.Log)) {
			if db.files.Log() == nil || !db.writer.Turn.Try() {
				return
			}
			defer db.writer.Turn.Release()
			db.writer.WriteLog()
			look(check.Log{File: db.files.Log(), Regions: db.writer.Log().Regions(), End: db.writer.Log().End(),
				Broken: db.writer.Log().Broken()})
		},
	}
}
