// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
)

// leastPages is the least that is worth doing after a commit: about what a job does before
// it looks at its budget for the first time.
const leastPages = 2

// AfterCommit does, or waits for, the share of flushing and merging that a commit owes which
// wrote the given number of bytes. The caller has the writer's turn. An error is not the
// commit's: it is kept for the next transaction.
func (w *Worker) AfterCommit(bytes int) {
	if !w.Tuning.Load().AutoWork {
		return
	}
	if w.bg.merger != nil || w.bg.checkpointer != nil {
		w.wakeMerger()
		w.keepPace(bytes)
	}
	if w.bg.merger != nil {
		return
	}
	// As lsm1's autowork does: about as many pages for each level as were written, so
	// that merging keeps pace with the writes whatever their rate.
	st := w.Ledger.Newest()
	full := st.HasOld && w.live.Fill(st) >= 1 && w.failures.wait(flushTask) == 0
	w.tryCheckpointAgain()
	if !st.HasOld && len(st.Disk.Levels) < 2 {
		w.pace.credit = 0
		return
	}
	depth := st.Disk.NumSegments() + 1
	if st.HasOld {
		depth += 2
	}
	w.pace.credit += bytes*depth + 1
	pages := w.pace.credit / int(w.pageSize())
	if pages < leastPages && !full && !w.flushLags(st, inline) {
		return
	}
	w.pace.credit = 0
	w.commitShare(pages, full)
}

// tryCheckpointAgain is checkpointAgain for a commit.
func (w *Worker) tryCheckpointAgain() {
	if !w.failures.failing[checkpointTask].Load() || !w.Turn.Try() {
		return
	}
	defer w.Turn.Release()
	if err := w.checkpointAgain(context.Background()); err != nil {
		w.failed(checkpointTask, ByCommit, err)
	}
}

// commitShare is the work of one commit. The flush of the old tree goes on until it has come
// as far as the live tree is filled; if that one is full, too, to the end, and the live tree
// becomes the old one.
func (w *Worker) commitShare(pages int, full bool) {
	ctx := context.Background() // a commit that is done must not stop half way
	if !full && !w.Turn.Try() {
		return // another goroutine does the work
	}
	var waiting Stall
	if full {
		waiting = w.Stall(StallFlush, "commit")
		_ = w.Turn.Take(ctx) // which fails only if the context ends
	}
	defer w.Turn.Release()
	watch := w.Watch(ByCommit)
	err := w.commitPages(ctx, pages, full)
	if full {
		waiting.End()
	}
	watch.End(err)
	if err != nil {
		w.failed(w.working, ByCommit, err)
	}
}

// commitPages is commitShare with the worker's turn.
func (w *Worker) commitPages(ctx context.Context, pages int, full bool) error {
	if full {
		if _, err := w.Work(ctx, Order{Pages: Unlimited, FlushOnly: true, Patient: true}); err != nil {
			return err
		}
		if err := w.live.RotateIfFull(); err != nil {
			return err
		}
	}
	n, err := w.Work(ctx, Order{Pages: pages, Patient: true})
	if err != nil {
		return err
	}
	if n < pages {
		w.failures.settle(flushTask, mergeTask)
	}
	for st := w.Ledger.Newest(); w.flushLags(st, inline); st = w.Ledger.Newest() {
		n, err := w.Work(ctx, Order{Pages: leastPages, FlushOnly: true, Patient: true})
		if n == 0 || err != nil {
			return err
		}
	}
	return nil
}
