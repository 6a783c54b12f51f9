// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"math"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

const (
	// memoryFactor is how many times autoflush both trees together may hold before a
	// transaction that begins, and what it adds.
	memoryFactor = 3
	// hardLogFactor is how many times MaxLog may be needed of the log before a transaction
	// has to flush and make a checkpoint before it begins.
	hardLogFactor = 2
	// keepLogFactor is how many times MaxLog the log file may be long before it is cut. It
	// comes to less by itself: the log goes back to its beginning while at most MaxLog is
	// needed, and has to lead around that at most once.
	keepLogFactor = 2
)

// makeRoom keeps memory and log bounded before another transaction starts. If the two trees
// have grown to memoryFactor times autoflush, or the log is full, because the background
// cannot keep up or work has failed, the transaction does the work first, and is refused if
// that fails. It returns how long that took. The caller has the writer's turn.
func (w *Writer) makeRoom(ctx context.Context) (stalled time.Duration, err error) {
	w.Turn.MustBeHeld()
	if !w.Tuning.Load().AutoWork {
		return 0, nil
	}
	if err := w.RotateIfFull(); err != nil { // transactions that were rolled back may have filled it
		return 0, err
	}
	logFull := w.logIsFull()
	if !logFull && !w.treesFull() {
		return 0, nil
	}
	reason := worker.StallFlush
	if logFull {
		reason = worker.StallCheckpoint
		mark.Hit(mark.StallLog)
	} else {
		mark.Hit(mark.StallTrees)
	}
	waiting := w.Worker.Stall(reason, "begin")
	defer func() { stalled = waiting.End() }()
	if err := w.flushForRoom(ctx, logFull); err != nil || !logFull {
		return 0, err
	}
	_, err = w.Worker.Checkpoint(ctx, "begin")
	return 0, err
}

// waitForStreams waits while a stream that must not lose its place has so much still to read that the transaction
// would make it lose it. The caller has the writer's turn.
func (w *Writer) waitForStreams(ctx context.Context) (stalled time.Duration, err error) {
	w.Turn.MustBeHeld()
	end, kept := w.log.Place().Stream, w.Tuning.Load().Changes
	if !w.Streams.Lags(end, kept) {
		return 0, nil
	}
	mark.Hit(mark.StallStream)
	waiting := w.Worker.Stall(worker.StallChanges, "begin")
	defer func() { stalled = waiting.End() }()
	if err := w.Streams.WaitFor(ctx, end, kept, w.AlignLog); err != nil {
		return 0, worker.WaitError("begin", w.Path, "a stream of changes that has to read first", err)
	}
	return 0, w.Host.Writable("begin")
}

// AlignLog has the next transaction begin in a sector of its own, for streams of what is durable. The caller has the
// writer's turn, and no transaction is in progress.
func (w *Writer) AlignLog() {
	w.Turn.MustBeHeld()
	if w.log.Align() {
		w.Streams.Aligned(w.log.Place().Stream)
	}
}

// treesFull reports whether no transaction may begin before the old tree is flushed.
func (w *Writer) treesFull() bool {
	st := w.Ledger.Newest()
	limit := w.Tuning.Load().AutoFlush
	live := w.liveBytes()
	return st.HasOld && live >= limit && live+int64(st.Old.Size()) >= memoryFactor*limit
}

// logIsFull reports whether so much of the log is needed that no transaction may begin
// before some of it is given up. The caller has the writer's turn.
func (w *Writer) logIsFull() bool {
	w.Turn.MustBeHeld()
	limit := w.Tuning.Load().MaxLog
	if limit <= 0 || w.log.Size() < hardLogFactor*limit {
		return false
	}
	return w.Ledger.LogUse().Needed >= hardLogFactor*limit
}

// trimLog cuts the file of the log if it has become too long. The caller has the writer's
// turn, and has begun a transaction.
func (w *Writer) trimLog() {
	w.Turn.MustBeHeld()
	keep := int64(math.MaxInt64)
	if limit := w.Tuning.Load().MaxLog; limit > 0 {
		keep = max(keepLogFactor*(limit+w.Tuning.Load().Changes), format.LogMinWrap)
	}
	w.log.Trim(keep)
}

// flushForRoom flushes the old tree, makes the live one the old one, and with all flushes
// that, too.
func (w *Writer) flushForRoom(ctx context.Context, all bool) (err error) {
	if err := w.Worker.Turn.Take(ctx); err != nil {
		return worker.WaitError("begin", w.Path, "the worker's turn", err)
	}
	defer w.Worker.Turn.Release()
	watch := w.Worker.Watch(worker.ByBegin)
	defer func() { watch.End(err) }()
	if all {
		return w.FlushAll(ctx)
	}
	if err := w.Worker.FlushOld(ctx); err != nil {
		return err
	}
	return w.rotate()
}
