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

// HalfDone reports whether the job can be published in parts: it merges segments that
// lsmlite wrote, and nothing is older than them, so that the output holds no marks of deleted
// ranges that would have to go on across the split key.
func (j *Job) HalfDone() bool {
	if !j.spec.Oldest || !j.spec.Tree.Empty() || j.done || j.asked {
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
	return n > 1
}

// Part ends what is written so far and returns it for publication. ok is false if there is
// nothing worth it; the job goes on in any case. The job must be HalfDone.
func (j *Job) Part() (p Part, ok bool, err error) {
	least, err := j.least()
	if err != nil || least < 0 || j.sources[least].Kind()&base.System != 0 {
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
