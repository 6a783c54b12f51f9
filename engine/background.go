package engine

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Background says which goroutines work beside the callers.
type Background uint8

const (
	// BackgroundNone does all work as part of commits (lsm1's autowork). Nothing runs
	// when nobody calls; commits that owe work take longer than others.
	BackgroundNone Background = 0
	// BackgroundMerger flushes and merges in a goroutine.
	BackgroundMerger Background = 1
	// BackgroundCheckpointer makes checkpoints in a goroutine, so that nothing else
	// waits for their syncs.
	BackgroundCheckpointer Background = 2
	// BackgroundBoth has a goroutine for each.
	BackgroundBoth = BackgroundMerger | BackgroundCheckpointer
)

// String returns the name used in settings.
func (b Background) String() string {
	switch b {
	case BackgroundNone:
		return "none"
	case BackgroundMerger:
		return "merger"
	case BackgroundCheckpointer:
		return "checkpointer"
	}
	return "both"
}

// background is the goroutines of a database and how they are woken. They contain no
// logic of their own: they call the same steps as the inline mode, under the same turns.
type background struct {
	merger, checkpointer chan struct{} // capacity 1; nil if there is no such goroutine
	cancel               context.CancelFunc
	running              sync.WaitGroup
}

// mergerPages is how much the merger does at once before it looks whether somebody else
// wants the worker's turn.
const mergerPages = stepPages

// startBackground starts the goroutines that the options ask for.
func (db *DB) startBackground() {
	if db.opts.ReadOnly || db.opts.Background == BackgroundNone {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	db.bg.cancel = cancel
	if db.opts.Background&BackgroundMerger != 0 {
		db.bg.merger = make(chan struct{}, 1)
		db.bg.running.Go(func() { db.loop(ctx, db.bg.merger, db.mergerRound, flushFailure, mergeFailure, checkpointFailure) })
	}
	if db.opts.Background&BackgroundCheckpointer != 0 {
		db.bg.checkpointer = make(chan struct{}, 1)
		db.bg.running.Go(func() { db.loop(ctx, db.bg.checkpointer, db.checkpointerRound, checkpointFailure) })
	}
	wake(db.bg.merger) // a recovered log or a half-done merge may wait
}

// stopBackground ends the goroutines and waits for them.
func (db *DB) stopBackground() {
	if db.bg.cancel != nil {
		db.bg.cancel()
		db.bg.running.Wait()
	}
}

// wake tells a goroutine that there may be something to do. It never blocks, and does
// nothing for a goroutine that does not exist.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// loop calls round each time it is woken, until round has nothing left to do or fails, and
// again when the pause is over after which work of those kinds that has failed is to be tried
// again.
func (db *DB) loop(ctx context.Context, woken chan struct{}, round func(context.Context) (more bool, err error), kinds ...failureKind) {
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-again:
		}
		for more := db.stopped() == nil; more; {
			var err error
			if more, err = round(ctx); errors.Is(err, context.Canceled) {
				return
			}
		}
		again = nil
		if pause, any := db.failures.next(kinds...); any && db.stopped() == nil {
			again = time.After(pause)
		}
	}
}

// mergerRound does a slice of flushing and merging. An error is kept for the next
// transaction.
func (db *DB) mergerRound(ctx context.Context) (more bool, err error) {
	if db.opts.now().NoAutoWork {
		db.failures.settle(flushFailure, mergeFailure, checkpointFailure)
		return false, nil
	}
	if err := db.takeWorker(ctx, "work"); err != nil {
		return false, err
	}
	defer db.worker.Release()
	watch := db.watchWork(byMerger)
	n, err := db.workPatiently(ctx, mergerPages, false)
	if err == nil && n < mergerPages {
		err = db.checkpointAgain(ctx)
	}
	watch.end(err)
	switch {
	case err == nil && n < mergerPages:
		db.failures.settle(flushFailure, mergeFailure)
	case err != nil && ctx.Err() == nil:
		db.workFailed(db.working, "merger", err)
	}
	return err == nil && n >= mergerPages, err
}

// checkpointerRound makes a checkpoint if one is due. Only what has to be written for
// the free list takes the worker's turn; the syncs keep nobody waiting.
func (db *DB) checkpointerRound(ctx context.Context) (more bool, err error) {
	if db.failures.wait(checkpointFailure) > 0 {
		return false, nil
	}
	if !db.checkpointDue() {
		db.failures.settle(checkpointFailure)
		return false, nil
	}
	if _, err = db.checkpoint(ctx, "checkpoint"); err != nil && ctx.Err() == nil {
		db.workFailed(checkpointFailure, "checkpointer", err)
	}
	return false, err
}
