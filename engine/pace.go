package engine

import (
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// pace tells how far the work has come that writers depend on. Memory stays bounded only if
// the old tree is flushed before the live one is full, and the number of segments only if a
// merge ends before too many more are flushed. Both are followed as fractions, from the
// beginning on: a writer that waits (or works) a little with each commit as soon as the
// work lags behind what was written never has to wait for all of it at once.
//
//	live tree  |....25 %.......................90 %....| full
//	flush            0 % ---- has to be at ---- 100 %
//
// Whoever has the worker's turn writes it, the writer reads it.
type pace struct {
	flushed, toFlush atomic.Int64  // records of the old tree
	merged, toMerge  atomic.Int64  // pages
	stored           atomic.Uint32 // pages written in all when the newest checkpoint was made
	step             chan struct{} // capacity 1: something has got further
	timer            *time.Timer   // the writer's
}

const (
	// Memory: both trees together stay below memoryFactor times autoflush, and what one
	// transaction adds. See makeRoom.
	memoryFactor = 3
	// heldFactor is how many times autoflush the live tree may hold in memory, above heldLeast,
	// before it counts as full. It holds more than its size if cursors of transactions keep
	// what has been replaced since, or in the chunk that is being filled.
	heldFactor = 2
	heldLeast  = 1 << 20
	// paceStart and paceEnd are how full the live tree is when the background's flush of
	// the old one has to have begun, and to be complete.
	paceStart, paceEnd = 0.25, 0.90
	// inlineEnd is the same end where commits do the work; they begin at once.
	inlineEnd = 0.75
	// From softSegments on merges are paced, so that they end before hardSegments.
	softSegments = merge.MaxSegments / 2
	hardSegments = merge.MaxSegments - 2
	// checkpointFactor is how many times what makes a checkpoint due may come together before
	// commits wait for the checkpointer.
	checkpointFactor = 2
	// maxWait is how long one commit waits for the background at most, and maxWaitByte what is
	// added for each byte that it wrote. What is still not back in step then is waited for by
	// the next commits, and in the end, for a flush, by makeRoom.
	maxWait     = 2 * time.Millisecond
	maxWaitByte = time.Microsecond
)

func (p *pace) init() { p.step = make(chan struct{}, 1) }

// advanced notes how far the jobs are. The caller has the worker's turn.
func (db *DB) advanced() {
	p := &db.pace
	var flushed, toFlush, merged, toMerge int64
	if j := db.jobs[merge.Flush]; j != nil {
		flushed, toFlush = j.Flushed()
	}
	if j := db.jobs[merge.Main]; j != nil {
		merged, toMerge = j.Pages(), j.inputPages
	}
	p.flushed.Store(flushed)
	p.toFlush.Store(toFlush)
	p.merged.Store(merged)
	p.toMerge.Store(toMerge)
	wake(p.step)
}

func fraction(done, all int64) float64 {
	if all <= 0 {
		return 0
	}
	return float64(done) / float64(all)
}

// fill is how full the live tree is; 1 is when it is to become the old one. What counts is
// its size, with what was rolled back since a cursor saw it, the memory that it holds, and the
// log that holds it. The caller has the writer's turn.
func (db *DB) fill(st *snapshot.State) float64 {
	limit := int64(db.opts.now().AutoFlush)
	f := fraction(db.liveBytes(), limit)
	if part := db.opts.logLimit() / logFlushPart; part > 0 {
		f = max(f, fraction(db.liveLog(st), part))
	}
	return f
}

// liveBytes is the size of the live tree, or the part of the memory it holds that counts, if
// that is more. The caller has the writer's turn.
func (db *DB) liveBytes() int64 {
	return max(int64(db.tree.Size()), int64(db.tree.Footprint()-heldLeast)/heldFactor)
}

// flushLags reports whether the flush of the old tree should be further by now, if it has
// to begin when the live tree is filled to start and to be complete at end. While it fails
// nobody waits for it, before makeRoom does.
func (db *DB) flushLags(st *snapshot.State, start, end float64) bool {
	if !st.HasOld || db.failures.failing[flushFailure].Load() {
		return false
	}
	want := (db.fill(st) - start) / (end - start)
	return want > 0 && fraction(db.pace.flushed.Load(), db.pace.toFlush.Load()) < min(want, 1)
}

// mergeLags reports whether the running merge should be further by now.
func (db *DB) mergeLags(st *snapshot.State) bool {
	n := st.Disk.NumSegments()
	all := db.pace.toMerge.Load()
	if n <= softSegments || all == 0 || db.failures.failing[mergeFailure].Load() {
		return false
	}
	want := (float64(n-softSegments-1) + min(db.fill(st), 1)) / (hardSegments - softSegments)
	return fraction(db.pace.merged.Load(), all) < min(want, 1)
}

// checkpointLags reports whether a checkpointer that is a goroutine of its own should have
// made the next checkpoint by now: until then no space that merges have freed can be used
// again, and the file and its log grow.
func (db *DB) checkpointLags() bool {
	if db.bg.checkpointer == nil || db.failures.failing[checkpointFailure].Load() {
		return false
	}
	limit := int64(db.opts.now().AutoCheckpoint)
	since := int64(db.bf.Written()-db.pace.stored.Load()) * int64(db.opts.PageSize)
	return (limit > 0 && since > checkpointFactor*limit || db.logLags(checkpointFactor)) && db.checkpointDue()
}

// lags reports whether work in the background lags behind.
func (db *DB) lags() bool {
	if db.checkpointLags() {
		return true
	}
	st := db.ledger.Newest()
	return db.bg.merger != nil && (db.flushLags(st, paceStart, paceEnd) || db.mergeLags(st))
}

// stallReason is what lags behind, if lags says that something does.
func (db *DB) stallReason() StallReason {
	switch {
	case db.checkpointLags():
		return StallCheckpoint
	case db.bg.merger != nil && db.flushLags(db.ledger.Newest(), paceStart, paceEnd):
		return StallFlush
	}
	return StallMerge
}

// keepPace makes a commit of the given number of bytes wait while the work in the background
// lags behind, for a time in proportion to what was written. The caller has the writer's
// turn.
func (db *DB) keepPace(bytes int) {
	if !db.lags() {
		return
	}
	p := &db.pace
	wait := maxWait + time.Duration(bytes)*maxWaitByte
	if p.timer == nil {
		p.timer = time.NewTimer(wait)
	} else {
		p.timer.Reset(wait)
	}
	defer p.timer.Stop()
	wake(db.bg.checkpointer)
	waiting := db.startStall(db.stallReason(), "commit")
	defer waiting.end()
	for db.lags() {
		if db.stopped() != nil {
			return // the next transaction is told
		}
		select {
		case <-p.step:
		case <-p.timer.C:
			return
		}
	}
}
