// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// Phase is what a call of Flush, Work, Checkpoint or Optimize is doing.
type Phase string

// The phases.
const (
	PhaseFlush      Phase = "flush"      // the in-memory trees are written to the file
	PhaseMerge      Phase = "merge"      // segments are merged
	PhaseCompact    Phase = "compact"    // the one segment is written again, to the front of the file
	PhaseCheckpoint Phase = "checkpoint" // what was written is made durable
	PhaseTruncate   Phase = "truncate"   // the end of the file is cut off
)

// Progress is what a call of Flush, Work, Checkpoint or Optimize has done so far.
type Progress struct {
	Phase Phase
	// PagesWritten is the work since the call began, in pages; what other goroutines did in that
	// time does not count.
	PagesWritten int64
	// PhasePages is how many of them belong to the phase, and PhaseTotal how many it will
	// have about, 0 if that is not known.
	PhasePages, PhaseTotal int64
	Done                   bool // nothing is left to do
}

// WorkOptions say what Work does.
type WorkOptions struct {
	// Merge is the least number of segments of one age that are merged; 0 is the
	// AutoMerge setting. 1 merges all segments into one.
	Merge int
	// Pages is about how many pages are written at most; 0 is no limit.
	Pages int
	// Report is called between slices of work with what has been done so far, by the
	// goroutine that called Work. No turn is held during the call. It may be nil.
	Report func(Progress)
}

// request makes a request for work, for the observer by that name. The functions get the progress.
func request(db *DB, op, by string, report ...func(Progress)) *worker.Request {
	return db.worker.NewRequest(op, by, func(p worker.Progress) {
		for _, f := range report {
			if f != nil {
				f(progressOf(p))
			}
		}
	})
}

func progressOf(p worker.Progress) Progress {
	return Progress{Phase: Phase(p.Phase), PagesWritten: p.PagesWritten, PhasePages: p.PhasePages, PhaseTotal: p.PhaseTotal, Done: p.Done}
}

// Flush writes everything that was committed before the call into the database file. It
// does not checkpoint: until a checkpoint is made, the log is what a crash is recovered
// from. Writers are held up only for a moment. If ctx ends first, some of it is done, and
// nothing is lost.
//
// The functions passed get the progress between slices of the work.
func (db *DB) Flush(ctx context.Context, report ...func(Progress)) error {
	return db.flush(ctx, false, report)
}

func (db *DB) flush(ctx context.Context, noWait bool, report []func(Progress)) error {
	if err := db.writable("flush"); err != nil {
		return err
	}
	r := request(db, "flush", worker.ByFlush, report...)
	r.NoWait = noWait
	err := db.writer.Flush(ctx, "flush", r)
	r.End(err)
	return err
}

// Work flushes the old tree, if there is one, and merges segments. It holds up no other caller:
// commits and other work come in between. If ctx ends first, what is done stays, and the next
// work of any kind continues a merge that was begun.
func (db *DB) Work(ctx context.Context, o WorkOptions) (Progress, error) {
	return db.work(ctx, false, o)
}

func (db *DB) work(ctx context.Context, noWait bool, o WorkOptions) (Progress, error) {
	if err := db.writable("work"); err != nil {
		return Progress{}, err
	}
	pages := o.Pages
	if pages <= 0 {
		pages = worker.Unlimited
	}
	r := request(db, "work", worker.ByWork, o.Report)
	r.NoWait = noWait
	err := r.Some(ctx, pages, o.Merge)
	r.End(err)
	return progressOf(r.Progress), err
}

// Checkpoint makes durable what has been flushed, so that a crash needs the log only
// for what came later, and the space of older states can be used again. It returns how
// many pages became durable by it, which others may have written before; 0 if the newest
// state was durable already. Neither writers nor merges wait for its syncs.
func (db *DB) Checkpoint(ctx context.Context) (Progress, error) {
	return db.checkpoint(ctx, db.worker.Checkpoint)
}

func (db *DB) checkpoint(ctx context.Context, do func(context.Context, string) (int64, error)) (Progress, error) {
	if err := db.writable("checkpoint"); err != nil {
		return Progress{}, err
	}
	pages, err := do(ctx, "checkpoint")
	return Progress{Phase: PhaseCheckpoint, PagesWritten: pages, PhasePages: pages, PhaseTotal: pages, Done: err == nil}, err
}

// Optimize brings everything that was committed before the call into one densely packed
// segment with one b-tree at the beginning of the file, makes that durable, and cuts off
// the free end of the file. It is for a database that is written once and read many times.
// Others may read and write at the same time. What they write stays in memory or in segments of
// its own. What open snapshots show, or other processes with mode=ro, is neither overwritten nor
// cut off, so the file is only as small as that allows.
//
// It writes everything once, or twice (rarely three times) if the free blocks are placed so that
// a file without gaps needs another pass; during that time the file grows by the size of the
// data. If ctx ends first, the database is as sound as before.
//
// C lsm1 moves single blocks instead and notes from where to where in the checkpoint, 16 of
// them at most. A segment with such a note cannot have anything merged or flushed on top of
// it safely, so that the next write would pay for another full
// merge; a second pass costs the same, always ends with a file without gaps, and leaves
// plain segments.
//
// The functions passed get the progress between slices of the work.
func (db *DB) Optimize(ctx context.Context, report ...func(Progress)) error {
	if err := db.writable("optimize"); err != nil {
		return err
	}
	r := request(db, "optimize", worker.ByOptimize, report...)
	err := db.writer.Flush(ctx, "optimize", r)
	if err == nil {
		err = r.Optimize(ctx)
	}
	r.End(err)
	return err
}
