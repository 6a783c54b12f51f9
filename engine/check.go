// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"iter"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/check"
)

// Problem is something that Check found wrong.
type Problem struct {
	File    string
	Page    int64  // page, 0 if no page is concerned
	Offset  int64  // byte offset in the file, -1 if unknown
	Segment string // which level and segment, empty if none
	Detail  string
}

// String renders the problem on one line.
func (p Problem) String() string { return check.Problem(p).String() }

// Check reads everything that the newest committed state refers to, from the files, without the
// page cache, and yields what is wrong with it: the meta pages, the place of each block, every
// page, record and b-tree of every segment, the free list, the log and the trees in memory. A
// sound database yields nothing.
//
// One problem does not hide others: a page that cannot be read is reported, and the check
// goes on after it. Only if the length of a compressed page is damaged, the check does not know
// where the next page begins, and omits the rest of that segment. Memory in use is bounded, apart
// from a few words for each block.
//
// Check may be called at any time, from any goroutine. It shows one state, and while it
// runs nothing of that state is overwritten; readers and writers go on. A writer must wait only
// while the log is read; if a transaction is in progress the log is not read. When ctx ends, so
// does the sequence; ctx.Err then says that it is not complete.
func (db *DB) Check(ctx context.Context) iter.Seq[Problem] {
	return func(yield func(Problem) bool) {
		if err := db.enter("check"); err != nil {
			if ctx.Err() == nil {
				yield(Problem{File: db.path, Offset: -1, Detail: err.Error()})
			}
			return
		}
		defer db.leave()
		check.Run(ctx, checkInput(db), func(p check.Problem) bool { return yield(Problem(p)) })
	}
}

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
			look(check.Log{File: db.files.Log(), Regions: db.writer.Log().Regions(), End: db.writer.Log().End()})
		},
	}
}
