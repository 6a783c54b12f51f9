// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// background is the goroutines of a database and how they are woken. They contain no
// logic of their own: they call the same steps as the inline mode, under the same turns.
type background struct {
	merger, checkpointer chan struct{} // capacity 1; nil if there is no such goroutine
	cancel               context.CancelFunc
	running              sync.WaitGroup
	// seen is what the merger, or a commit, has found nothing to do in; nil if nobody has looked
	// since a job was begun, or if work has failed.
	seen atomic.Pointer[seen]
	// Whether the goroutines are at work now; for marks only.
	merging, storing atomic.Bool
}

// seen is what decides whether there is something to merge.
type seen struct {
	disk   base.SnapshotID
	tuning *tuning.Values
}

// wakeMerger wakes the merger, unless there is nothing for it to do: no tree waits, and it has
// seen the levels and the settings as they are. To wake a goroutine costs as much as the rest of
// a small commit. The caller has the writer's turn.
func (w *Worker) wakeMerger() {
	if w.bg.merger == nil {
		return
	}
	if st := w.Ledger.Newest(); !st.HasOld && w.nothingLeft(st) {
		return
	}
	wake(w.bg.merger)
}

// nothingLeft reports whether it has been seen that there is nothing to merge in a state.
func (w *Worker) nothingLeft(st *snapshot.State) bool {
	s := w.bg.seen.Load()
	return s != nil && s.disk == st.Disk.ID && s.tuning == w.Tuning.Load()
}

// seeNothingLeft notes that there is nothing to merge with some settings, unless work that has
// failed is to be tried again.
func (w *Worker) seeNothingLeft(values *tuning.Values) {
	if _, left := w.failures.next(flushTask, mergeTask, checkpointTask); !left {
		w.bg.seen.Store(&seen{w.Ledger.Newest().Disk.ID, values})
	}
}

// Start starts the goroutines.
func (w *Worker) Start() {
	if !w.HasMerger && !w.HasCheckpointer {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.bg.cancel = cancel
	if w.HasMerger {
		w.bg.merger = make(chan struct{}, 1)
	}
	if w.HasCheckpointer {
		w.bg.checkpointer = make(chan struct{}, 1)
	}
	if w.HasMerger {
		w.bg.running.Go(func() {
			sched.Point("merger begins")
			w.loop(ctx, w.bg.merger, w.mergerRound, flushTask, mergeTask, checkpointTask)
		})
	}
	if w.HasCheckpointer {
		w.bg.running.Go(func() {
			sched.Point("checkpointer begins")
			w.loop(ctx, w.bg.checkpointer, w.checkpointerRound, checkpointTask)
		})
	}
	wake(w.bg.merger) // a recovered log or a half-done merge may wait
}

// Stop ends the goroutines and waits for them.
func (w *Worker) Stop() {
	if w.bg.cancel != nil {
		w.bg.cancel()
		w.bg.running.Wait()
		sched.Point("workers have ended")
	}
}

// loop calls round each time it is woken, until round has nothing left to do or fails, and
// again when the pause is over after which work of those kinds that has failed is to be tried
// again.
func (w *Worker) loop(ctx context.Context, woken chan struct{}, round func(context.Context) (more bool, err error), kinds ...task) {
	var again <-chan time.Time
	for {
		select {
		case <-woken: // before the others, so that what has happened meanwhile decides what comes next, not chance
		default:
			select {
			case <-ctx.Done():
			case <-woken:
			case <-again:
				mark.Hit(mark.WorkRetried)
			}
		}
		sched.Point("worker is woken")
		if ctx.Err() != nil {
			return
		}
		for more := w.Host.Stopped() == nil; more; {
			var err error
			if more, err = round(ctx); errors.Is(err, context.Canceled) {
				return
			}
		}
		again = nil
		if pause, any := w.failures.next(kinds...); any && w.Host.Stopped() == nil {
			again = time.After(pause)
		}
	}
}

// mergerRound does a slice of flushing and merging. An error is kept for the next
// transaction.
func (w *Worker) mergerRound(ctx context.Context) (more bool, err error) {
	values := w.Tuning.Load()
	if !values.AutoWork {
		w.failures.settle(flushTask, mergeTask, checkpointTask)
		return false, nil
	}
	if err := w.Take(ctx, "work"); err != nil {
		return false, err
	}
	defer w.Turn.Release()
	if mark.Enabled {
		w.bg.merging.Store(true)
		defer w.bg.merging.Store(false)
		w.markTogether()
	}
	watch := w.Watch(ByMerger)
	n, err := w.Work(ctx, Order{Pages: StepPages, Patient: true})
	if err == nil && n < StepPages {
		err = w.checkpointAgain(ctx)
	}
	watch.End(err)
	switch {
	case err == nil && n < StepPages:
		w.failures.settle(flushTask, mergeTask)
		w.seeNothingLeft(values)
	case err != nil && ctx.Err() == nil:
		w.failed(w.working, ByMerger, err)
	}
	return err == nil && n >= StepPages, err
}

// checkpointerRound makes a checkpoint if one is due. Only what has to be written for
// the free list takes the worker's turn; the syncs keep nobody waiting.
func (w *Worker) checkpointerRound(ctx context.Context) (more bool, err error) {
	if w.failures.wait(checkpointTask) > 0 {
		return false, nil
	}
	if !w.due() {
		w.failures.settle(checkpointTask)
		return false, nil
	}
	if mark.Enabled {
		w.bg.storing.Store(true)
		defer w.bg.storing.Store(false)
	}
	if _, err = w.Checkpoint(ctx, "checkpoint"); err == nil {
		return false, w.takeAndCut(ctx)
	} else if ctx.Err() == nil {
		w.failed(checkpointTask, "checkpointer", err)
	}
	return false, err
}
