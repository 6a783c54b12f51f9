// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Optimize brings everything that is flushed into one densely packed segment at the beginning
// of the file, makes that durable, and cuts off the free end of the file.
func (r *Request) Optimize(ctx context.Context) error {
	w := r.w
	// The second time there is something to do only if the merge left gaps in which it does
	// not fit: how large it would be was not known before.
	for range 2 {
		before := r.PagesWritten
		if err := r.mergeToOne(ctx, Unlimited, w.placeOfMerge); err != nil {
			return err
		}
		if r.PagesWritten == before && r.Phase == PhaseCheckpoint {
			break
		}
		r.Begin(PhaseCheckpoint, 0)
		if _, err := w.Checkpoint(ctx, r.op); err != nil {
			return err
		}
	}
	moved, err := r.compact(ctx)
	if err != nil {
		return err
	}
	if moved {
		r.Begin(PhaseCheckpoint, 0)
		if _, err := w.Checkpoint(ctx, r.op); err != nil {
			return err
		}
	}
	r.Begin(PhaseTruncate, 0)
	err = w.truncate(ctx, r.op)
	r.finish(err)
	return err
}

// placeOfMerge decides where the merge of all levels goes, so that the file has no gaps at
// the end: to the lowest free blocks if the result has almost no gaps then, else after the
// last block in use. In that case all blocks before the result are free afterwards, and
// compact takes it there. The blocks that will be free cannot be counted on earlier than
// that: a checkpoint that another caller makes adds to them while the merge is running.
func (w *Worker) placeOfMerge() place {
	room := w.Ledger.Room()
	return placeIn(&room, w.blocksFor(room.Levels))
}

// placeIn is placeOfMerge for a merge that fills n blocks at most.
func placeIn(room *ledger.Room, n int) place {
	low := place{whole: true}
	free, end := room.Free, room.End
	tolerable := base.BlockNo(n + n/32 + 1)
	if len(room.Levels) == 1 && room.Levels[0].Merging == nil && !room.Levels[0].Seg.MayLink {
		// Nothing is to be merged, and perhaps it can be moved to the front at once.
		if end <= tolerable || n < len(free) && free[n] <= tolerable {
			return low
		}
		return place{above: end, whole: true}
	}
	last := room.Blocks + base.BlockNo(max(n-len(free), 0))
	if n <= len(free) && n > 0 {
		last = free[n-1]
	}
	if last <= tolerable {
		return low
	}
	return place{above: end, whole: true}
}

// blocksFor returns how many blocks the merge of some levels fills at most.
func (w *Worker) blocksFor(levels []*snapshot.Level) int {
	_, pages := sizeOf(levels)
	ppb := w.File.Geometry().PagesPerBlock()
	return int((pages + ppb - 1) / ppb)
}

// compactable reports whether the file could end earlier if its only level was written again.
func (w *Worker) compactable() bool {
	room := w.Ledger.Room()
	if len(room.Levels) == 0 || numUserLevels(room.Levels) > 1 || w.jobs[merge.Flush] != nil {
		return false
	}
	n := w.blocksFor(room.Levels) + 1 // block 1 has room for fewer pages
	return n <= len(room.Free) && room.Free[n-1] < room.End
}

// compact writes the only level again if the file can then end earlier. It reports whether
// it did.
func (r *Request) compact(ctx context.Context) (moved bool, err error) {
	w := r.w
	var again *job
	err = r.InSlices(ctx, func() (int, bool, error) {
		if again == nil {
			if w.merging() || !w.compactable() {
				return 0, true, nil
			}
			j, err := w.newJob(plan{hi: len(w.Ledger.Newest().Disk.Levels), at: place{whole: true}})
			if err != nil {
				return 0, false, err
			}
			again, w.jobs[merge.Main] = j, j
			r.Begin(PhaseCompact, j.inputPages)
		}
		if w.jobs[merge.Main] != again { // another goroutine has ended it
			moved = true
			return 0, true, nil
		}
		n, err := w.Work(ctx, Order{Pages: StepPages})
		moved = err == nil && w.jobs[merge.Main] != again
		return n, moved, err
	})
	if err != nil && again != nil {
		w.giveUp(ctx, again)
	}
	return moved, err
}

// giveUp abandons a job that only its caller wanted, and that nobody else is to go on with.
func (w *Worker) giveUp(ctx context.Context, j *job) {
	if w.Turn.Take(context.WithoutCancel(ctx)) != nil {
		return
	}
	defer w.Turn.Release()
	if w.jobs[merge.Main] == j {
		w.abandon(j)
		w.forget(j)
	}
}

// truncate cuts the file after the last block that the newest checkpoint or any reader in
// this process or another may still read.
func (w *Worker) truncate(ctx context.Context, op string) error {
	if err := w.Take(ctx, op); err != nil {
		return err
	}
	defer w.Turn.Release()
	end, ok, err := w.Ledger.Unused()
	if err != nil || !ok {
		return err
	}
	foreign, err := w.Ledger.ForeignReader()
	if err != nil || foreign {
		return err
	}
	return w.File.Truncate(end)
}
