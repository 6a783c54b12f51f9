package engine

import (
	"context"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// unlimited is a budget that no amount of work exhausts.
const unlimited = int(^uint(0) >> 1)

const (
	// stepPages is how much work is done at once between looks at who waits for it.
	stepPages = 64
	// commitPages is the least that is worth doing behind a commit: about what a job does
	// before it looks at its budget for the first time.
	commitPages = 2
)

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
//  3. Merges: one, and beside it a small one of newer levels, which goes first.
func (db *DB) work(ctx context.Context, pages, minLevels int, flushOnly bool) (done int, err error) {
	return db.doWork(ctx, pages, minLevels, flushOnly, false)
}

// workPatiently is work for commits: what has failed is left alone until its pause is over.
func (db *DB) workPatiently(ctx context.Context, pages int, flushOnly bool) (done int, err error) {
	return db.doWork(ctx, pages, db.opts.now().AutoMerge, flushOnly, true)
}

func (db *DB) doWork(ctx context.Context, pages, minLevels int, flushOnly, patient bool) (done int, err error) {
	for done < pages {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		if db.working = mergeFailure; db.ledger.Newest().HasOld {
			db.working = flushFailure
		}
		if patient && db.failures.wait(db.working) > 0 {
			return done, nil
		}
		j, err := db.nextJob(minLevels, flushOnly)
		if j == nil || err != nil {
			return done, err
		}
		db.working = j.failureKind()
		if patient && db.failures.wait(db.working) > 0 {
			return done, nil
		}
		cost, finished, again, err := db.runJob(ctx, j, min(pages-done, stepPages))
		done += cost
		if finished {
			db.forget(j)
		}
		db.advanced()
		if err != nil {
			return done, err
		}
		if again {
			if err := db.rerun(ctx, j); err != nil {
				return done, err
			}
		}
		if !finished {
			continue
		}
		db.failures.done(db.working)
		if patient && db.failures.wait(checkpointFailure) > 0 {
			continue
		}
		db.working = checkpointFailure
		if err := db.autoCheckpoint(ctx); err != nil {
			return done, err
		}
	}
	return done, nil
}

// nextJob returns the job to go on with, starting it if necessary, or nil.
func (db *DB) nextJob(minLevels int, flushOnly bool) (*job, error) {
	st := db.ledger.Newest()
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
	if db.smallJob != nil {
		return db.smallJob, nil
	}
	if db.mergeJob != nil {
		if lo, hi := merge.PickBeside(st.Disk.Levels, db.mergeJob.inputs, db.busy, minLevels); lo < hi {
			var err error
			db.smallJob, err = db.newJob(false, lo, hi)
			return db.smallJob, err
		}
		return db.mergeJob, nil
	}
	lo, hi := merge.PickSpace(st.Disk.Levels, db.busy, minLevels)
	if lo == hi {
		lo, hi = merge.Pick(st.Disk.Levels, db.busy, minLevels)
	}
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

// jobs returns all jobs in progress, nil for one that there is not.
func (db *DB) jobs() [3]*job { return [...]*job{db.flushJob, db.smallJob, db.mergeJob} }

// merging reports whether a merge is in progress.
func (db *DB) merging() bool { return db.mergeJob != nil || db.smallJob != nil }

// busy reports whether a level is an input of a job.
func (db *DB) busy(l *snapshot.Level) bool {
	for _, j := range db.jobs() {
		if j != nil && slices.Contains(j.inputs, l) {
			return true
		}
	}
	return false
}

// forget clears the place of a job that has ended.
func (db *DB) forget(j *job) {
	if db.flushJob == j {
		db.flushJob = nil
	}
	if db.smallJob == j {
		db.smallJob = nil
	}
	if db.mergeJob == j {
		db.mergeJob = nil
	}
}

// dropJobs abandons all jobs.
func (db *DB) dropJobs() {
	for _, j := range db.jobs() {
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
		levels := db.ledger.Newest().Disk.Levels
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

// workAfterCommit does, or waits for, the share of flushing and merging that a commit of
// the given number of bytes owes. The caller has the writer's turn.
func (db *DB) workAfterCommit(bytes int) {
	if db.opts.now().NoAutoWork {
		return
	}
	if db.opts.Background != BackgroundNone {
		wake(db.bg.merger)
		db.keepPace(bytes)
	}
	if db.bg.merger != nil {
		return
	}
	// As lsm1's autowork does: about as many pages for each level as were written, so
	// that merging keeps pace with the writes whatever their rate.
	st := db.ledger.Newest()
	full := st.HasOld && db.fill(st) >= 1 && db.failures.wait(flushFailure) == 0
	db.tryCheckpointAgain()
	if !st.HasOld && len(st.Disk.Levels) < 2 {
		db.credit = 0
		return
	}
	depth := st.Disk.NumSegments() + 1
	if st.HasOld {
		depth += 2
	}
	db.credit += bytes*depth + 1
	pages := db.credit / db.opts.PageSize
	if pages < commitPages && !full && !db.flushLags(st, 0, inlineEnd) {
		return
	}
	db.credit = 0
	db.autoWork(pages, full)
}

// tryCheckpointAgain is checkpointAgain for a commit.
func (db *DB) tryCheckpointAgain() {
	if !db.failures.failing[checkpointFailure].Load() || !db.worker.try() {
		return
	}
	defer db.worker.release()
	if err := db.checkpointAgain(context.Background()); err != nil {
		db.workFailed(checkpointFailure, byCommit, err)
	}
}

// autoWork is the work of one commit. The flush of the old tree goes on until it has come
// as far as the live tree is filled; if that one is full, too, to the end, and the live
// tree becomes the old one. Its errors are not the commit's: they are kept for the next
// transaction.
func (db *DB) autoWork(pages int, full bool) {
	ctx := context.Background() // a commit that is done must not stop half way
	if !full && !db.worker.try() {
		return // somebody else is at it
	}
	var waiting stall
	if full {
		waiting = db.startStall(StallFlush, "commit")
		_ = db.worker.take(ctx) // which fails only if the context ends
	}
	defer db.worker.release()
	watch := db.watchWork(byCommit)
	err := db.autoWorkPages(ctx, pages, full)
	if full {
		waiting.end()
	}
	watch.end(err)
	if err != nil {
		db.workFailed(db.working, byCommit, err)
	}
}

// autoWorkPages is autoWork with the worker's turn.
func (db *DB) autoWorkPages(ctx context.Context, pages int, full bool) error {
	if full {
		if _, err := db.workPatiently(ctx, unlimited, true); err != nil {
			return err
		}
		if err := db.rotateIfFull(); err != nil {
			return err
		}
	}
	n, err := db.workPatiently(ctx, pages, false)
	if err != nil {
		return err
	}
	if n < pages {
		db.failures.settle(flushFailure, mergeFailure)
	}
	for st := db.ledger.Newest(); db.flushLags(st, 0, inlineEnd); st = db.ledger.Newest() {
		if n, err := db.workPatiently(ctx, commitPages, true); n == 0 || err != nil {
			return err
		}
	}
	return nil
}

// rotateNow makes the live tree the old one, or forgets it if all of it was rolled back.
// There must be no old tree. The caller has the writer's turn.
func (db *DB) rotateNow() error {
	if err := db.settle(); err != nil {
		return err
	}
	view := db.tree.Freeze()
	if view.Empty() && db.liveBytes() == 0 {
		return nil
	}
	db.tree = memtree.New()
	db.ledger.SetAside(view, db.log.End(), db.tree)
	return nil
}

// makeRoom keeps memory and log bounded before another transaction starts. If the two trees
// have grown to memoryFactor times autoflush, or the log is full, because the background
// cannot keep up or work has failed, the transaction does the work first, and is refused if
// that fails. It returns how long that took. The caller has the writer's turn.
func (db *DB) makeRoom(ctx context.Context) (stalled time.Duration, err error) {
	if db.opts.now().NoAutoWork {
		return 0, nil
	}
	if err := db.rotateIfFull(); err != nil { // transactions that were rolled back may have filled it
		return 0, err
	}
	logFull := db.logIsFull()
	if !logFull && !db.treesFull() {
		return 0, nil
	}
	reason := StallFlush
	if logFull {
		reason = StallCheckpoint
	}
	waiting := db.startStall(reason, "begin")
	defer func() { stalled = waiting.end() }()
	if err := db.flushForRoom(ctx, logFull); err != nil || !logFull {
		return 0, err
	}
	_, err = db.checkpoint(ctx, "begin")
	return 0, err
}

// treesFull reports whether no transaction may begin before the old tree is flushed.
func (db *DB) treesFull() bool {
	st := db.ledger.Newest()
	limit := int64(db.opts.now().AutoFlush)
	live := db.liveBytes()
	return st.HasOld && live >= limit && live+int64(st.Old.Size()) >= memoryFactor*limit
}

// flushForRoom flushes the old tree, makes the live one the old one, and flushes that, too, if
// all is asked for.
func (db *DB) flushForRoom(ctx context.Context, all bool) (err error) {
	if err := db.worker.take(ctx); err != nil {
		return waitError("begin", db.path, "the worker's turn", err)
	}
	defer db.worker.release()
	watch := db.watchWork(byBegin)
	defer func() { watch.end(err) }()
	if all {
		return db.flushAll(ctx)
	}
	if _, err := db.work(ctx, unlimited, db.opts.now().AutoMerge, true); err != nil {
		return err
	}
	return db.rotateNow()
}
