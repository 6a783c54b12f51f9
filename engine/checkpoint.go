package engine

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
)

// Checkpoint makes durable what has been flushed, so that a crash needs the log only
// for what came later, and the space of older states can be used again. It returns how
// many pages became durable by it, which others may have written before; 0 if the newest
// state was durable already. Neither writers nor merges wait for its syncs.
func (db *DB) Checkpoint(ctx context.Context) (Progress, error) {
	if err := db.writable("checkpoint"); err != nil {
		return Progress{}, err
	}
	pages, err := db.checkpoint(ctx, "checkpoint")
	return Progress{Phase: PhaseCheckpoint, PagesWritten: pages, PhasePages: pages, PhaseTotal: pages, Done: err == nil}, err
}

// checkpoint makes a checkpoint of the newest snapshot, unless that is stored already. The
// snapshot is taken with the worker's turn, so that its free list fits; the syncs are
// made without it. The turn of the checkpointer is never waited for with the worker's in
// hand: whoever has it may be in the middle of a sync.
func (db *DB) checkpoint(ctx context.Context, op string) (pages int64, err error) {
	for {
		if err := db.takeWorker(ctx, op); err != nil {
			return 0, err
		}
		watch := db.watchWork(byCheckpoint)
		err := db.fitFreelist(ctx)
		watch.end(err)
		if err != nil {
			db.worker.Release()
			return 0, err
		}
		if db.checkpointer.Try() {
			e := db.ledger.Next()
			db.worker.Release()
			defer db.checkpointer.Release()
			if pages, err = db.storeExported(e, false); err == nil {
				db.failures.done(checkpointFailure)
			}
			return pages, err
		}
		db.worker.Release()
		if err := db.checkpointer.Take(ctx); err != nil {
			return 0, waitError(op, db.path, "the checkpointer's turn", err)
		}
		db.checkpointer.Release()
	}
}

// checkpointDue reports whether so much has been written since the last checkpoint, or would
// be freed of the log, that another one is to be made.
func (db *DB) checkpointDue() bool {
	return db.ledger.Due(db.checkpointLimits())
}

// autoCheckpoint makes a checkpoint if one is due, or has it made. The caller has the
// worker's turn.
func (db *DB) autoCheckpoint(ctx context.Context) error {
	if !db.checkpointDue() {
		return nil
	}
	if db.bg.checkpointer != nil {
		wake(db.bg.checkpointer)
		return nil
	}
	if err := db.fitFreelist(ctx); err != nil {
		return err
	}
	err := db.store(ctx)
	if err == nil {
		db.failures.done(checkpointFailure)
	}
	return err
}

// checkpointAgain makes a checkpoint that has failed before, if it is still due and its pause
// is over. The caller has the worker's turn.
func (db *DB) checkpointAgain(ctx context.Context) error {
	if db.bg.checkpointer != nil || !db.failures.failing[checkpointFailure].Load() || db.failures.wait(checkpointFailure) > 0 {
		return nil
	}
	db.working = checkpointFailure
	err := db.autoCheckpoint(ctx)
	if err == nil {
		db.failures.settle(checkpointFailure)
	}
	return err
}

// fitFreelist writes free-list entries into a segment of their own if there are more
// than a checkpoint may hold. Writing them changes the free list a little, so it is done
// until they fit. The caller has the worker's turn.
func (db *DB) fitFreelist(ctx context.Context) error {
	for {
		if db.ledger.Unrecorded() <= db.opts.now().MaxFreelist {
			return nil
		}
		disk := db.ledger.Newest().Disk
		levels := disk.Levels
		if len(disk.Redirects) > 0 {
			// Nothing may be published above moved blocks: they go first.
			if err := db.mergeAll(ctx); err != nil {
				return err
			}
			if db.ledger.Newest().Disk == disk { // there was one level alone
				if err := db.rewrite(ctx); err != nil {
					return err
				}
			}
			continue
		}
		if merge.HalfMerged(levels) >= 0 {
			// Nothing may be published on top of a half-done merge: finish it.
			if _, err := db.work(ctx, unlimited, unlimited, false); err != nil {
				return err
			}
			continue
		}
		s := db.situation()
		j, err := db.newJob(false, 0, s.FreelistOnTop())
		if err != nil {
			return err
		}
		if _, _, _, err := db.runJob(context.WithoutCancel(ctx), j, unlimited); err != nil {
			return err
		}
	}
}

// rewrite merges all levels, even a single one, into a new segment. The caller has the
// worker's turn.
func (db *DB) rewrite(ctx context.Context) error {
	db.dropJobs()
	j, err := db.newJob(false, 0, len(db.ledger.Newest().Disk.Levels))
	if err != nil {
		return err
	}
	_, _, _, err = db.runJob(context.WithoutCancel(ctx), j, unlimited)
	return err
}

// store writes the newest snapshot to the meta pages, after fitFreelist. The caller has the
// worker's turn. A sync that fails ends all writing through this handle; after another
// failure the next checkpoint may succeed.
func (db *DB) store(ctx context.Context) error {
	if err := db.checkpointer.Take(ctx); err != nil {
		return waitError("checkpoint", db.path, "the checkpointer's turn", err)
	}
	defer db.checkpointer.Release()
	_, err := db.storeExported(db.ledger.Next(), false)
	return err
}

// storeExported is the part of store after ledger.Next. all says that it holds everything, and
// that nobody can commit meanwhile. It returns the number of pages that were written since the
// checkpoint before. The caller has the checkpointer's turn.
func (db *DB) storeExported(e ledger.Export, all bool) (pages int64, err error) {
	if err := db.Poisoned(); err != nil || e.Checkpoint == nil {
		return 0, err
	}
	if err := db.files.Look(); err != nil {
		return 0, err
	}
	if err := db.files.SyncNames(); err != nil {
		return 0, err
	}
	invariant.Check(len(e.Checkpoint.Free) <= format.MaxFreeEntries, "a checkpoint lists too many free blocks")
	s := checkpoint.Storing{Notes: &db.notes, Checkpoint: e.Checkpoint, Seq: e.Seq, Durable: e.Durable, All: all,
		Sync: db.opts.now().Safety != SafetyOff}
	watch := db.watchCheckpoint(e.Checkpoint)
	if s.Blob, err = e.Checkpoint.Encode(); err != nil {
		err = &Error{Code: CodeFull, Op: "checkpoint", Path: db.path, Err: err}
		watch.end(err)
		return 0, err
	}
	stage, err := s.Store()
	watch.end(err)
	if err != nil {
		db.ledger.Failed(e, stage)
		if err = db.syncResult(err); db.Poisoned() == nil {
			db.notes.LeaveAlone()
		}
		return 0, err
	}
	pages, err = db.ledger.Done(e, format.RefOf(s.Blob))
	db.pace.stored.Store(e.Checkpoint.Written)
	wake(db.pace.step)
	return pages, err
}

// syncResult ends all writing if an error is that of a sync of the file, and returns the
// error.
func (db *DB) syncResult(err error) error {
	var failed *checkpoint.SyncError
	if errors.As(err, &failed) {
		return db.poison(failed.Err)
	}
	return err
}
