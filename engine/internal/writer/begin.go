// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Begin makes tx a transaction at level 1. It waits for the writer's turn, in arrival order,
// as long as ctx lasts. If flushing, merging or checkpointing for earlier commits has failed
// since the last call, Begin returns that error, once.
func (w *Writer) Begin(ctx context.Context, tx *Tx) error {
	if err := w.Host.Writable("begin"); err != nil {
		return err
	}
	asked, err := w.take(ctx)
	if err != nil {
		return err
	}
	return w.begin(ctx, tx, asked)
}

// TryBegin is Begin for a caller that does not wait for the writer's turn: ErrBusy.
func (w *Writer) TryBegin(ctx context.Context, tx *Tx) error {
	if err := w.Host.Writable("begin"); err != nil {
		return err
	}
	if err := w.tryTake("begin"); err != nil {
		return err
	}
	return w.begin(ctx, tx, time.Time{})
}

// BeginFrom is Begin for a transaction on a state that its caller has pinned; nil is one that
// was given up. If another transaction has committed since, it fails with ErrBusySnapshot, as
// a rule without waiting for the writer's turn.
func (w *Writer) BeginFrom(ctx context.Context, tx *Tx, from *snapshot.State) error {
	if err := w.Host.Writable("begin"); err != nil {
		return err
	}
	if err := w.refuseStale(ctx, from, w.group.newest()); err != nil {
		return err
	}
	asked, err := w.take(ctx)
	if err != nil {
		return err
	}
	return w.beginFrom(ctx, tx, from, asked)
}

// TryBeginFrom is BeginFrom for a caller that does not wait for the writer's turn: ErrBusy.
func (w *Writer) TryBeginFrom(ctx context.Context, tx *Tx, from *snapshot.State) error {
	if err := w.Host.Writable("begin"); err != nil {
		return err
	}
	if err := w.refuseStale(ctx, from, w.group.newest()); err != nil {
		return err
	}
	if err := w.tryTake("begin"); err != nil {
		return err
	}
	return w.beginFrom(ctx, tx, from, time.Time{})
}

// beginFrom is BeginFrom for a caller that has the writer's turn.
func (w *Writer) beginFrom(ctx context.Context, tx *Tx, from *snapshot.State, asked time.Time) error {
	w.repair()
	if from == nil || from.Seq != w.seq {
		newest := w.seq
		w.Turn.Release()
		return w.refuseStale(ctx, from, newest)
	}
	return w.begin(ctx, tx, asked)
}

// refuseStale returns the error of a transaction that began to read before the newest
// commit, of the given number, or nil if it did not. As long as ctx lasts it waits until
// that commit can be seen: a new attempt would otherwise begin from the same old state, and
// again, for as long as the sync of that commit takes.
func (w *Writer) refuseStale(ctx context.Context, from *snapshot.State, newest uint64) error {
	if from != nil && from.Seq == newest {
		return nil
	}
	mark.Hit(mark.StaleSnapshot)
	w.group.waitPublished(ctx, newest)
	if err := w.Host.Stopped(); err != nil {
		return err
	}
	return &errs.Error{Code: errs.CodeBusySnapshot, Op: "begin", Path: w.Path,
		Detail: "another transaction has committed since this one began to read; roll back and start again"}
}

// begin makes the transaction of the caller, who has the writer's turn. asked is when the
// caller began to wait for it, if commits are observed.
func (w *Writer) begin(ctx context.Context, tx *Tx, asked time.Time) error {
	var waits waits
	if !asked.IsZero() {
		waits.turn = time.Since(asked)
	}
	if err := w.Host.Enter("begin"); err != nil {
		w.Turn.Release()
		return err
	}
	stalled, err := w.prepare(ctx)
	if err != nil {
		w.Host.Leave()
		w.Turn.Release()
		return err
	}
	waits.stall = stalled
	w.reclaim()
	w.log.Keep(w.Tuning.Load().Changes)
	if w.Streams.WantsAlign() {
		w.AlignLog()
	}
	*tx = Tx{w: w, state: w.Ledger.Acquire(), level: 1, waits: waits}
	if synced, ok := w.Ledger.Reclaimable(); ok {
		w.log.BeginAfter(synced)
	} else {
		w.log.Begin()
	}
	w.trimLog()
	tx.marks = append(w.marks[:0], savepoint{w.tree.Mark(), w.log.Mark()})
	return nil
}

// prepare does what has to be done before another transaction starts. It returns how long
// the transaction was held back by that.
func (w *Writer) prepare(ctx context.Context) (stalled time.Duration, err error) {
	if err := w.Host.Writable("begin"); err != nil {
		return 0, err
	}
	w.repair()
	if err := w.Worker.KeptError(ctx); err != nil {
		return 0, err
	}
	if err := w.settleLater(ctx); err != nil {
		return 0, err
	}
	if stalled, err = w.makeRoom(ctx); err != nil {
		return stalled, err
	}
	waited, err := w.waitForStreams(ctx)
	return stalled + waited, err
}

// reclaimNodes is how many nodes the tree has given up when the readers are looked at, to find out
// which of those can be used again: 128 KiB of them. Next to readers a look meets cache lines that they
// have just written, which with a quarter of that was a twentieth of a commit of one row.
const reclaimNodes = 256

// manyRetired is how many of them are worth a write of the commits that wait for one, which keep
// the tree from using any again that a reader keeps from the oldest ones.
const manyRetired = 1024

// reclaim lets the tree use the memory again that no reader sees any more, once that is worth
// a look at all readers.
func (w *Writer) reclaim() {
	w.forgetMark()
	if w.tree.Retired() < reclaimNodes && !invariant.Expensive {
		return
	}
	readers := w.Ledger.Readers()
	oldest := readers.OldestEpoch(w.tree)
	if mutant.Is(mutant.TreeReusedEarly) {
		oldest = w.Ledger.Newest().Live.Epoch()
	}
	if w.group.marked {
		oldest = min(oldest, w.group.mark.Epoch())
	}
	w.tree.Reclaim(oldest)
	if w.group.marked && w.tree.Retired() > manyRetired {
		w.WriteLog()
		w.forgetMark()
	}
	if !w.tree.WantsReclaim() {
		return
	}
	// The heads first: one that is published in between is found twice, never missed.
	heads := w.group.heads()
	if held, all := readers.PinnedEpochs(w.tree); all {
		held = append(held, heads...)
		slices.Sort(held)
		w.tree.ReclaimBetween(slices.Compact(held))
		mark.Hit(mark.TreeBetweenReaders)
	}
}
