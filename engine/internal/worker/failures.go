// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// task is a kind of work that is done for commits. Each kind has a place of its own for its
// errors, so that none hides another, and is tried again in its own time: a segment that
// cannot be merged is no reason not to flush.
type task int

const (
	flushTask task = iota
	mergeTask
	checkpointTask
	numTasks
)

const (
	// firstPause is how long work that has failed is left alone. Each further failure doubles
	// the pause, up to longestPause: a full disk is no reason to write one tree a thousand
	// times. A transaction that has to make room does not wait for it.
	firstPause   = 10 * time.Millisecond
	longestPause = 5 * time.Second
)

// failures are the errors of work that no caller waits for, until a transaction returns them, and
// when that work may be tried again. Its methods may be called from any goroutine.
type failures struct {
	kept    atomic.Int32 // how many errors are kept
	failing [numTasks]atomic.Bool
	mu      sync.Mutex
	first   [numTasks]error // the first one since a transaction has returned one
	pause   [numTasks]time.Duration
	again   [numTasks]time.Time // not to be tried before
}

// add keeps an error, if none of its kind is kept, and begins a pause.
func (f *failures) add(kind task, err error) {
	f.keep(kind, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pause[kind] = min(max(2*f.pause[kind], firstPause), longestPause)
	f.again[kind] = time.Now().Add(f.pause[kind])
	f.failing[kind].Store(true)
}

// keep keeps an error, if none of its kind is kept.
func (f *failures) keep(kind task, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first[kind] == nil {
		f.first[kind] = err
		f.kept.Add(1)
	}
}

// done notes that work of a kind has succeeded. That the disk was full before is not worth
// reporting any more.
func (f *failures) done(kind task) {
	if !f.failing[kind].Load() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failing[kind].Store(false)
	f.pause[kind], f.again[kind] = 0, time.Time{}
	if errors.Is(f.first[kind], errs.ErrFull) {
		f.first[kind] = nil
		f.kept.Add(-1)
	}
}

// settle notes that there is nothing left to do of work of some kinds, except for what is
// left alone still.
func (f *failures) settle(kinds ...task) {
	for _, kind := range kinds {
		if f.wait(kind) == 0 {
			f.done(kind)
		}
	}
}

// wait returns for how long work of a kind is still left alone; 0 if it may be done.
func (f *failures) wait(kind task) time.Duration {
	if !f.failing[kind].Load() {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(time.Until(f.again[kind]), 0)
}

// next returns when the first kind of work that has failed is to be tried again: in how long,
// or false if none has failed.
func (f *failures) next(kinds ...task) (d time.Duration, any bool) {
	for _, kind := range kinds {
		if f.failing[kind].Load() {
			if w := f.wait(kind); !any || w < d {
				d, any = w, true
			}
		}
	}
	return d, any
}

// take returns the error that is kept of a kind, and forgets it.
func (f *failures) take(kind task) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.first[kind]
	if err != nil {
		f.first[kind] = nil
		f.kept.Add(-1)
	}
	return err
}

// failed keeps the error of work that was done for commits for the next transaction, and
// reports it. by says what did it.
func (w *Worker) failed(kind task, by string, err error) {
	w.failures.add(kind, err)
	w.Report(by, err)
	wake(w.pace.step)
}

// KeptError returns, once, what work for commits has failed with since the last call. Where
// the disk was full it tries again first: there may be room by now. The caller has the
// writer's turn.
func (w *Worker) KeptError(ctx context.Context) error {
	if w.failures.kept.Load() == 0 {
		return nil
	}
	var all error
	for kind := range numTasks {
		err := w.failures.take(kind)
		if errors.Is(err, errs.ErrFull) && w.Tuning.Load().AutoWork {
			was := err
			if err = w.tryAgain(ctx, kind); ctx.Err() != nil {
				w.failures.keep(kind, was)
			}
		}
		switch {
		case all == nil:
			all = err
		case err != nil:
			all = errors.Join(all, err)
		}
	}
	return all
}

// tryAgain does work of a kind that has failed: all of a flush, as much of a merge as shows
// whether there is room. The caller has the writer's turn.
func (w *Worker) tryAgain(ctx context.Context, kind task) (err error) {
	if kind == checkpointTask {
		_, err = w.Checkpoint(ctx, "begin")
		return err
	}
	if err := w.Take(ctx, "begin"); err != nil {
		return err
	}
	defer w.Turn.Release()
	watch := w.Watch(ByBegin)
	defer func() { watch.End(err) }()
	o := Order{Pages: Unlimited, FlushOnly: kind == flushTask}
	if kind == mergeTask {
		o.Pages = StepPages
	}
	_, err = w.Work(ctx, o)
	return err
}
