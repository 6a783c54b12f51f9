package engine

import (
	"context"
	"errors"
	"sync"
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
		db.bg.running.Go(func() { db.loop(ctx, "merger", db.bg.merger, db.mergerRound) })
	}
	if db.opts.Background&BackgroundCheckpointer != 0 {
		db.bg.checkpointer = make(chan struct{}, 1)
		db.bg.running.Go(func() { db.loop(ctx, "checkpointer", db.bg.checkpointer, db.checkpointerRound) })
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

// loop calls round each time it is woken, until round has nothing left to do. An error
// is kept for the next foreground call, and ends the work until the next wake.
func (db *DB) loop(ctx context.Context, name string, woken chan struct{}, round func(context.Context) (more bool, err error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-woken:
		}
		for more := true; more; {
			var err error
			if more, err = round(ctx); err != nil {
				if errors.Is(err, context.Canceled) {
					return
				}
				db.workErr.Store(&err)
				db.failed(name, err)
				wake(db.pace.step)
				break
			}
		}
	}
}

// backgroundError returns, once, what has failed in the background since the last call.
// The work is tried again when the next commit wakes it.
func (db *DB) backgroundError() error {
	if db.opts.Background == BackgroundNone {
		return nil
	}
	if p := db.workErr.Swap(nil); p != nil {
		return *p
	}
	return nil
}

// mergerRound does a slice of flushing and merging.
func (db *DB) mergerRound(ctx context.Context) (more bool, err error) {
	if !db.opts.autoWork.Load() {
		return false, nil
	}
	if err := db.takeWorker(ctx, "work"); err != nil {
		return false, err
	}
	defer db.worker.release()
	watch := db.watchWork(byMerger)
	n, err := db.work(ctx, mergerPages, int(db.opts.autoMerge.Load()), false)
	watch.end(err)
	return err == nil && n >= mergerPages, err
}

// checkpointerRound makes a checkpoint if one is due. Only what has to be written for
// the free list takes the worker's turn; the syncs keep nobody waiting.
func (db *DB) checkpointerRound(ctx context.Context) (more bool, err error) {
	if !db.checkpointDue() {
		return false, nil
	}
	_, err = db.checkpoint(ctx, "checkpoint")
	return false, err
}
