package engine

import (
	"context"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// job is a merge.Job with what it takes to publish its result. Jobs belong to whoever
// has the worker's turn.
type job struct {
	*merge.Job
	flush  bool // the old tree is an input
	age    uint16
	inputs []*snapshot.Level
	// inputPages is the size of the inputs, which the result will not exceed by much.
	inputPages int64
	begin      ledger.AppendPoint // where it writes from
	watch      jobWatch
}

// failureKind is the kind of work that the job is, for its error.
func (j *job) failureKind() failureKind {
	if j.flush {
		return flushFailure
	}
	return mergeFailure
}

// newJob prepares a job. levels[lo:hi] of the newest snapshot are its inputs. The caller
// has the worker's turn.
func (db *DB) newJob(flush bool, lo, hi int) (*job, error) {
	return db.newJobAt(flush, lo, hi, place{})
}

// sealFor returns the seal of what a job will write. Its pages must not pass for those of a
// segment that may have stood in the same place before: so it is made of the state that the
// job works on, where its log goes on included, which no other state of the database has,
// not even one of the same id that a crash has undone; and of the job's inputs.
func sealFor(st *snapshot.State, spec *merge.Spec) format.Seal {
	log := st.Disk.Log
	if !spec.Tree.Empty() {
		log = st.OldLog
	}
	of := []uint64{uint64(st.Disk.ID), log.Raw(), uint64(log.Sum.S0), uint64(log.Sum.S1), uint64(spec.Start)}
	for _, l := range spec.Inputs {
		of = append(of, uint64(l.Seg.First), uint64(l.Seg.Last))
	}
	return format.MakeSeal(of...)
}

// place says where a job writes to; the zero place leaves it to the job.
type place struct {
	above base.BlockNo // blocks behind this one only
	// whole begins with a block of its own, so that no block of the inputs stays in use
	// because of the result.
	whole bool
}

// newJobAt is newJob for a job that writes to a certain place.
func (db *DB) newJobAt(flush bool, lo, hi int, at place) (*job, error) {
	st := db.ledger.Newest()
	levels := st.Disk.Levels
	j := &job{flush: flush, inputs: slices.Clone(levels[lo:hi])}
	if hi > lo && !(flush && allFreelist(j.inputs)) {
		j.age = merge.Age(levels, lo, hi)
	}
	for _, l := range j.inputs {
		for _, seg := range l.Segments() {
			j.inputPages += db.bf.PagesIn(seg.Size)
		}
	}
	spec := merge.Spec{Inputs: j.inputs, Oldest: hi == len(levels)}
	if flush {
		spec.Tree = st.Old
	}
	// C lsm1 has a bug by which the free list may hold blocks that a half-done merge
	// still needs: such a merge is finished in new blocks.
	rescue := merge.HalfMerged(j.inputs) >= 0
	spec.FreeEntries = func() []format.FreeEntry { return db.ledger.EntriesFor(j.inputs, j.Blocks()) }
	if !rescue && !at.whole {
		j.begin = db.ledger.TakeAppendPoint()
	}
	spec.Start = j.begin.Page
	spec.Seal = sealFor(st, &spec)
	var err error
	if j.Job, err = merge.New(db.bf, ledger.Allocator{Ledger: db.ledger, Fresh: rescue, Above: at.above}, spec); err != nil {
		db.ledger.GiveBack(j.begin)
		return nil, err
	}
	return j, nil
}

// abandon gives up a job.
func (db *DB) abandon(j *job) { db.ledger.GiveUp(j.begin, j.Blocks()) }

// publish makes the result of a finished job part of the database. It reports false if
// the job must be run again with the next newer level among its inputs, which it then
// has abandoned.
func (db *DB) publish(j *job) (bool, error) {
	r := j.Result()
	c := ledger.Change{
		Inputs: j.inputs, Flush: j.flush, Begin: j.begin, Blocks: j.Blocks(), Entries: r.Entries, Next: r.AppendPoint,
		Compression: codecID(db.codec),
	}
	if r.Written {
		c.Output = &snapshot.Level{
			Age:          j.age,
			FreelistOnly: !j.flush && allFreelist(j.inputs),
			Seg: &segment.Segment{Segment: r.Segment, LastPage: r.LastPage, Owned: j.Blocks(),
				Space: &blockfile.Space{File: db.bf, Sealed: true, Seal: j.Spec().Seal}},
		}
	}
	outcome, err := db.ledger.Publish(&c)
	return outcome == ledger.Published, err
}

func allFreelist(levels []*snapshot.Level) bool {
	for _, l := range levels {
		if !l.FreelistOnly {
			return false
		}
	}
	return true
}

// runJob works on a job until it has done about the given number of pages' worth of
// work or is finished, and publishes it then. A job that fails is abandoned. again
// reports that the job has ended without a result and must be made anew, with one more
// newer level among its inputs.
func (db *DB) runJob(ctx context.Context, j *job, pages int) (cost int, done, again bool, err error) {
	err = db.step(j, func() (err error) {
		cost, err = j.Step(ctx, pages)
		return err
	})
	if err == nil && j.Done() {
		var ok bool
		if ok, err = db.publish(j); err == nil {
			if ok {
				db.jobEnded(j, nil)
			}
			return cost, true, !ok, nil
		}
	}
	if err != nil && ctx.Err() == nil {
		db.abandon(j)
		db.jobEnded(j, err)
		return cost, true, false, err
	}
	return cost, false, false, err
}
