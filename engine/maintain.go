package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Phase is what a call of Flush, Work, Checkpoint or Optimize is doing.
type Phase string

// The phases.
const (
	PhaseFlush      Phase = "flush"      // the in-memory trees are written to the file
	PhaseMerge      Phase = "merge"      // segments are merged
	PhaseCompact    Phase = "compact"    // the one segment is written anew, to the front of the file
	PhaseCheckpoint Phase = "checkpoint" // what was written is made durable
	PhaseTruncate   Phase = "truncate"   // the end of the file is cut off
)

// Progress is what a call of Flush, Work, Checkpoint or Optimize has done so far.
type Progress struct {
	Phase Phase
	// PagesWritten is the work since the call began, in pages; what other goroutines did
	// meanwhile does not count.
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
	// goroutine that called Work. No turn is held meanwhile. It may be nil.
	Report func(Progress)
}

// reporter keeps the Progress of one call and passes it on.
type reporter struct {
	Progress
	to    []func(Progress)
	watch sliceWatch
}

// newReporter makes the reporter of a call, for the observer by that name.
func (db *DB) newReporter(by string, to ...func(Progress)) *reporter {
	return &reporter{to: to, watch: sliceWatch{db: db, by: by}}
}

// begin starts a phase.
func (r *reporter) begin(phase Phase, total int64) {
	r.Phase, r.PhasePages, r.PhaseTotal = phase, 0, total
	r.report()
}

// add counts pages and reports them.
func (r *reporter) add(pages int) {
	r.PagesWritten += int64(pages)
	r.PhasePages += int64(pages)
	r.report()
}

func (r *reporter) report() {
	for _, f := range r.to {
		if f != nil {
			f(r.Progress)
		}
	}
}

// inSlices calls step with the worker's turn, until it returns true or an error; between
// the calls the turn goes to whoever waits for it, so that no commit and no flush waits
// for all of a long merge. step returns the pages' worth of work that it did.
func (db *DB) inSlices(ctx context.Context, op string, r *reporter, step func() (pages int, done bool, err error)) error {
	for {
		if err := ctx.Err(); err != nil {
			return waitError(op, db.path, "the work to end", err)
		}
		if err := db.takeWorker(ctx, op); err != nil {
			return err
		}
		n, done, err := r.watch.slice(step)
		db.worker.Release()
		r.add(n)
		if done || err != nil {
			return err
		}
	}
}

// Flush writes everything that was committed before the call into the database file. It
// does not checkpoint: until a checkpoint is made, the log is what a crash is recovered
// from. Writers are held up only for a moment. If ctx ends first, some of it is done, and
// nothing is lost.
//
// The functions passed are told of the progress between slices of the work.
func (db *DB) Flush(ctx context.Context, report ...func(Progress)) error {
	r := db.newReporter(byFlush, report...)
	err := db.flush(ctx, "flush", r)
	r.watch.end(err)
	return err
}

func (db *DB) flush(ctx context.Context, op string, r *reporter) error {
	if err := db.writable(op); err != nil {
		return err
	}
	r.begin(PhaseFlush, 0)
	minLevels := db.opts.now().AutoMerge
	slice := func() (int, error) { return db.work(ctx, stepPages, minLevels, true) }
	// 1. An old tree that waits goes first, while writers write on.
	err := db.inSlices(ctx, op, r, func() (int, bool, error) {
		n, err := slice()
		return n, !db.ledger.Newest().HasOld, err
	})
	if err != nil {
		return err
	}
	// 2. The live tree becomes the old one.
	mine, err := db.setAside(ctx, op, r)
	if err != nil {
		return err
	}
	// 3. That one is flushed.
	return db.inSlices(ctx, op, r, func() (int, bool, error) {
		flushed := func() bool {
			st := db.ledger.Newest()
			return !st.HasOld || st.OldLog != mine
		}
		if flushed() {
			return 0, true, nil
		}
		n, err := slice()
		return n, flushed(), err
	})
}

// setAside makes the live tree the old one, and returns the end of the log that it
// reaches. If another old tree has come up meanwhile, it is flushed first.
func (db *DB) setAside(ctx context.Context, op string, r *reporter) (end format.LogPos, err error) {
	if err := db.writer.Take(ctx); err != nil {
		return end, waitError(op, db.path, "the writer's turn", err)
	}
	defer db.writer.Release()
	if err := db.takeWorker(ctx, op); err != nil {
		return end, err
	}
	defer db.worker.Release()
	_, _, err = r.watch.slice(func() (int, bool, error) {
		n, err := db.work(ctx, unlimited, db.opts.now().AutoMerge, true)
		return n, true, err
	})
	if err != nil {
		return end, err
	}
	if err := db.rotateNow(); err != nil {
		return end, err
	}
	return db.ledger.Newest().OldLog, nil
}

// flushAll flushes the old tree, then the live one. The caller has both turns.
func (db *DB) flushAll(ctx context.Context) error {
	minLevels := db.opts.now().AutoMerge
	if _, err := db.work(ctx, unlimited, minLevels, true); err != nil {
		return err
	}
	if err := db.rotateNow(); err != nil {
		return err
	}
	_, err := db.work(ctx, unlimited, minLevels, true)
	return err
}

// Work flushes the old tree, if there is one, and merges segments. It does not hold up
// anybody else: commits and other work come in between. If ctx ends first, what is done
// stays, and a merge that was begun goes on with the next work of whatever kind.
func (db *DB) Work(ctx context.Context, o WorkOptions) (Progress, error) {
	if err := db.writable("work"); err != nil {
		return Progress{}, err
	}
	if o.Merge == 0 {
		o.Merge = db.opts.now().AutoMerge
	}
	pages := o.Pages
	if pages <= 0 {
		pages = unlimited
	}
	r := db.newReporter(byWork, o.Report)
	r.begin(PhaseMerge, 0)
	left := func() int { return pages - int(r.PagesWritten) }
	err := db.inSlices(ctx, "work", r, func() (int, bool, error) {
		slice := min(left(), stepPages)
		n, err := db.work(ctx, slice, o.Merge, false)
		return n, n < slice || n >= left(), err
	})
	if err == nil && o.Merge == 1 && left() > 0 {
		err = db.mergeToOne(ctx, "work", r, left(), nil)
	}
	r.watch.end(err)
	r.Done = err == nil && left() > 0
	return r.Progress, err
}

// mergeToOne merges all levels into one, within a budget of pages. What is flushed
// meanwhile stays on top. A merge that is running already is finished first. The
// result goes to where choose says when the merge begins; choose may be nil.
func (db *DB) mergeToOne(ctx context.Context, op string, r *reporter, pages int, choose func() place) error {
	var all *job
	minLevels := db.opts.now().AutoMerge
	return db.inSlices(ctx, op, r, func() (int, bool, error) {
		if all == nil && !db.merging() {
			disk := db.ledger.Newest().Disk
			levels := disk.Levels
			var at place
			if choose != nil {
				at = choose()
			}
			switch {
			case numUserLevels(levels) == 0:
				return 0, true, nil
			case len(levels) == 1 && at.above == 0 && !levels[0].Seg.MayLink && len(disk.Redirects) == 0:
				return 0, true, nil // it is one segment of ours, and plain
			}
			var err error
			if all, err = db.newJobAt(false, 0, len(levels), at); err != nil {
				return 0, false, err
			}
			db.jobs[merge.Main] = all
			r.begin(PhaseMerge, all.inputPages)
		}
		if all != nil && db.jobs[merge.Main] != all {
			return 0, true, nil
		}
		slice := min(pages, stepPages)
		n, err := db.work(ctx, slice, minLevels, false)
		pages -= n
		return n, pages <= 0 || all != nil && db.jobs[merge.Main] != all, err
	})
}

// mergeAll merges all levels into one to the end. The caller has the worker's turn.
func (db *DB) mergeAll(ctx context.Context) error {
	minLevels := db.opts.now().AutoMerge
	for worthMerging := 1; ; worthMerging = 2 {
		levels := db.ledger.Newest().Disk.Levels
		if !db.merging() {
			// The checkpoint behind a merge may add a level of free-list entries. Such a
			// level alone is no reason to merge again, or the two would take turns for ever.
			if len(levels) < 2 || numUserLevels(levels) < worthMerging {
				return nil
			}
			j, err := db.newJob(false, 0, len(levels))
			if err != nil {
				return err
			}
			db.jobs[merge.Main] = j
		}
		for db.merging() {
			if _, err := db.work(ctx, stepPages, minLevels, false); err != nil {
				return err
			}
		}
	}
}

// numUserLevels counts the levels that hold more than free-list entries.
func numUserLevels(levels []*snapshot.Level) int {
	n := 0
	for _, l := range levels {
		if !l.FreelistOnly {
			n++
		}
	}
	return n
}
