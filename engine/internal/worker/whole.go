// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Some flushes the old tree, if there is one, and merges segments, within a budget of pages.
// minLevels is as in Order; 1 merges all levels into one.
func (r *Request) Some(ctx context.Context, pages, minLevels int) error {
	r.Begin(PhaseMerge, 0)
	left := func() int { return pages - int(r.PagesWritten) }
	err := r.InSlices(ctx, func() (int, bool, error) {
		slice := min(left(), StepPages)
		n, err := r.w.Work(ctx, Order{Pages: slice, MinLevels: minLevels})
		return n, n < slice || n >= left(), err
	})
	if err == nil && minLevels == 1 && left() > 0 {
		err = r.mergeToOne(ctx, left(), nil)
	}
	r.Done = err == nil && left() > 0
	return err
}

// mergeToOne merges all levels into one, within a budget of pages. What is flushed meanwhile
// stays on top. A merge that is running already is finished first. The result goes to where
// choose says when the merge begins; choose may be nil.
func (r *Request) mergeToOne(ctx context.Context, pages int, choose func() place) error {
	w := r.w
	var all *job
	return r.InSlices(ctx, func() (int, bool, error) {
		if all == nil && !w.merging() {
			disk := w.Ledger.Newest().Disk
			levels := disk.Levels
			var at place
			if choose != nil {
				at = choose()
			}
			switch {
			case numUserLevels(levels) == 0:
				return 0, true, nil
			case len(levels) == 1 && levels[0].Merging == nil && at.above == 0 && !levels[0].Seg.MayLink && len(disk.Redirects) == 0:
				return 0, true, nil // it is one segment that lsmlite wrote, and plain
			}
			var err error
			if all, err = w.newJob(plan{hi: len(levels), at: at}); err != nil {
				return 0, false, err
			}
			mark.Hit(mark.OptimizeWhole)
			w.jobs[merge.Main] = all
			r.Begin(PhaseMerge, all.inputPages)
		}
		if all != nil && w.jobs[merge.Main] != all {
			return 0, true, nil
		}
		n, err := w.Work(ctx, Order{Pages: min(pages, StepPages)})
		pages -= n
		return n, pages <= 0 || all != nil && w.jobs[merge.Main] != all, err
	})
}

// mergeAll merges all levels into one to the end. The caller has the worker's turn.
func (w *Worker) mergeAll(ctx context.Context) error {
	w.Turn.MustBeHeld()
	for worthMerging := 1; ; worthMerging = 2 {
		levels := w.Ledger.Newest().Disk.Levels
		if !w.merging() {
			// The checkpoint after a merge may add a level of free-list entries. Such a
			// level alone is no reason to merge again, or the two would take turns forever.
			if len(levels) < 2 || numUserLevels(levels) < worthMerging {
				return nil
			}
			j, err := w.newJob(plan{hi: len(levels)})
			if err != nil {
				return err
			}
			w.jobs[merge.Main] = j
		}
		for w.merging() {
			if _, err := w.Work(ctx, Order{Pages: StepPages}); err != nil {
				return err
			}
		}
	}
}

// numUserLevels counts the levels that hold more than free-list entries.
func numUserLevels(levels []*snapshot.Level) int {
	n := 0
	for _, l := range levels {
		if !l.FreelistOnly {
			n++
		}
	}
	return n
}
