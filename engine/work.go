package engine

import (
	"context"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// unlimited is a budget that no amount of work exhausts.
const unlimited = int(^uint(0) >> 1)

// stepPages is how much work is done at once between looks at the context, and the
// least that is worth doing behind a commit.
const stepPages = 32

// work flushes the old tree and merges levels until the budget of pages is used up or
// nothing is left to do. flushOnly stops as soon as no old tree is left. Merges are
// chosen as lsm1 does, with minLevels in place of its automerge. The caller has the
// worker's turn.
//
// The order of things:
//
//  1. A merge that C lsm1 left half done is finished before anything is published on
//     top of it: C could not go on with it otherwise.
//  2. The old tree is flushed, unless there are too many segments already: then one
//     merge goes first.
//  3. Merges.
func (db *DB) work(ctx context.Context, pages, minLevels int, flushOnly bool) (done int, err error) {
	for done < pages {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		j, err := db.nextJob(minLevels, flushOnly)
		if j == nil || err != nil {
			return done, err
		}
		cost, finished, again, err := db.runJob(ctx, j, min(pages-done, stepPages*32))
		done += cost
		if finished {
			db.forget(j)
		}
		if err != nil {
			return done, err
		}
		if again {
			if err := db.rerun(ctx, j); err != nil {
				return done, err
			}
		}
		if finished {
			if err := db.autoCheckpoint(ctx); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// nextJob returns the job to go on with, starting it if necessary, or nil.
func (db *DB) nextJob(minLevels int, flushOnly bool) (*job, error) {
	st := db.reg.Newest()
	if len(st.Disk.Redirects) > 0 {
		return db.nextJobOverMoved(st, minLevels, flushOnly)
	}
	if i := halfMerged(st.Disk.Levels); i >= 0 && (st.HasOld || !flushOnly || db.mergeJob != nil) {
		if db.mergeJob == nil || !slices.Contains(db.mergeJob.inputs, st.Disk.Levels[i]) {
			db.dropJobs()
			j, err := db.newJob(false, i, i+1)
			if err != nil {
				return nil, err
			}
			db.mergeJob = j
		}
		return db.mergeJob, nil
	}
	if st.HasOld {
		if db.flushJob != nil {
			return db.flushJob, nil
		}
		if st.Disk.NumSegments() < merge.MaxSegments {
			hi := 0
			if l := st.Disk.Levels; len(l) > 0 && l[0].FreelistOnly && !db.busy(l[0]) {
				hi = 1
			}
			var err error
			db.flushJob, err = db.newJob(true, 0, hi)
			return db.flushJob, err
		}
	} else if flushOnly {
		return nil, nil
	}
	if db.mergeJob != nil {
		return db.mergeJob, nil
	}
	lo, hi := merge.Pick(st.Disk.Levels, db.busy, minLevels)
	if lo == hi && st.Disk.NumSegments() >= merge.MaxSegments {
		lo, hi = merge.PickAny(st.Disk.Levels, db.busy)
	}
	if lo == hi {
		return nil, nil
	}
	var err error
	db.mergeJob, err = db.newJob(false, lo, hi)
	return db.mergeJob, err
}

// nextJobOverMoved is nextJob while the oldest segment holds blocks that C lsm1 has moved.
// C has a bug by which a stepwise merge that reaches such a segment through its b-tree
// frees blocks that it still needs. Segments that C wrote above it are linked to it, which
// hides its b-tree; ours are not. So nothing of ours is published above it: the first job
// takes in all levels, and with that the moved blocks are gone.
func (db *DB) nextJobOverMoved(st *snapshot.State, minLevels int, flushOnly bool) (*job, error) {
	levels := st.Disk.Levels
	for _, j := range []*job{db.mergeJob, db.flushJob} {
		if j != nil && len(j.inputs) == len(levels) {
			return j, nil
		}
	}
	wanted := st.HasOld
	if !flushOnly && !wanted {
		lo, hi := merge.Pick(levels, db.busy, minLevels)
		wanted = hi > lo || halfMerged(levels) >= 0 || st.Disk.NumSegments() >= merge.MaxSegments
	}
	if !wanted {
		return nil, nil
	}
	j, err := db.newJob(st.HasOld, 0, len(levels))
	if err != nil {
		return nil, err
	}
	if st.HasOld {
		db.flushJob = j
	} else {
		db.mergeJob = j
	}
	return j, nil
}

// halfMerged returns the index of a level that C lsm1 left half merged, or -1.
func halfMerged(levels []*snapshot.Level) int {
	return slices.IndexFunc(levels, func(l *snapshot.Level) bool { return l.Merging != nil })
}

// busy reports whether a level is an input of a job.
func (db *DB) busy(l *snapshot.Level) bool {
	return db.mergeJob != nil && slices.Contains(db.mergeJob.inputs, l) ||
		db.flushJob != nil && slices.Contains(db.flushJob.inputs, l)
}

// forget clears the place of a job that has ended.
func (db *DB) forget(j *job) {
	if db.flushJob == j {
		db.flushJob = nil
	}
	if db.mergeJob == j {
		db.mergeJob = nil
	}
}

// dropJobs abandons all jobs.
func (db *DB) dropJobs() {
	for _, j := range []*job{db.flushJob, db.mergeJob} {
		if j != nil {
			db.abandon(j)
			db.forget(j)
		}
	}
}

// rerun merges the inputs of a job that had no publishable result together with the
// next newer level, to the end. It happens only above levels that C lsm1 wrote, when
// next to nothing is left of them.
func (db *DB) rerun(ctx context.Context, j *job) error {
	for {
		levels := db.reg.Newest().Disk.Levels
		lo := slices.Index(levels, j.inputs[0]) - 1
		hi := lo + 1 + len(j.inputs)
		db.dropJobs()
		wider, err := db.newJob(false, lo, hi)
		if err != nil {
			return err
		}
		for {
			_, finished, again, err := db.runJob(ctx, wider, unlimited)
			if err != nil {
				if !finished {
					db.abandon(wider)
				}
				return err
			}
			if finished && !again {
				return nil
			}
			if again {
				break
			}
		}
		j = wider
	}
}

// workAfterCommit does the share of flushing and merging that a commit of the given
// number of bytes owes, as lsm1's autowork does: about as many pages for each level as
// were written, so that the work keeps pace with the writes whatever their rate. Its
// errors are not the commit's: they are kept, and keep further writers out only when
// memory would grow otherwise. The caller has the writer's turn.
func (db *DB) workAfterCommit(bytes int) {
	if !db.opts.autoWork.Load() {
		return
	}
	st := db.reg.Newest()
	limit := db.opts.autoFlush.Load()
	over := st.HasOld && int64(st.Live.Size()) >= limit
	if db.bg.merger != nil {
		wake(db.bg.merger)
		// The writer helps only when the merger falls behind: that bounds memory and
		// the number of segments, and spreads the cost over many commits.
		behind := st.HasOld && int64(st.Live.Size()) > limit/2 || st.Disk.NumSegments() > merge.MaxSegments/2
		if !behind {
			return
		}
	}
	if !st.HasOld && len(st.Disk.Levels) < 2 && !over {
		db.credit = 0
		return
	}
	depth := st.Disk.NumSegments() + 1
	if st.HasOld {
		depth += 2
	}
	db.credit += bytes*depth + 1
	pages := db.credit / db.opts.PageSize
	if pages < stepPages && !over {
		return
	}
	db.credit = 0
	db.workErr.Store(nil)
	if err := db.autoWork(pages, over); err != nil {
		db.workErr.Store(&err)
		db.failed("commit", err)
	}
}

// autoWork is the work of one commit. If the live tree is full, too, it flushes the old
// one to the end and makes the live one old.
func (db *DB) autoWork(pages int, over bool) error {
	ctx := context.Background() // a commit that is done must not stop half way
	if !over && !db.worker.try() {
		return nil // somebody else is at it
	}
	var waiting stall
	if over {
		waiting = db.startStall(StallFlush, "commit")
		if err := db.worker.take(ctx); err != nil {
			waiting.end()
			return err
		}
	}
	defer db.worker.release()
	watch := db.watchWork(byCommit)
	minLevels := int(db.opts.autoMerge.Load())
	var err error
	if over {
		if _, err = db.work(ctx, unlimited, minLevels, true); err == nil {
			db.rotateNow()
		}
		waiting.end()
	}
	if err == nil {
		_, err = db.work(ctx, pages, minLevels, false)
	}
	watch.end(err)
	return err
}

// rotateNow makes the live tree the old one. There must be no old tree. The caller has
// the writer's turn.
func (db *DB) rotateNow() {
	view := db.tree.Freeze()
	if view.Empty() {
		return
	}
	db.pub.Lock()
	defer db.pub.Unlock()
	next := db.reg.Newest().Next()
	next.Live = view
	db.rotate(next)
	db.reg.Publish(next)
}

// makeRoom keeps memory bounded before another transaction starts: if flushing has
// failed until the live tree is twice its limit, it is tried once more, and the
// transaction is refused if it fails again. It returns how long that took. The caller has
// the writer's turn.
func (db *DB) makeRoom(ctx context.Context) (stalled time.Duration, err error) {
	if !db.opts.autoWork.Load() {
		return 0, nil
	}
	st := db.reg.Newest()
	if !st.HasOld || int64(st.Live.Size()) < 2*db.opts.autoFlush.Load() {
		return 0, nil
	}
	waiting := db.startStall(StallFlush, "begin")
	defer func() { stalled = waiting.end() }()
	if err := db.worker.take(ctx); err != nil {
		return 0, waitError("begin", db.path, "the worker's turn", err)
	}
	defer db.worker.release()
	watch := db.watchWork(byBegin)
	_, err = db.work(ctx, unlimited, int(db.opts.autoMerge.Load()), true)
	if err == nil {
		db.rotateNow()
	}
	watch.end(err)
	return 0, err
}

// Flush writes everything that is committed into the database file and returns when no
// tree waits to be flushed. It does not checkpoint: until a checkpoint is made, the log
// is what a crash is recovered from.
func (db *DB) Flush(ctx context.Context) error {
	if err := db.writable("flush"); err != nil {
		return err
	}
	if err := db.writer.take(ctx); err != nil {
		return waitError("flush", db.path, "the writer's turn", err)
	}
	defer db.writer.release()
	if err := db.takeWorker(ctx, "flush"); err != nil {
		return err
	}
	defer db.worker.release()
	watch := db.watchWork(byFlush)
	err := db.flushAll(ctx)
	watch.end(err)
	return err
}

// flushAll flushes the old tree, then the live one. The caller has both turns.
func (db *DB) flushAll(ctx context.Context) error {
	minLevels := int(db.opts.autoMerge.Load())
	if _, err := db.work(ctx, unlimited, minLevels, true); err != nil {
		return err
	}
	db.rotateNow()
	_, err := db.work(ctx, unlimited, minLevels, true)
	return err
}

// WorkOptions say what Work does.
type WorkOptions struct {
	// Merge is the least number of segments of one age that are merged; 0 is the
	// AutoMerge setting. 1 merges all segments into one.
	Merge int
	// Pages is about how many pages are written at most; 0 is no limit.
	Pages int
}

// Progress is what a call of Work has done.
type Progress struct {
	PagesWritten int64
	Done         bool // nothing is left to do
}

// Work flushes the old tree, if there is one, and merges segments.
func (db *DB) Work(ctx context.Context, o WorkOptions) (Progress, error) {
	if err := db.writable("work"); err != nil {
		return Progress{}, err
	}
	if o.Merge == 0 {
		o.Merge = int(db.opts.autoMerge.Load())
	}
	pages := o.Pages
	if pages <= 0 {
		pages = unlimited
	}
	if err := db.takeWorker(ctx, "work"); err != nil {
		return Progress{}, err
	}
	defer db.worker.release()
	watch := db.watchWork(byWork)
	n, err := db.work(ctx, pages, o.Merge, false)
	if err == nil && o.Merge == 1 && n < pages {
		var m int
		m, err = db.mergeAll(ctx, pages-n)
		n += m
	}
	watch.end(err)
	return Progress{PagesWritten: int64(n), Done: err == nil && n < pages}, err
}

// mergeAll merges all levels into one, within a budget. The checkpoint behind a merge may
// add a level of free-list entries; such a level alone is no reason to merge again, or
// the two would take turns for ever. The caller has the worker's turn.
func (db *DB) mergeAll(ctx context.Context, pages int) (done int, err error) {
	minLevels := int(db.opts.autoMerge.Load())
	for worthMerging := 1; done < pages; worthMerging = 2 {
		levels := db.reg.Newest().Disk.Levels
		if db.mergeJob == nil {
			if len(levels) < 2 || numUserLevels(levels) < worthMerging {
				return done, nil
			}
			if db.mergeJob, err = db.newJob(false, 0, len(levels)); err != nil {
				return done, err
			}
		}
		for db.mergeJob != nil && done < pages {
			n, err := db.work(ctx, min(pages-done, 1024), minLevels, false)
			done += n
			if err != nil {
				return done, err
			}
		}
	}
	return done, nil
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

// Optimize brings everything into one densely packed segment, for a database that is
// written once and read many times, and makes that durable.
func (db *DB) Optimize(ctx context.Context) error {
	if err := db.Flush(ctx); err != nil {
		return err
	}
	if _, err := db.Work(ctx, WorkOptions{Merge: 1}); err != nil {
		return err
	}
	return db.Checkpoint(ctx)
}
