// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"math"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/index"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// job is a merge.Job with what it takes to publish its result.
type job struct {
	*merge.Job
	flush  bool // the old tree is an input
	age    uint16
	inputs []*snapshot.Level
	// segments is how many the inputs are when it begins, and inputPages their size, without
	// what the job adds to: it will not write much more.
	segments   int
	inputPages int64
	before     int64              // pages of the levels on top of it that were there when it began
	begin      ledger.AppendPoint // where it writes from
	held       int                // how many of its blocks at the front are not reserved any more
	parts      int64              // pages that it had written when it was published in part
	whole      bool               // its result has a place of its own in the file
	cost       jobCost
	room       index.Room // for the index of what it writes
}

// plan says what a job is to do.
type plan struct {
	flush  bool // the old tree is an input
	lo, hi int  // levels[lo:hi] of the newest state are the others
	at     place
}

// place says where a job writes to; the zero place leaves it to the job.
type place struct {
	above base.BlockNo // only blocks with greater numbers than this one
	// whole begins with a block of its own, so that no block of the inputs stays in use
	// because of the result.
	whole bool
}

// newJob prepares a job. The caller has the worker's turn.
func (w *Worker) newJob(p plan) (*job, error) {
	w.Turn.MustBeHeld()
	w.bg.seen.Store(nil) // it may be left to the merger
	st := w.Ledger.Newest()
	levels := st.Disk.Levels
	j := &job{flush: p.flush, inputs: slices.Clone(levels[p.lo:p.hi])}
	if p.hi > p.lo && !(p.flush && allFreelist(j.inputs)) {
		j.age = merge.Age(levels, p.lo, p.hi)
	}
	if p.lo > 0 {
		j.before, _ = w.pagesOn(st, levels[p.lo])
	}
	for _, l := range j.inputs {
		for _, seg := range l.Segments() {
			j.segments++
			j.inputPages += w.File.PagesIn(seg.Size)
		}
	}
	spec := merge.Spec{Inputs: j.inputs, Oldest: p.hi == len(levels)}
	if p.flush {
		spec.Tree = st.Old
	}
	// C lsm1 has a bug by which the free list may hold blocks that a half-done merge
	// still needs: such a merge is finished in new blocks.
	rescue := merge.HalfMerged(j.inputs) >= 0
	spec.FreeEntries = func() []format.FreeEntry {
		all, err := j.allBlocks()
		if err != nil {
			return nil // Publish will report it
		}
		return w.Ledger.EntriesFor(j.inputs, all)
	}
	if at, ok := w.addsTo(p, j.inputs); ok {
		mark.Hit(mark.MergeResumed)
		j.begin, spec.Onto = at, j.inputs[0].Seg
		j.inputPages -= w.File.PagesIn(spec.Onto.Size)
	} else if !rescue && !p.at.whole {
		j.begin = w.Ledger.TakeAppendPoint()
	}
	j.whole = p.at.whole
	spec.Start = j.begin.Page
	spec.Seal = sealFor(st, &spec)
	j.room = w.Index.Reserve(index.Planned{Records: int64(spec.Tree.Len()), Pages: int64(spec.Tree.Size()) / w.pageSize(),
		Inputs: spec.Inputs, GoesOn: spec.Onto != nil})
	spec.Index, spec.Keys = j.room.Fences, j.room.Keys
	var err error
	if j.Job, err = merge.New(w.File, ledger.Allocator{Ledger: w.Ledger, Fresh: rescue, Above: p.at.above}, spec); err != nil {
		w.Ledger.GiveBack(j.begin)
		w.Index.Release(j.room)
		return nil, err
	}
	return j, nil
}

// addsTo reserves the place to write from if a job is to add to a segment: to what is merged
// so far of a half-done merge of lsmlite.
func (w *Worker) addsTo(p plan, inputs []*snapshot.Level) (at ledger.AppendPoint, ok bool) {
	if len(inputs) != 1 || p.flush || p.at != (place{}) {
		return at, false
	}
	l := inputs[0]
	if l.Merging == nil || !l.Merging.Ours || !l.Seg.Continuable() {
		return at, false
	}
	return w.Ledger.TakeEnd(l)
}

// failure is the kind of work that the job is, for its error.
func (j *job) failure() task {
	if j.flush {
		return flushTask
	}
	return mergeTask
}

// abandon gives up a job. What is published of it stays.
func (w *Worker) abandon(j *job) {
	w.Ledger.GiveUp(j.begin, j.Blocks()[j.held:])
	w.Index.Release(j.room)
}

// publish makes the result of a finished job part of the database.
func (w *Worker) publish(j *job) (ledger.Outcome, error) {
	r := j.Result()
	c := ledger.Change{
		Inputs: j.inputs, Flush: j.flush, Begin: j.begin, Blocks: j.Blocks()[j.held:], Entries: r.Entries, Next: r.AppendPoint,
		Compression: w.Compression,
	}
	if len(j.inputs) > 0 { // levels on top of a merge in parts may have grown older than it was to be
		levels := w.Ledger.Newest().Disk.Levels
		if at := slices.Index(levels, j.inputs[0]); at > 0 {
			j.age = max(j.age, levels[at-1].Age)
		}
	}
	if r.Written {
		seg, err := w.output(j, r.Segment, r.LastPage, r.Index)
		if err != nil {
			return ledger.Published, err
		}
		c.Output = &snapshot.Level{
			Age:          j.age,
			FreelistOnly: !j.flush && allFreelist(j.inputs),
			Seg:          seg,
		}
		w.Index.Adopt(c.Output.Seg)
	}
	did, err := w.Ledger.Publish(&c)
	if err == nil {
		w.Index.Release(j.room)
		if did == ledger.Published {
			w.Index.Published(j.inputs)
		}
	}
	return did, err
}

func allFreelist(levels []*snapshot.Level) bool {
	return !slices.ContainsFunc(levels, func(l *snapshot.Level) bool { return !l.FreelistOnly })
}

// outcome says how far a job has come.
type outcome uint8

const (
	unfinished outcome = iota
	published          // its result is part of the database
	widen              // it was given up, and has to be made again with one more newer level among its inputs
	failed             // it was given up because of an error
)

// runJob works on a job until it has done about the given number of bytes' worth of work or
// is finished, and publishes it then. The caller has the worker's turn.
func (w *Worker) runJob(ctx context.Context, j *job, bytes int64) (cost int64, o outcome, err error) {
	w.Turn.MustBeHeld()
	err = w.charge(j, func() (err error) {
		cost, err = j.Step(ctx, bytes)
		return err
	})
	if w.Tuning.Load().Sync != tuning.Never {
		w.File.StartWrites()
	}
	if err == nil && j.Done() {
		var did ledger.Outcome
		if did, err = w.publish(j); err == nil {
			if did == ledger.Widen {
				return cost, widen, nil
			}
			w.jobEnded(j, nil)
			return cost, published, nil
		}
	}
	broken := false // no part can be left half written
	if err == nil && w.worthPart(j) {
		err = w.charge(j, func() error { return w.publishPart(j) })
		broken = err != nil
	}
	if err != nil && (broken || ctx.Err() == nil) {
		w.abandon(j)
		w.jobEnded(j, err)
		return cost, failed, err
	}
	return cost, unfinished, err
}

// runToEnd works on a job to its end.
func (w *Worker) runToEnd(ctx context.Context, j *job) error {
	_, _, err := w.runJob(context.WithoutCancel(ctx), j, math.MaxInt64)
	return err
}
