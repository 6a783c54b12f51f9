// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// leastShare is the least that is worth doing after a commit, in bytes: some records. Less than
// that would cost more to begin than to do, and more would be felt in the commit.
const leastShare = 1 << 9

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
	if !st.HasOld && (len(st.Disk.Levels) < 2 || w.nothingLeft(st)) {
		w.pace.credit = 0
		return
	}
	depth := st.Disk.NumSegments() + 1
	if st.HasOld {
		depth += 2
	}
	earned := bytes*depth + 1
	w.pace.credit += earned
	if w.pace.credit < leastShare && !full && !w.flushLags(st, inline) {
		return
	}
	// What small commits have saved up is done in steps of the same length.
	share := min(w.pace.credit, max(earned, leastShare))
	w.pace.credit -= share
	w.commitShare(int64(share), full)
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
func (w *Worker) commitShare(share int64, full bool) {
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
	err := w.commitBytes(ctx, share, full)
	if full {
		waiting.End()
	}
	watch.End(err)
	if err != nil {
		w.failed(w.working, ByCommit, err)
	}
}

// commitBytes is commitShare with the worker's turn.
func (w *Worker) commitBytes(ctx context.Context, share int64, full bool) error {
	if full {
		if _, err := w.Work(ctx, Order{Pages: Unlimited, FlushOnly: true, Patient: true}); err != nil {
			return err
		}
		if err := w.live.RotateIfFull(); err != nil {
			return err
		}
	}
	n, err := w.workBytes(ctx, Order{Patient: true}, share)
	if err != nil {
		return err
	}
	w.pace.overdone(n - share)
	if n < share {
		w.failures.settle(flushTask, mergeTask)
		w.seeNothingLeft(w.Tuning.Load())
	}
	for st := w.Ledger.Newest(); w.flushLags(st, inline) || w.flushIsDue(st); st = w.Ledger.Newest() {
		n, err := w.workBytes(ctx, Order{FlushOnly: true, Patient: true}, leastShare)
		if n == 0 || err != nil {
			return err
		}
	}
	return nil
}

// overdone takes from what writes have earned what was done for them beyond that: a step ends with a
// whole record, and where records are as long as steps that is much. But a long value is not
// made up for by doing nothing for as long. The caller has the writer's turn.
func (p *pace) overdone(bytes int64) {
	if bytes > 0 {
		p.credit -= int(min(bytes, leastShare))
	}
}

// flushIsDue reports whether the old tree should be flushed by now, which is more than that all of its
// records are written.
func (w *Worker) flushIsDue(st *snapshot.State) bool {
	return st.HasOld && w.live.Fill(st) >= inline.end && !w.failures.failing[flushTask].Load()
}
