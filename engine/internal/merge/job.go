// SPDX-License-Identifier: Apache-2.0

// Package merge chooses which levels to merge and merges them, in steps of bounded size.
//
// A Job reads a tree, some neighbouring levels, or both, and writes one segment. A flush
// is a job with a tree. Nothing that a job writes is visible before the engine publishes
// its result: a job that is given up, or that a crash ends, costs only its work.
//
// The engine runs a job's steps one at a time; different jobs may run at the same time.
package merge

import (
	"bytes"
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Spec says what a job does.
type Spec struct {
	Tree   memtree.View      // flushed on top of the inputs; empty if there is none
	Inputs []*snapshot.Level // neighbouring levels, newest first; may be empty
	Oldest bool              // nothing is older than the inputs: deletes are dropped
	Start  base.PageNo       // append point to write from, or 0
	Seal   format.Seal       // of the segment to be written
	Index  bool              // fences are made of it; Onto a segment that has fences, they go on
	Keys   int64             // with a filter for that many keys, or without one if 0
	// Onto is a segment that the job adds to, instead of beginning one: what it writes comes
	// after all that Onto holds. It may be nil. If the one input is a half-done merge, it is
	// that one's output.
	Onto *segment.Segment
	// FreeEntries is asked once, when all user keys are written, for free-list entries
	// to store after them. It may be nil. From then on the job runs to its end without
	// a pause, so that the entries are still the newest when it is published.
	FreeEntries func() []format.FreeEntry
}

// Job is a merge in progress.
type Job struct {
	spec    Spec
	sources []cursor.Source // newest first
	w       *segment.Writer
	entries []format.FreeEntry // what FreeEntries answered
	asked   bool
	kept    bool               // the newest record that was emitted was written
	flushed int                // records of the tree that are done
	left    []*segment.Segment // of the inputs, since the newest Part; nil before the first
	seg     format.Segment
	wrote   bool
	done    bool

	pageSize  int64
	encrypted bool
}

const (
	// recordsPerPage converts records read into pages of work, so that a step ends in
	// bounded time even where everything read is dropped.
	recordsPerPage = 64
	// smallStep is up to how many bytes a step is a small one, which takes some microseconds: then
	// what is read and written of files is a step of its own, and no more than smallRun bytes are read.
	smallStep = 4 << 10
	smallRun  = 8 << 10
	// recordOverhead is about what a record takes of a page besides its key and its value.
	recordOverhead = 8
)

// New prepares a job.
func New(f *blockfile.File, alloc blockfile.Allocator, spec Spec) (*Job, error) {
	j := &Job{spec: spec, pageSize: int64(f.Geometry().PageSize), encrypted: f.Encrypted()}
	if err := j.begin(f, alloc); err != nil {
		return nil, err
	}
	if !spec.Tree.Empty() {
		j.sources = append(j.sources, cursor.Source{})
		j.sources[0].InitTree(spec.Tree)
	}
	for _, l := range spec.Inputs {
		var err error
		sources := cursor.LevelSources
		if l.Merging != nil && spec.Onto == l.Seg {
			sources = cursor.InputSources
		}
		if j.sources, err = sources(j.sources, l); err != nil {
			return nil, err
		}
	}
	for i := range j.sources {
		j.sources[i].ReadAhead()
		j.sources[i].First()
	}
	return j, nil
}

// begin makes the writer.
func (j *Job) begin(f *blockfile.File, alloc blockfile.Allocator) (err error) {
	if j.spec.Onto != nil {
		if j.w, err = segment.Continue(j.spec.Onto, alloc); err == nil && j.spec.Index {
			j.w.ContinueIndex(j.spec.Onto.Index)
		}
		return err
	}
	j.w = segment.NewWriter(f, alloc, j.spec.Start)
	j.w.SetSeal(j.spec.Seal)
	if j.spec.Index {
		j.w.MakeIndex(j.spec.Keys)
	}
	return nil
}

// Spec returns what the job was made from.
func (j *Job) Spec() *Spec { return &j.spec }

// Flushed returns how many of the tree's records are written or dropped, and how many there
// are.
func (j *Job) Flushed() (done, all int64) { return int64(j.flushed), int64(j.spec.Tree.Len()) }

// Blocks returns the blocks that the job writes to so far.
func (j *Job) Blocks() []base.BlockNo { return j.w.Blocks() }

// Pages returns the number of pages written so far.
func (j *Job) Pages() int64 { return j.w.Pages() }

// Result is what a finished job has made.
type Result struct {
	// Segment is the new segment, and LastPage its last page. Written is false if nothing was
	// left to write: then there is no segment.
	Segment  format.Segment
	LastPage base.PageNo
	Written  bool
	Index    *segment.Index // for searches in it
	// Entries are the free-list entries stored in the segment.
	Entries []format.FreeEntry
	// AppendPoint is where another segment may start after it, 0 for nowhere.
	AppendPoint base.PageNo
}

// Result returns what the job has made. It must be done.
func (j *Job) Result() Result {
	return Result{Segment: j.seg, LastPage: j.w.LastPage(), Written: j.wrote, Index: j.w.Index(), Entries: j.entries, AppendPoint: j.w.AppendPoint()}
}

// Done reports whether there is nothing left to do.
func (j *Job) Done() bool { return j.done }

// Step works until it has written about the given number of bytes, or read as many
// records as would make them, or is done. It returns the bytes' worth of work done: of the step
// with which the job is done, a page's worth or more.
func (j *Job) Step(ctx context.Context, bytes int64) (cost int64, err error) {
	if j.done {
		return 0, nil
	}
	if bytes <= smallStep && !j.asked {
		if wrote, err := j.spill(); wrote || err != nil {
			return bytes, err
		}
	}
	all := int64(0) // bytes written
	for n := int64(1); ; n++ {
		// A step ends with the value that makes it long enough, however long that is.
		if (n%recordsPerPage == 0 || cost >= bytes) && !j.asked {
			if err := ctx.Err(); err != nil {
				return cost, err
			}
			if cost >= bytes {
				return cost, nil
			}
		}
		least, err := j.least()
		if err != nil {
			return 0, err
		}
		if least < 0 || j.sources[least].Kind()&base.System != 0 {
			if !j.asked {
				j.askEntries()
				continue
			}
			if least < 0 {
				break
			}
		}
		written, err := j.emit(least)
		if err != nil {
			return 0, err
		}
		all += written
		cost = max(all, n*j.pageSize/recordsPerPage)
	}
	if j.seg, j.wrote, err = j.w.Finish(); err != nil {
		return 0, err
	}
	j.done = true
	return max(cost, j.pageSize), nil
}

// spill does what a small step does of reading and writing files, so that no step does much of that
// and handles records, too. It reports whether there was something to do, which is a step then.
func (j *Job) spill() (done bool, err error) {
	if done, err = j.w.Spill(); done || err != nil {
		return done, err
	}
	for i := range j.sources {
		if j.sources[i].FetchAhead(smallRun) {
			return true, nil
		}
	}
	return false, nil
}

// askEntries puts the free-list entries in front of the sources, as the newest one.
func (j *Job) askEntries() {
	j.asked = true
	if j.spec.FreeEntries == nil {
		return
	}
	if j.entries = j.spec.FreeEntries(); len(j.entries) == 0 {
		return
	}
	t := memtree.New()
	for _, e := range j.entries {
		kind, key, value := format.FreeRecord(e)
		if kind&base.Insert != 0 {
			t.Put(key, value)
		} else {
			t.Delete(key)
		}
	}
	j.sources = append([]cursor.Source{{}}, j.sources...)
	j.sources[0].InitSystemTree(t.Freeze())
	j.sources[0].First()
}

// least returns the newest of the sources that stand on the smallest key, or -1.
func (j *Job) least() (int, error) {
	least := -1
	for i := range j.sources {
		s := &j.sources[i]
		if !s.Valid() {
			if err := s.Err(); err != nil {
				return -1, err
			}
			continue
		}
		if least < 0 || s.Less(&j.sources[least]) {
			least = i
		}
	}
	return least, nil
}

// emit decides what becomes of the key that source i stands on, writes it, and moves
// the sources past it. The rule, for all sources newest first:
//
//  1. A key that a newer source covers with a deleted range is dropped.
//  2. Otherwise the newest source that inserts or deletes it decides its value.
//  3. It starts (ends) a deleted range if any source has it as such, or covers it.
//  4. A delete within a range is implied by the range; a record that says nothing is
//     dropped; above the oldest data only inserts have a meaning.
//
// It returns how many bytes it has written.
func (j *Job) emit(i int) (written int64, err error) {
	at := &j.sources[i]
	topic, head, key := at.Kind()&base.System, at.Head(), at.Key()
	owner := -1
	covered := false
	var bits base.Kind
	for n := range j.sources {
		s := &j.sources[n]
		if n == i || n > i && s.At(topic, head, key) {
			bits |= s.Kind() & base.RangeBits
			if owner < 0 && !covered && s.Kind().Supplies() {
				owner = n
			}
		} else if s.CoversAhead(topic, key) {
			bits |= base.RangeBits
			covered = covered || owner < 0
		}
	}
	kind := bits | topic
	if owner >= 0 {
		kind |= j.sources[owner].Kind() & (base.Insert | base.PointDelete)
	}
	keep := !covered
	switch {
	case j.spec.Oldest, mutant.Is(mutant.DeletesDropped) && len(j.spec.Inputs) > 0:
		keep = keep && kind&base.Insert != 0
		kind &^= base.RangeBits
	case kind&base.PointDelete != 0:
		keep = keep && bits != base.RangeBits
	case kind&base.Insert == 0:
		keep = keep && bits != 0
	}
	if j.kept = keep; keep {
		if written, err = j.write(kind, key, owner); err != nil {
			return 0, err
		}
	}
	for n := len(j.sources) - 1; n > i; n-- {
		if s := &j.sources[n]; s.Valid() && s.Head() == head && s.Kind()&base.System == topic && bytes.Equal(s.Key(), key) {
			s.Next()
		}
	}
	at.Next()
	if i == 0 && !j.asked {
		j.flushed++ // a tree is always the first source
	}
	return written, nil
}

// write writes a record, and returns how many bytes it has. Its value, if it has one, is that of
// source owner; a long one is copied piece by piece.
func (j *Job) write(kind base.Kind, key []byte, owner int) (bytes int64, err error) {
	bytes = int64(len(key)) + recordOverhead
	if kind&base.Insert == 0 {
		return bytes, j.w.Add(kind, key, nil)
	}
	s := &j.sources[owner]
	if value, ok := s.Inline(); ok {
		return bytes + int64(len(value)), j.w.Add(kind, key, value)
	}
	body := s.Body()
	defer body.Close()
	bytes += int64(body.Len())
	err = j.w.AddBody(kind, key, &body)
	s.Passed(&body)
	return bytes, err
}
