// SPDX-License-Identifier: Apache-2.0

package simulate

import "github.com/lsmlite/lsmlite-go/engine/internal/merge"

// The numbers of package worker that its pace depends on.
const (
	stepPages       = 64
	leastPages      = 2
	partBlocks      = 4
	youngPartBlocks = 64
	partOfInputs    = 32
	leftPages       = 16
	softSegments    = merge.MaxSegments / 2
	hardSegments    = merge.MaxSegments - 2
	maxWait         = 2e-3 // seconds
	maxWaitByte     = 1e-6
	unlimited       = int64(1) << 60
)

// work flushes and merges until the budget is used up or nothing is left to do.
func (w *world) work(budget int64, flushOnly bool) (done int64) {
	for done < budget {
		j := w.nextJob(flushOnly)
		if j == nil {
			return done
		}
		done += w.step(j, min(budget-done, stepPages))
	}
	return done
}

// commit applies n operations and does what a commit of them does afterwards.
func (w *world) commit(n float64) {
	w.live.Content = w.grow(n)
	w.ops += n
	w.live.bytes += n * w.treeRecord()
	w.live.log += n * w.logRecord()
	w.rotateIfFull()
	if w.Background {
		w.seconds += n * w.RowSeconds
		w.inBackground(n * w.logRecord())
		return
	}
	w.inline(n * w.logRecord())
}

// inline is Worker.AfterCommit without a goroutine.
func (w *world) inline(bytes float64) {
	full := w.hasOld && w.fill() >= 1
	if !w.hasOld && len(w.levels) < 2 {
		w.credit = 0
		return
	}
	depth := w.segments() + 1
	if w.hasOld {
		depth += 2
	}
	w.credit += bytes*float64(depth) + 1
	pages := int64(w.credit) / int64(w.PageSize)
	if pages < leastPages && !full && !w.flushLags(0, 0.75) {
		return
	}
	w.credit = 0
	var did int64
	if full {
		did += w.work(unlimited, true)
		w.rotateIfFull()
	}
	did += w.work(pages, false)
	for w.flushLags(0, 0.75) {
		n := w.work(leastPages, true)
		if did += n; n == 0 {
			break
		}
	}
	w.seen.commit(did)
}

// inBackground is what the merger does while a commit goes on, and how long the commit waits
// for it: Worker.AfterCommit and the writer's room for the next transaction.
func (w *world) inBackground(bytes float64) {
	did := w.work(int64(w.seconds/w.PageSeconds), false)
	if w.seconds -= float64(did) * w.PageSeconds; w.seconds > w.PageSeconds {
		w.seconds = 0 // nothing was left to do
	}
	waited, most := 0.0, maxWait+bytes*maxWaitByte
	for waited < most && (w.flushLags(0.25, 0.90) || w.mergeLags()) {
		n := w.work(stepPages, false)
		if n == 0 {
			break
		}
		waited += float64(n) * w.PageSeconds
	}
	for w.hasOld && w.live.bytes+w.old.bytes >= 3*float64(w.Settings.AutoFlush) {
		waited += float64(w.work(stepPages, true)) * w.PageSeconds
	}
	w.rotateIfFull()
	w.waited += waited
	w.seen.commit(int64(waited / w.PageSeconds))
}

// flushLags reports whether the flush should be further, if it begins and ends in a part of the
// filling of the live tree.
func (w *world) flushLags(start, end float64) bool {
	if !w.hasOld {
		return false
	}
	done := 0.0
	if j := w.jobs[merge.Flush]; j != nil {
		done = float64(j.done) / float64(j.cost)
	}
	want := (w.fill() - start) / (end - start)
	return want > 0 && done < min(want, 1)
}

// mergeLags reports whether the running merge should be further by now.
func (w *world) mergeLags() bool {
	j, n := w.jobs[merge.Main], w.segments()
	if j == nil || n <= softSegments {
		return false
	}
	want := (float64(n-softSegments-1) + min(w.fill(), 1)) / (hardSegments - softSegments)
	return float64(j.done)/float64(j.cost) < min(want, 1)
}
