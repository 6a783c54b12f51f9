// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// pace says how far the work has come that writers depend on. Memory stays bounded only if
// the old tree is flushed before the live one is full, and the number of segments only if a
// merge ends before too many more are flushed. Both are followed as fractions, from the
// beginning on: a writer that waits (or works) a little with each commit as soon as the work lags
// never has to wait for all of it at once.
//
//	live tree  |....25 %.......................90 %....| full
//	flush            0 % ---- has to be at ---- 100 %
//
// The goroutine that has the worker's turn writes it, the writer reads it.
type pace struct {
	flushed, toFlush atomic.Int64                   // records of the old tree
	merged, toMerge  atomic.Int64                   // pages
	stored           atomic.Uint32                  // pages written in all when the newest checkpoint was made
	above            atomic.Pointer[snapshot.Level] // the newest input of the largest merge
	before           atomic.Int64                   // pages on top of it that were there before it began
	step             chan struct{}                  // capacity 1: something has got further
	timer            *time.Timer                    // the writer's
	credit           int                            // pages of work that writes so far have earned; the writer's
}

const (
	// From softSegments on merges are paced, so that they end before hardSegments.
	softSegments = merge.MaxSegments / 2
	hardSegments = merge.MaxSegments - 2
	// growthPart is the part of the size of a merge's inputs that may be flushed while it goes on,
	// if that is leastTrees trees or more.
	growthPart = 8
	leastTrees = 2
	// checkpointFactor is how many times what makes a checkpoint due may come together before
	// commits wait for the checkpointer.
	checkpointFactor = 2
	// maxWait is how long one commit waits for the background at most, and maxWaitByte what is
	// added for each byte that it wrote. What is still not back in step then is waited for by
	// the next commits, and in the end, for a flush, by the next transaction's beginning.
	maxWait     = 2 * time.Millisecond
	maxWaitByte = time.Microsecond
)

// advanced notes how far the jobs are. The caller has the worker's turn.
func (w *Worker) advanced() {
	w.Turn.MustBeHeld()
	p := &w.pace
	var flushed, toFlush, merged, toMerge, before int64
	var above *snapshot.Level
	if j := w.jobs[merge.Flush]; j != nil {
		flushed, toFlush = j.Flushed()
	}
	if j := w.jobs[merge.Main]; j != nil {
		merged, toMerge, above = j.Pages(), j.inputPages, j.inputs[0]
		if now, ok := w.pagesOn(w.Ledger.Newest(), above); ok {
			j.before = min(j.before, now) // merges of newer levels make them smaller
		}
		before = j.before
	}
	p.flushed.Store(flushed)
	p.toFlush.Store(toFlush)
	p.merged.Store(merged)
	p.toMerge.Store(toMerge)
	p.above.Store(above)
	p.before.Store(before)
	wake(p.step)
}

// Fraction returns done/all, or 0 if there is nothing to be done.
func Fraction(done, all int64) float64 {
	if all <= 0 {
		return 0
	}
	return float64(done) / float64(all)
}

// flushLags reports whether the flush of the old tree should be further by now, if it has to
// begin and to end in a part of the filling of the live tree. While it fails nobody waits for
// it, before the next transaction has to make room.
func (w *Worker) flushLags(st *snapshot.State, in part) bool {
	if !st.HasOld || w.failures.failing[flushTask].Load() {
		return false
	}
	want := (w.live.Fill(st) - in.start) / (in.end - in.start)
	return want > 0 && Fraction(w.pace.flushed.Load(), w.pace.toFlush.Load()) < min(want, 1)
}

// mergeLags reports whether the running merge should be further by now.
func (w *Worker) mergeLags(st *snapshot.State) bool {
	n := st.Disk.NumSegments()
	all := w.pace.toMerge.Load()
	if all == 0 || w.failures.failing[mergeTask].Load() {
		return false
	}
	want := w.growth(st, all)
	if n > softSegments {
		want = max(want, (float64(n-softSegments-1)+min(w.live.Fill(st), 1))/(hardSegments-softSegments))
	}
	return Fraction(w.pace.merged.Load(), all) < min(want, 1)
}

// growth says how much of what may be flushed on top of a merge of that many pages has been:
// it takes up space next to the merge's inputs and its output.
func (w *Worker) growth(st *snapshot.State, pages int64) float64 {
	above := w.pace.above.Load()
	if above == nil {
		return 0
	}
	newer, ok := w.pagesOn(st, above)
	if !ok { // the merge has just been published, as a whole or in part
		return 0
	}
	newer = max(newer-w.pace.before.Load(), 0)
	tree := w.Tuning.Load().AutoFlush / w.pageSize()
	most := max(pages/growthPart, leastTrees*tree, 1)
	return (float64(newer) + min(w.live.Fill(st), 1)*float64(tree)) / float64(most)
}

// pagesOn returns the pages of the levels that are newer than one of them; ok is false if that one is
// gone.
func (w *Worker) pagesOn(st *snapshot.State, level *snapshot.Level) (pages int64, ok bool) {
	at := slices.Index(st.Disk.Levels, level)
	if at < 0 {
		return 0, false
	}
	for _, l := range st.Disk.Levels[:at] {
		pages += w.File.PagesIn(l.Seg.Size)
	}
	return pages, true
}

// checkpointLags reports whether a checkpointer that is a goroutine of its own should have
// made the next checkpoint by now: until then no space that merges have freed can be used
// again, and the file and its log grow.
func (w *Worker) checkpointLags() bool {
	if w.bg.checkpointer == nil || w.failures.failing[checkpointTask].Load() {
		return false
	}
	limit := w.Tuning.Load().AutoCheckpoint
	since := int64(w.File.Written()-w.pace.stored.Load()) * w.pageSize()
	return (limit > 0 && since > checkpointFactor*limit || w.logLags(checkpointFactor)) && w.due()
}

// lag is the work that lags, if any does.
func (w *Worker) lag() (Reason, bool) {
	if w.checkpointLags() {
		return StallCheckpoint, true
	}
	if w.bg.merger == nil {
		return 0, false
	}
	st := w.Ledger.Newest()
	if w.flushLags(st, inBackground) {
		return StallFlush, true
	}
	return StallMerge, w.mergeLags(st)
}

// keepPace makes a commit of the given number of bytes wait while the work in the background
// lags, for a time in proportion to what was written. The caller has the writer's turn.
func (w *Worker) keepPace(bytes int) {
	reason, lags := w.lag()
	if !lags {
		return
	}
	p := &w.pace
	wait := maxWait + time.Duration(bytes)*maxWaitByte
	if p.timer == nil {
		p.timer = time.NewTimer(wait)
	} else {
		p.timer.Reset(wait)
	}
	defer p.timer.Stop()
	wake(w.bg.checkpointer)
	waiting := w.Stall(reason, "commit")
	defer waiting.End()
	for ; lags; _, lags = w.lag() {
		if w.Host.Stopped() != nil {
			return // the next transaction returns the error
		}
		select {
		case <-p.step:
			continue
		default:
		}
		select {
		case <-p.step:
			sched.Point("work has advanced")
		case <-p.timer.C:
			sched.Point("work is too slow")
			return
		}
	}
}
