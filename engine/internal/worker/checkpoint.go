// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// Checkpoint makes a checkpoint of the newest snapshot, unless that is stored already. It
// returns how many pages became durable by it. The snapshot is taken with the worker's turn,
// so that its free list fits; the syncs are made without it. The turn of the checkpointer is
// never waited for while this has the worker's: its holder may be in the middle of a sync.
func (w *Worker) Checkpoint(ctx context.Context, op string) (pages int64, err error) {
	for {
		if err := w.Take(ctx, op); err != nil {
			return 0, err
		}
		pages, mine, err := w.checkpointNow(ctx)
		if mine || err != nil {
			return pages, err
		}
		// Not by taking it: two that wait would each have it for nothing whenever the other one tries, again and again.
		if err := w.Checkpointer.Await(ctx); err != nil {
			return 0, WaitError(op, w.Path, "the checkpointer's turn", err)
		}
	}
}

// TryCheckpoint is Checkpoint for a caller that does not wait for others' work: ErrBusy.
func (w *Worker) TryCheckpoint(ctx context.Context, op string) (pages int64, err error) {
	if err := w.tryTake(op); err != nil {
		return 0, err
	}
	pages, mine, err := w.checkpointNow(ctx)
	if err == nil && !mine {
		err = BusyError(op, w.Path, "another checkpoint is being made")
	}
	return pages, err
}

// checkpointNow is Checkpoint, unless the checkpointer's turn is taken. The caller has the
// worker's turn, which is given back.
func (w *Worker) checkpointNow(ctx context.Context) (pages int64, mine bool, err error) {
	w.Turn.MustBeHeld()
	watch := w.Watch(ByCheckpoint)
	err = w.FitFreelist(ctx)
	watch.End(err)
	if err != nil || !w.Checkpointer.Try() {
		if err == nil {
			mark.Hit(mark.CheckpointWaits)
		}
		w.Turn.Release()
		return 0, false, err
	}
	e := w.Ledger.Next()
	w.Turn.Release()
	defer w.Checkpointer.Release()
	if pages, err = w.storeExport(e, false); err == nil {
		w.failures.done(checkpointTask)
	}
	return pages, true, err
}

// due reports whether so much has been written since the last checkpoint, or would be freed
// of the log, that another one is to be made.
func (w *Worker) due() bool { return w.Ledger.Due(w.limits()) }

// autoCheckpoint makes a checkpoint if one is due, or has it made. The caller has the
// worker's turn.
func (w *Worker) autoCheckpoint(ctx context.Context) error {
	w.Turn.MustBeHeld()
	if !w.due() {
		return nil
	}
	if w.bg.checkpointer != nil {
		wake(w.bg.checkpointer)
		return nil
	}
	if err := w.FitFreelist(ctx); err != nil {
		return err
	}
	err := w.Store(ctx)
	if err == nil {
		w.failures.done(checkpointTask)
		w.cutFile()
	}
	return err
}

// checkpointAgain makes a checkpoint that has failed before, if it is still due and its pause
// is over. The caller has the worker's turn.
func (w *Worker) checkpointAgain(ctx context.Context) error {
	w.Turn.MustBeHeld()
	if w.bg.checkpointer != nil || !w.failures.failing[checkpointTask].Load() || w.failures.wait(checkpointTask) > 0 {
		return nil
	}
	w.working = checkpointTask
	err := w.autoCheckpoint(ctx)
	if err == nil {
		w.failures.settle(checkpointTask)
	}
	return err
}

// FitFreelist writes free-list entries into a segment of their own if there are more than a
// checkpoint may hold. Writing them changes the free list a little, so it is done until they
// fit. The caller has the worker's turn.
func (w *Worker) FitFreelist(ctx context.Context) error {
	w.Turn.MustBeHeld()
	for w.Ledger.Unrecorded() > w.Tuning.Load().MaxFreelist {
		s := w.situation()
		switch {
		case s.Moved:
			// Nothing may be published above moved blocks: they go first.
			if err := w.mergeMoved(ctx); err != nil {
				return err
			}
		case merge.HalfMerged(s.Levels) >= 0:
			// Nothing may be published on top of a half-done merge: finish it.
			if _, err := w.Work(ctx, Order{Pages: Unlimited, MinLevels: Unlimited}); err != nil {
				return err
			}
		default:
			mark.Hit(mark.FreelistOverflow)
			j, err := w.newJob(plan{hi: s.FreelistOnTop()})
			if err != nil {
				return err
			}
			if err := w.runToEnd(ctx, j); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeMoved merges all levels, so that no block of C lsm1 is in another place than its
// segment says.
func (w *Worker) mergeMoved(ctx context.Context) error {
	was := w.Ledger.Newest().Disk
	if err := w.mergeAll(ctx); err != nil {
		return err
	}
	if w.Ledger.Newest().Disk == was { // there was one level alone
		return w.rewrite(ctx)
	}
	return nil
}

// rewrite merges all levels, even a single one, into a new segment in blocks of its own: also what
// is merged so far of a half-done merge is written again. The caller has the worker's turn.
func (w *Worker) rewrite(ctx context.Context) error {
	w.Turn.MustBeHeld()
	w.DropJobs()
	j, err := w.newJob(plan{hi: len(w.Ledger.Newest().Disk.Levels), at: place{whole: true}})
	if err != nil {
		return err
	}
	return w.runToEnd(ctx, j)
}

// RewriteSuspect writes everything again, to other blocks, if what is read of the file may be
// in the cache only. The caller has the worker's turn.
func (w *Worker) RewriteSuspect(ctx context.Context) error {
	w.Turn.MustBeHeld()
	if !w.Notes.Suspect() || w.Tuning.Load().Sync == tuning.Never || mutant.Is(mutant.SuspectKept) {
		return nil
	}
	if len(w.Ledger.Newest().Disk.Levels) > 0 {
		if err := w.rewrite(ctx); err != nil {
			return err
		}
	}
	mark.Hit(mark.Rewritten)
	w.Notes.Rewritten()
	return nil
}

// Store writes the newest snapshot to the meta pages, after FitFreelist. The caller has the
// worker's turn. A sync that fails ends all writing through this handle; after another
// failure the next checkpoint may succeed.
func (w *Worker) Store(ctx context.Context) error {
	w.Turn.MustBeHeld()
	if err := w.Checkpointer.Take(ctx); err != nil {
		return WaitError("checkpoint", w.Path, "the checkpointer's turn", err)
	}
	defer w.Checkpointer.Release()
	_, err := w.storeExport(w.Ledger.Next(), false)
	return err
}

// StoreChanged writes the newest snapshot to both meta pages, even if they hold it: change has altered what
// else they say of an encrypted file. If they cannot be stored, undo takes that back. No other checkpoint is made from
// before change to the end, and no other change.
func (w *Worker) StoreChanged(ctx context.Context, op string, change func() error, undo func()) error {
	if err := w.Take(ctx, op); err != nil {
		return err
	}
	defer w.Turn.Release()
	if err := w.FitFreelist(ctx); err != nil {
		return err
	}
	if err := w.Checkpointer.Take(ctx); err != nil {
		return WaitError(op, w.Path, "the checkpointer's turn", err)
	}
	defer w.Checkpointer.Release()
	if err := change(); err != nil {
		return err
	}
	w.Ledger.Restore()
	_, err := w.storeExport(w.Ledger.Next(), false)
	if err != nil {
		undo()
	}
	return err
}

// StoreAll is Store for a database in which nobody can commit, and whose log holds nothing
// that the levels do not. The caller has both turns.
func (w *Worker) StoreAll(ctx context.Context) error {
	w.Turn.MustBeHeld()
	claimed := w.Notes.NothingInLog()
	was := w.Notes.Unsettled.Swap(false)
	if claimed {
		w.Ledger.Restore()
	}
	if err := w.Checkpointer.Take(ctx); err != nil {
		return WaitError("checkpoint", w.Path, "the checkpointer's turn", err)
	}
	defer w.Checkpointer.Release()
	e := w.Ledger.Next()
	if e.Checkpoint == nil {
		return w.syncResult(w.Notes.UnclaimFirst(e.Durable, w.Tuning.Load().Sync != tuning.Never))
	}
	if _, err := w.storeExport(e, true); err != nil {
		w.Notes.Unsettled.Store(was)
		return err
	}
	return nil
}

// storeExport stores a checkpoint. all says that it holds everything, and that nobody can
// commit meanwhile. It returns the number of pages that were written since the checkpoint
// before. The caller has the checkpointer's turn.
func (w *Worker) storeExport(e ledger.Export, all bool) (pages int64, err error) {
	w.Checkpointer.MustBeHeld()
	if err := w.Host.Poisoned(); err != nil || e.Checkpoint == nil {
		return 0, err
	}
	if err := w.Host.BeforeStore(); err != nil {
		return 0, err
	}
	invariant.Check(len(e.Checkpoint.Free) <= format.MaxFreeEntries, "a checkpoint lists too many free blocks")
	s := checkpoint.Storing{Notes: w.Notes, Checkpoint: e.Checkpoint, Seq: e.Seq, Durable: e.Durable, All: all,
		Sync: w.Tuning.Load().Sync != tuning.Never, Half: func() { w.Ledger.HalfStored(e) }}
	watch := w.watchCheckpoint(e.Checkpoint)
	if s.Blob, err = w.Notes.Encode(e.Checkpoint); err != nil {
		err = &errs.Error{Code: errs.CodeFull, Op: "checkpoint", Path: w.Path, Err: err}
		watch.end(err)
		return 0, err
	}
	w.markTogether()
	stage, err := s.Store()
	w.markTogether()
	watch.end(err)
	if err != nil {
		w.Ledger.Failed(e, stage)
		var unsynced *checkpoint.SyncError
		if !errors.As(err, &unsynced) {
			w.Notes.LeaveAlone()
		}
		return 0, w.syncResult(err)
	}
	pages, err = w.Ledger.Done(e, format.RefOf(s.Blob))
	if w.Host.Stored != nil {
		w.Host.Stored()
	}
	w.pace.stored.Store(e.Checkpoint.Written)
	wake(w.pace.step)
	return pages, err
}

// markTogether marks that the goroutines of merges and of checkpoints work at the same time.
func (w *Worker) markTogether() {
	if mark.Enabled && w.bg.merger != nil && w.bg.storing.Load() && w.bg.merging.Load() {
		mark.Hit(mark.BothBackground)
	}
}

// syncResult ends all writing if an error is that of a sync of the file, and returns the
// error.
func (w *Worker) syncResult(err error) error {
	var unsynced *checkpoint.SyncError
	if errors.As(err, &unsynced) {
		return w.Host.Poison(unsynced.Err)
	}
	return err
}
