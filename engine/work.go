package engine

import (
	"context"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
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
// nothing is left to do. flushOnly stops as soon as no old tree is left. minLevels stands in
// for lsm1's automerge. The caller has the worker's turn.
// What comes next is chosen by merge.Choose.
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
	s := db.situation()
	s.MinLevels, s.FlushOnly = minLevels, flushOnly
	c := merge.Choose(&s)
	slot := &db.jobs[c.Slot]
	switch c.Action {
	case merge.Nothing:
		return nil, nil
	case merge.GoOn:
		return *slot, nil
	case merge.Anew:
		db.dropJobs()
	}
	j, err := db.newJob(c.Slot == merge.Flush, c.Lo, c.Hi)
	if err != nil {
		return nil, err
	}
	*slot = j
	return j, nil
}

// situation describes the newest state and the jobs in progress. The caller has the worker's
// turn.
func (db *DB) situation() merge.Situation {
	st := db.ledger.Newest()
	s := merge.Situation{Levels: st.Disk.Levels, OldTree: st.HasOld, Moved: len(st.Disk.Redirects) > 0}
	for i, j := range db.jobs {
		if j != nil {
			s.Jobs[i] = merge.Running{On: true, Inputs: j.inputs}
		}
	}
	return s
}

// merging reports whether a merge is in progress.
func (db *DB) merging() bool { return db.jobs[merge.Main] != nil || db.jobs[merge.Small] != nil }

// forget clears the place of a job that has ended.
func (db *DB) forget(j *job) {
	for i := range db.jobs {
		if db.jobs[i] == j {
			db.jobs[i] = nil
		}
	}
}

// dropJobs abandons all jobs.
func (db *DB) dropJobs() {
	for i, j := range db.jobs {
		if j != nil {
			db.abandon(j)
			db.jobs[i] = nil
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
	if !db.failures.failing[checkpointFailure].Load() || !db.worker.Try() {
		return
	}
	defer db.worker.Release()
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
	if !full && !db.worker.Try() {
		return // somebody else is at it
	}
	var waiting stall
	if full {
		waiting = db.startStall(StallFlush, "commit")
		_ = db.worker.Take(ctx) // which fails only if the context ends
	}
	defer db.worker.Release()
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
	if err := db.worker.Take(ctx); err != nil {
		return waitError("begin", db.path, "the worker's turn", err)
	}
	defer db.worker.Release()
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
