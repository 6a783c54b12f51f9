package engine

import (
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// beginWaits is how long Begin waited, and for what.
type beginWaits struct{ turn, stall time.Duration }

// commitWatch measures one commit for the observer. While nobody observes commits it does
// not ask for the time.
type commitWatch struct {
	observe    func(CommitEvent)
	began      time.Time
	part       time.Time
	sync, work time.Duration
}

func (tx *Tx) watchCommit() commitWatch {
	w := commitWatch{observe: tx.db.obs.Committed}
	if w.observe != nil {
		w.began = time.Now()
	}
	return w
}

// start begins to measure a part of the commit, and stop ends it.
func (w *commitWatch) start() {
	if w.observe != nil {
		w.part = time.Now()
	}
}

func (w *commitWatch) stop(d *time.Duration) {
	if w.observe != nil {
		*d = time.Since(w.part)
	}
}

// end counts a commit that failed, and tells the observer of a transaction that wrote
// something. The caller still has the writer's turn.
func (w *commitWatch) end(tx *Tx, err error) {
	if err != nil {
		tx.db.stats.commitErrors.Add(1)
	}
	if w.observe == nil || tx.records == 0 && err == nil {
		return
	}
	w.observe(CommitEvent{
		DB: tx.db, Duration: time.Since(w.began), Sync: w.sync, Work: w.work,
		Turn: tx.waits.turn, Stall: tx.waits.stall,
		Records: tx.records, Bytes: tx.bytes, Err: err,
	})
}

// workWatch measures a share of flushing and merging. Whoever makes one has the worker's
// turn until it ends, so what is written meanwhile is the share's.
type workWatch struct {
	db    *DB
	by    string
	start time.Time
	pages int64
	bytes int64
}

// Who does work, as WorkEvent.By says.
const (
	byCommit     = "commit"
	byBegin      = "begin"
	byMerger     = "merger"
	byWork       = "work"
	byFlush      = "flush"
	byClose      = "close"
	byOpen       = "open"
	byCheckpoint = "checkpoint"
	byOptimize   = "optimize"
)

// watchWork begins to measure work that the given one does.
func (db *DB) watchWork(by string) workWatch {
	if db.obs.Worked == nil {
		return workWatch{}
	}
	pages, bytes := db.jobTotals()
	return workWatch{db: db, by: by, start: time.Now(), pages: pages, bytes: bytes}
}

// end tells the observer, unless there was nothing to do.
func (w *workWatch) end(err error) {
	if w.db == nil {
		return
	}
	pages, bytes := w.db.jobTotals()
	if pages == w.pages && err == nil {
		return
	}
	w.db.obs.Worked(WorkEvent{
		DB: w.db, By: w.by, Pages: pages - w.pages, Bytes: bytes - w.bytes,
		Duration: time.Since(w.start), Err: err,
	})
}

// sliceWatch measures work that is done in slices, between which others may work.
type sliceWatch struct {
	db           *DB
	by           string
	pages, bytes int64
	took         time.Duration
}

// slice runs one slice. The caller has the worker's turn.
func (w *sliceWatch) slice(run func() (pages int, done bool, err error)) (int, bool, error) {
	if w.db.obs.Worked == nil {
		return run()
	}
	pages, bytes := w.db.jobTotals()
	start := time.Now()
	defer func() {
		p, b := w.db.jobTotals()
		w.pages += p - pages
		w.bytes += b - bytes
		w.took += time.Since(start)
	}()
	return run()
}

// end tells the observer of all slices together, unless there was nothing to do.
func (w *sliceWatch) end(err error) {
	if w.db.obs.Worked == nil || w.pages == 0 && err == nil {
		return
	}
	w.db.obs.Worked(WorkEvent{DB: w.db, By: w.by, Pages: w.pages, Bytes: w.bytes, Duration: w.took, Err: err})
}

// checkpointWatch measures one checkpoint.
type checkpointWatch struct {
	db    *DB
	id    base.SnapshotID
	bytes int64
	start time.Time
}

// watchCheckpoint begins to measure a checkpoint that is about to be stored. The caller
// has the checkpointer's turn.
func (db *DB) watchCheckpoint(c *format.Checkpoint) checkpointWatch {
	return checkpointWatch{db: db, id: c.ID, start: time.Now(),
		bytes: db.ledger.UnstoredBefore(c) * int64(db.opts.PageSize)}
}

// end counts the checkpoint and tells the observer.
func (w *checkpointWatch) end(err error) {
	s := &w.db.stats
	now := time.Now()
	if err != nil {
		s.checkpointErrors.Add(1)
	} else {
		s.checkpoints.Add(1)
		s.checkpointBytes.Add(w.bytes)
		s.lastCheckpoint.Store(now.UnixNano())
	}
	if f := w.db.obs.Checkpointed; f != nil {
		f(CheckpointEvent{DB: w.db, ID: int64(w.id), Bytes: w.bytes, Duration: now.Sub(w.start), Err: err})
	}
}

// failed tells the observer of an error of work that nobody asked for.
func (db *DB) failed(op string, err error) {
	if f := db.obs.Failed; f != nil {
		f(FailEvent{DB: db, Op: op, Err: err})
	}
}

// jobKind tells apart what pages are written for.
type jobKind int

const (
	flushKind jobKind = iota
	mergeKind
	freelistKind // a segment that holds free-list entries alone
	numJobKinds
)

func (j *job) kind() jobKind {
	switch {
	case j.flush:
		return flushKind
	case allFreelist(j.inputs):
		return freelistKind
	}
	return mergeKind
}

// jobTotals returns what all jobs have written so far.
func (db *DB) jobTotals() (pages, bytes int64) {
	for i := range db.stats.jobPages {
		pages += db.stats.jobPages[i].Load()
		bytes += db.stats.jobBytes[i].Load()
	}
	return pages, bytes
}

// jobWatch is what one job has cost so far.
type jobWatch struct {
	pages, bytes int64
	took         time.Duration
}

// step runs a step of a job and charges the job for it. Only jobs write pages, and only
// one at a time takes a step, so what is written meanwhile is the job's, but for the meta
// pages.
func (db *DB) step(j *job, run func() error) error {
	observed := db.obs.Flushed != nil || db.obs.Merged != nil
	var start time.Time
	if observed {
		start = time.Now()
	}
	before := db.bf.Stats()
	err := run()
	after := db.bf.Stats()
	pages := after.PagesWritten - before.PagesWritten
	bytes := after.DataBytes - before.DataBytes
	db.stats.jobPages[j.kind()].Add(pages)
	db.stats.jobBytes[j.kind()].Add(bytes)
	j.watch.pages += pages
	j.watch.bytes += bytes
	if observed {
		j.watch.took += time.Since(start)
	}
	return err
}

// jobEnded counts a job that was published or has failed, and tells the observer.
func (db *DB) jobEnded(j *job, err error) {
	observe := db.obs.Merged
	count := &db.stats.merges
	if j.flush {
		observe, count = db.obs.Flushed, &db.stats.flushes
	}
	if err != nil {
		count = &db.stats.workErrors
	}
	count.Add(1)
	if observe == nil {
		return
	}
	e := SegmentEvent{DB: db, Pages: j.watch.pages, Bytes: j.watch.bytes, Duration: j.watch.took, Err: err}
	for _, l := range j.inputs {
		for _, seg := range l.Segments() {
			e.Inputs++
			e.InputPages += seg.Size
		}
	}
	if j.flush {
		e.TreeBytes = int64(j.Spec().Tree.Size())
	}
	if err == nil {
		if r := j.Result(); r.Written {
			seg := &r.Segment
			e.Output = SegmentInfo{Role: RoleRun, First: int64(seg.First), Last: int64(seg.Last), Root: int64(seg.Root), Pages: seg.Size}
		}
	}
	observe(e)
}
