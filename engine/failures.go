package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// failureKind is a kind of work that is done for commits. Each kind has a place of its own
// for its errors, so that none hides another, and is tried again in its own time: a segment
// that cannot be merged is no reason not to flush.
type failureKind int

const (
	flushFailure failureKind = iota
	mergeFailure
	checkpointFailure
	numFailureKinds
)

const (
	// firstPause is how long work that has failed is left alone. Each further failure doubles
	// the pause, up to longestPause: a full disk is no reason to write one tree a thousand
	// times. A transaction that has to make room (see makeRoom) does not wait for it.
	firstPause   = 10 * time.Millisecond
	longestPause = 5 * time.Second
)

// failures are the errors of work that nobody waits for, until a transaction is told, and when
// that work may be tried again.
type failures struct {
	kept    atomic.Int32 // how many errors are kept
	failing [numFailureKinds]atomic.Bool
	mu      sync.Mutex
	first   [numFailureKinds]error // the first one since a transaction was told
	pause   [numFailureKinds]time.Duration
	again   [numFailureKinds]time.Time // not to be tried before
}

// add keeps an error, if none of its kind is kept, and begins a pause.
func (f *failures) add(kind failureKind, err error) {
	f.keep(kind, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pause[kind] = min(max(2*f.pause[kind], firstPause), longestPause)
	f.again[kind] = time.Now().Add(f.pause[kind])
	f.failing[kind].Store(true)
}

// keep keeps an error, if none of its kind is kept.
func (f *failures) keep(kind failureKind, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first[kind] == nil {
		f.first[kind] = err
		f.kept.Add(1)
	}
}

// done notes that work of a kind has succeeded. That the disk was full before is not worth
// telling any more.
func (f *failures) done(kind failureKind) {
	if !f.failing[kind].Load() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failing[kind].Store(false)
	f.pause[kind], f.again[kind] = 0, time.Time{}
	if errors.Is(f.first[kind], ErrFull) {
		f.first[kind] = nil
		f.kept.Add(-1)
	}
}

// settle notes that there is nothing left to do of work of some kinds, but for what is left
// alone still.
func (f *failures) settle(kinds ...failureKind) {
	for _, kind := range kinds {
		if f.wait(kind) == 0 {
			f.done(kind)
		}
	}
}

// wait returns for how long work of a kind is still left alone; 0 if it may be done.
func (f *failures) wait(kind failureKind) time.Duration {
	if !f.failing[kind].Load() {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(time.Until(f.again[kind]), 0)
}

// next returns when the first kind of work that has failed is to be tried again: in how long,
// or false if none has failed.
func (f *failures) next(kinds ...failureKind) (d time.Duration, any bool) {
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
func (f *failures) take(kind failureKind) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.first[kind]
	if err != nil {
		f.first[kind] = nil
		f.kept.Add(-1)
	}
	return err
}

// workFailed keeps the error of work that was done for commits for the next transaction, and
// tells the observer. by says who did it.
func (db *DB) workFailed(kind failureKind, by string, err error) {
	db.failures.add(kind, err)
	db.failed(by, err)
	wake(db.pace.step)
}

// workError returns, once, what work for commits has failed with since the last call. Where
// the disk was full it tries again first: there may be room by now. The caller has the
// writer's turn.
func (db *DB) workError(ctx context.Context) error {
	if db.failures.kept.Load() == 0 {
		return nil
	}
	var all error
	for kind := range numFailureKinds {
		err := db.failures.take(kind)
		if errors.Is(err, ErrFull) && !db.opts.now().NoAutoWork {
			was := err
			if err = db.tryAgain(ctx, kind); ctx.Err() != nil {
				db.failures.keep(kind, was)
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
func (db *DB) tryAgain(ctx context.Context, kind failureKind) (err error) {
	if kind == checkpointFailure {
		_, err = db.checkpoint(ctx, "begin")
		return err
	}
	if err := db.takeWorker(ctx, "begin"); err != nil {
		return err
	}
	defer db.worker.Release()
	watch := db.watchWork(byBegin)
	defer func() { watch.end(err) }()
	pages := unlimited
	if kind == mergeFailure {
		pages = stepPages
	}
	_, err = db.work(ctx, pages, db.opts.now().AutoMerge, kind == flushFailure)
	return err
}
