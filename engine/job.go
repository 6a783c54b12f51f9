package engine

import (
	"context"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
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
	slot       int         // append point it writes from, -1 for none
	start      base.PageNo // that append point
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
	st := db.reg.Newest()
	levels := st.Disk.Levels
	j := &job{flush: flush, inputs: slices.Clone(levels[lo:hi]), slot: -1}
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
	rescue := halfMerged(j.inputs) >= 0
	spec.FreeEntries = func() []format.FreeEntry { return db.takeDelta(j) }
	if !rescue && !at.whole {
		db.takeAppendPoint(j)
	}
	spec.Start = j.start
	spec.Seal = sealFor(st, &spec)
	var err error
	if j.Job, err = merge.New(db.bf, allocator{db: db, fresh: rescue, above: at.above}, spec); err != nil {
		db.abandon(j)
		return nil, err
	}
	return j, nil
}

// takeDelta returns the free-list entries that no segment holds yet, as they will be once
// the job is published, for the job to write them. They override what older segments
// hold, so only a job whose result will be the newest level may have them: a flush, or a
// merge on top of which nothing has been published since it began.
func (db *DB) takeDelta(j *job) []format.FreeEntry {
	freed, err := db.blocksOf(j.inputs)
	if err != nil {
		return nil // the publishing of the job will report it
	}
	db.pub.Lock()
	defer db.pub.Unlock()
	disk := *db.reg.Newest().Disk
	if len(j.inputs) > 0 {
		at := slices.Index(disk.Levels, j.inputs[0])
		if at > 0 {
			return nil
		}
		disk.Levels = disk.Levels[len(j.inputs):]
	}
	return db.free.DeltaAfter(j.Blocks(), db.unshared(freed, &disk), disk.ID)
}

// takeAppendPoint lets a job start behind the end of an existing segment, if a place
// is free.
func (db *DB) takeAppendPoint(j *job) {
	if foreign, err := db.files.ForeignReader(); err != nil || foreign {
		return
	}
	db.pub.Lock()
	defer db.pub.Unlock()
	points := db.reg.Newest().Disk.Append
	for i := len(points) - 1; i >= 0; i-- {
		if points[i] != 0 && !db.taken[i] {
			db.taken[i] = true
			j.slot, j.start = i, points[i]
			db.free.Reserve(db.bf.Geometry().Block(points[i]))
			return
		}
	}
}

// abandon gives up a job: its blocks are free again, its append point is as it was.
func (db *DB) abandon(j *job) {
	db.pub.Lock()
	defer db.pub.Unlock()
	db.releaseJob(j)
}

// releaseJob takes back what a job has reserved. The caller has the publish mutex.
func (db *DB) releaseJob(j *job) {
	if j.Job != nil {
		db.free.Release(j.Blocks())
	} else if j.slot >= 0 {
		db.free.Release([]base.BlockNo{db.bf.Geometry().Block(j.start)})
	}
	if j.slot >= 0 {
		db.taken[j.slot] = false
	}
}

// publish makes the result of a finished job part of the database. It reports false if
// the job must be run again with the next newer level among its inputs, which it then
// has abandoned.
func (db *DB) publish(j *job) (bool, error) {
	seg, wrote, entries, point := j.Result()
	released, err := db.blocksOf(j.inputs)
	if err != nil {
		return false, err
	}
	db.pub.Lock()
	defer db.pub.Unlock()
	cur := db.reg.Newest()
	at := 0
	if len(j.inputs) > 0 {
		at = slices.Index(cur.Disk.Levels, j.inputs[0])
		invariant.Check(at >= 0, "the inputs of a job have left the snapshot")
	}
	// C lsm1 would follow the FC pointers of a newer segment of its own into the freed
	// pages of the inputs if the result had no b-tree root to prefer.
	if (!wrote || seg.Root == 0) && at > 0 && cur.Disk.Levels[at-1].Seg.MayLink {
		db.releaseJob(j)
		return false, nil
	}

	next := cur.Next()
	disk := *cur.Disk
	disk.ID++
	disk.Compression = codecID(db.codec)
	disk.Levels = slices.Clone(cur.Disk.Levels[:at])
	if wrote {
		disk.Levels = append(disk.Levels, &snapshot.Level{
			Age:          j.age,
			FreelistOnly: !j.flush && allFreelist(j.inputs),
			Seg: &segment.Segment{Segment: seg, LastPage: j.LastPage(), Owned: j.Blocks(),
				Space: &blockfile.Space{File: db.bf, Sealed: true, Seal: j.Spec().Seal}},
		})
	}
	rest := cur.Disk.Levels[at+len(j.inputs):]
	disk.Levels = append(disk.Levels, rest...)
	if len(rest) == 0 && len(j.inputs) > 0 {
		disk.Redirects = nil // they belonged to the segment that is gone
	}
	if j.flush {
		disk.Log, disk.Seq = cur.OldLog, cur.OldSeq
		next.Old, next.HasOld, next.OldLog, next.OldSeq = memtree.View{}, false, format.LogPos{}, 0
	}

	db.releaseJob(j)
	var used []base.BlockNo
	if wrote {
		used = j.Blocks()
	}
	db.free.Publish(used, db.unshared(released, &disk), cur.Disk.ID)
	db.free.Recorded(entries)
	if j.slot >= 0 && wrote {
		disk.Append[j.slot] = 0
	}
	db.fixAppendPoints(&disk, point)
	next.Disk = &disk
	db.reg.Publish(next)
	return true, nil
}

func allFreelist(levels []*snapshot.Level) bool {
	for _, l := range levels {
		if !l.FreelistOnly {
			return false
		}
	}
	return true
}

// blocksOf returns all blocks that the segments of some levels occupy.
func (db *DB) blocksOf(levels []*snapshot.Level) ([]base.BlockNo, error) {
	var blocks []base.BlockNo
	for _, l := range levels {
		for _, seg := range l.Segments() {
			b, err := seg.Blocks()
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, b...)
		}
		if l.Merging != nil {
			b, err := db.preallocated(l)
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, b...)
		}
	}
	slices.Sort(blocks)
	return slices.Compact(blocks), nil
}

// preallocated returns the block that C lsm1 has allocated behind the output of a merge
// it left half done, which ends with a block: no segment lies in it yet, and it is not
// free.
func (db *DB) preallocated(l *snapshot.Level) ([]base.BlockNo, error) {
	geo := db.bf.Geometry()
	if !geo.IsLast(l.Seg.Last) {
		return nil, nil
	}
	b, err := db.bf.RawLink(geo.Block(l.Seg.Last), true)
	if err != nil {
		return nil, err
	}
	db.pub.Lock()
	defer db.pub.Unlock()
	if b < 1 || uint32(b) > db.free.Blocks() || db.free.IsFree(b) {
		return nil, nil
	}
	return []base.BlockNo{b}, nil
}

// unshared returns those of some blocks in which no segment of the snapshot begins or
// ends: only such blocks are shared by two segments.
func (db *DB) unshared(blocks []base.BlockNo, s *snapshot.Snapshot) []base.BlockNo {
	geo := db.bf.Geometry()
	shared := make(map[base.BlockNo]bool)
	for _, l := range s.Levels {
		for _, seg := range l.Segments() {
			shared[geo.Block(seg.First)] = true
			shared[geo.Block(seg.Last)] = true
		}
	}
	return slices.DeleteFunc(blocks, func(b base.BlockNo) bool { return shared[b] })
}

// fixAppendPoints drops the append points in blocks that have become free and adds one
// more, if it is not 0 and there is room.
func (db *DB) fixAppendPoints(s *snapshot.Snapshot, point base.PageNo) {
	geo := db.bf.Geometry()
	for i, p := range s.Append {
		if p != 0 && db.free.IsFree(geo.Block(p)) {
			s.Append[i] = 0
		}
		if s.Append[i] == 0 && point != 0 && !db.taken[i] {
			s.Append[i], point = point, 0
		}
	}
}

// runJob works on a job until it has done about the given number of pages' worth of
// work or is finished, and publishes it then. A job that fails is abandoned. again
// reports that the job has ended without a result and must be made anew, with one more
// newer level among its inputs.
func (db *DB) runJob(ctx context.Context, j *job, pages int) (cost int, done, again bool, err error) {
	err = db.step(j, func() (err error) {
		cost, done, err = j.Step(ctx, pages)
		return err
	})
	if err == nil && done {
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
