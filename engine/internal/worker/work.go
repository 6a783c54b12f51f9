// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"math"
)

// Unlimited is a budget that no amount of work exhausts.
const Unlimited = int(^uint(0) >> 1)

// StepPages is how much work is done at once between looks at who waits for it.
const StepPages = 64

// Order says what work is to be done.
type Order struct {
	Pages     int  // about how many pages' worth at most
	MinLevels int  // how many levels of one age are worth a merge; 0 is the AutoMerge setting
	FlushOnly bool // stop as soon as no old tree is left
	Patient   bool // what has failed is left alone until its pause is over
}

// Work flushes the old tree and merges levels until the budget is used up or nothing is left
// to do. It returns the pages' worth of work that it did. What comes next is chosen by
// merge.Choose. The caller has the worker's turn.
func (w *Worker) Work(ctx context.Context, o Order) (pages int, err error) {
	w.Turn.MustBeHeld()
	bytes, err := w.workBytes(ctx, o, w.bytesOf(o.Pages))
	return int(bytes / w.pageSize()), err
}

// bytesOf returns the bytes of a number of pages, which may be Unlimited.
func (w *Worker) bytesOf(pages int) int64 {
	return min(int64(pages), math.MaxInt64/w.pageSize()) * w.pageSize()
}

// workBytes is Work with a budget in bytes, in place of the order's.
func (w *Worker) workBytes(ctx context.Context, o Order, budget int64) (done int64, err error) {
	w.Turn.MustBeHeld()
	if o.MinLevels == 0 {
		o.MinLevels = w.Tuning.Load().AutoMerge
	}
	for done < budget {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		if w.working = mergeTask; w.Ledger.Newest().HasOld {
			w.working = flushTask
		}
		if o.Patient && w.failures.wait(w.working) > 0 {
			return done, nil
		}
		j, err := w.nextJob(o)
		if j == nil || err != nil {
			return done, err
		}
		w.working = j.failure()
		if o.Patient && w.failures.wait(w.working) > 0 {
			return done, nil
		}
		cost, err := w.workOn(ctx, j, min(budget-done, w.bytesOf(StepPages)), o.Patient)
		done += cost
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// workOn works on one job, and makes the checkpoint that is due when it has ended or was
// published in part.
func (w *Worker) workOn(ctx context.Context, j *job, bytes int64, patient bool) (cost int64, err error) {
	parts := j.parts
	cost, o, err := w.runJob(ctx, j, bytes)
	if o != unfinished {
		w.forget(j)
	} else {
		w.show(j)
	}
	w.advanced()
	if o == widen && err == nil {
		err = w.rerun(ctx, j)
	}
	if err != nil || o == unfinished && j.parts == parts {
		return cost, err
	}
	w.failures.done(w.working)
	if patient && w.failures.wait(checkpointTask) > 0 {
		return cost, nil
	}
	w.working = checkpointTask
	return cost, w.autoCheckpoint(ctx)
}

// FlushOld flushes the old tree, if there is one. The caller has the worker's turn.
func (w *Worker) FlushOld(ctx context.Context) error {
	w.Turn.MustBeHeld()
	_, err := w.Work(ctx, Order{Pages: Unlimited, FlushOnly: true})
	return err
}
