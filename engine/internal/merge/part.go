// SPDX-License-Identifier: Apache-2.0

package merge

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// A large merge is published in parts, so that the blocks of its inputs can be used again while
// it runs, for its own output among others. What is published is a half-done merge, as C lsm1
// leaves them: keys below the split key are in the output, the others in what is left of the
// inputs.
//
//	output |■■■■■■■■        |         blocks that no search from the split key on
//	inputs |  given up ■■■■■■■■■■|    reads are given up
//	                ↑ split key

// Part is a half-done merge that may be published.
type Part struct {
	Segment  format.Segment // what is merged so far
	LastPage base.PageNo
	Index    *segment.Index   // of it
	Merging  snapshot.Merging // the rest
}

// HalfDone reports whether the job can be published in parts: it merges enough segments, lsmlite
// wrote them, and the file is not encrypted: there the last page of a segment says that it is the last one.
func (j *Job) HalfDone() bool {
	if j.encrypted || !j.spec.Tree.Empty() || j.done || j.asked {
		return false
	}
	n := 0
	for _, l := range j.spec.Inputs {
		for _, seg := range l.Segments() {
			if !seg.Space.Sealed || seg.MayLink || len(seg.Space.Redirects) > 0 {
				return false
			}
		}
		if l.Merging != nil && j.spec.Onto != l.Seg {
			return false
		}
		n += len(l.Segments())
	}
	return n >= LeastInputs(j.spec.Oldest)
}

// Part ends what is written so far and returns it for publication. ok is false if there is
// nothing worth it; the job goes on in any case. The job must be HalfDone.
func (j *Job) Part() (p Part, ok bool, err error) {
	least, ok, err := j.split()
	if !ok || err != nil {
		return p, false, err
	}
	if p.Segment, ok, err = j.w.Pause(); err != nil || !ok {
		return p, false, err
	}
	p.LastPage, p.Index = j.w.LastPage(), j.w.PartIndex()
	m := &p.Merging
	m.Ours, m.Split, m.SplitKind = true, bytes.Clone(j.sources[least].Key()), 0
	inputs := j.inputs()
	for i := range j.sources {
		s := &j.sources[i]
		left, err := inputs[i].From(0, m.Split)
		if err != nil {
			return p, false, err
		}
		s.Shorten(left)
		at, cell := s.Position()
		m.RHS = append(m.RHS, left)
		m.State.Inputs = append(m.State.Inputs, format.MergeInput{Page: at, Cell: cell})
	}
	j.left = m.RHS
	m.State.SplitPage, m.State.SplitCell = j.sources[least].Position()
	return p, true, nil
}

// How far a job goes on at most to find a split key: in records, and in bytes that it writes.
const (
	splitRecords = 4096
	splitBytes   = 1 << 20
)

// split returns the source that stands on a key at which the output may end. ok is false if none is
// near. Up to the key before it all records of the inputs are merged and none was dropped, so that
// C lsm1 finds none there when it looks for a key between the two. And no deleted range reaches across
// it, unless nothing is older than the inputs: then the output has no marks of ranges.
func (j *Job) split() (least int, ok bool, err error) {
	for n, bytes := 0, int64(0); n < splitRecords && bytes < splitBytes; n++ {
		if least, err = j.least(); err != nil || least < 0 || j.sources[least].Kind()&base.System != 0 {
			return 0, false, err
		}
		if j.kept && (j.spec.Oldest || !j.inRange()) {
			return least, true, nil
		}
		written, err := j.emit(least)
		if err != nil {
			return 0, false, err
		}
		bytes += written
	}
	return 0, false, nil
}

// inRange reports whether a deleted range of an input has begun and not yet ended.
func (j *Job) inRange() bool {
	for i := range j.sources {
		if s := &j.sources[i]; s.Valid() && s.Kind()&base.System == 0 && s.Kind()&base.EndDelete != 0 {
			return true
		}
	}
	return false
}

// inputs returns what is left of the segments that the sources read.
func (j *Job) inputs() []*segment.Segment {
	if j.left != nil {
		return j.left
	}
	var all []*segment.Segment
	for _, l := range j.spec.Inputs {
		if l.Merging != nil {
			all = append(all, l.Merging.RHS...)
		} else {
			all = append(all, l.Seg)
		}
	}
	return all
}
