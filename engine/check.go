// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"iter"

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
// while the log is read; if a transaction is in progress the log is not read. Of a database that another process
// writes, neither log nor meta pages are checked, which that process changes. When ctx ends, so
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
		in := checkInput(db)
		if db.attached != nil {
			var release func()
			var err error
			if in, release, err = db.attached.checkInput(ctx); err != nil {
				if ctx.Err() == nil {
					yield(Problem{File: db.path, Offset: -1, Detail: err.Error()})
				}
				return
			}
			defer release()
		}
		check.Run(ctx, in, func(p check.Problem) bool { return yield(Problem(p)) })
	}
}
