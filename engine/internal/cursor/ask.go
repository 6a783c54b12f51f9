// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// answer is what a segment's filter says of a key.
type answer uint8

const (
	noFilter answer = iota
	absent          // the segment knows nothing of the key
	maybe
)

// asker asks the filters of trees and segments about one key, and counts what that saves.
type asker struct {
	key             []byte
	hash            uint64 // of key, once hashed is set
	hashed          bool
	skipped, inVain int64
}

// keyHash returns the hash of the key, computed once.
func (a *asker) keyHash() uint64 {
	if !a.hashed {
		a.hash, a.hashed = filter.Hash(a.key), true
	}
	return a.hash
}

// tree looks the key up in a tree, unless its filter rules that out.
func (a *asker) tree(v *memtree.View) (value []byte, r memtree.Result) {
	if v.HasFilter() {
		return v.GetHashed(a.key, a.keyHash())
	}
	return v.Get(a.key)
}

// filter asks the filter of a segment, and counts what that saves.
func (a *asker) filter(seg *segment.Segment) answer {
	answer, _ := a.ask(seg)
	return a.counted(answer, seg)
}

// source asks about a source that is a segment, or its part in a half-done merge.
func (a *asker) source(s *Source) answer {
	switch l := s.limits; {
	case l == nil:
		return a.filter(s.seg.Segment())
	case !l.of.Ours:
		return noFilter // a deleted range may reach across the split key
	case !l.inside(0, a.key):
		return absent
	case l.below:
		return a.output(s.seg.Segment(), l.of)
	}
	return a.filter(s.seg.Segment())
}

// counted counts the search of a segment that an answer saves.
func (a *asker) counted(answer answer, seg *segment.Segment) answer {
	if answer == absent {
		if a.skipped++; invariant.Expensive {
			a.confirm(seg)
		}
	}
	return answer
}

// ask asks the filter of a segment, which may be of its rest alone.
func (a *asker) ask(seg *segment.Segment) (answer answer, ofRest bool) {
	x := seg.Index
	if x == nil {
		return noFilter, false
	}
	f := x.Filter()
	if f == nil {
		x.MissedFilter()
		return noFilter, false
	}
	if !f.Absent(a.keyHash(), a.key) {
		return maybe, f.OfRest()
	}
	return absent, f.OfRest()
}

// output asks about what is merged so far of a half-done merge of lsmlite, and counts what that
// saves. While the merge goes on the output has no filter that knows all of it. But all that it
// holds came from the inputs; and if their filters were made when some of it was merged, it has the
// filter of that.
func (a *asker) output(out *segment.Segment, m *snapshot.Merging) answer {
	own, _ := a.ask(out)
	if own != noFilter && !out.Index.Grown() {
		return a.counted(own, out)
	}
	if own == maybe {
		return maybe
	}
	for _, seg := range m.RHS {
		switch answer, ofRest := a.ask(seg); {
		case answer != absent:
			return answer
		case ofRest && own == noFilter:
			return noFilter
		}
	}
	if len(m.RHS) == 0 {
		return noFilter
	}
	return a.counted(absent, out)
}

// confirm searches, in builds with invariants, the segment of which the filter says that
// it knows nothing of the key. What that looks up is not counted.
func (a *asker) confirm(seg *segment.Segment) {
	var it segment.Iter
	it.Init(seg)
	out, err := it.Lookup(a.key)
	it.Release()
	invariant.Check(err != nil || out == segment.Unknown, "a filter hides a record")
}

// done adds the counts to those of the database. These are not kept in the asker: where atomic
// operations are calls, as on most processors of 32 bits, all that it refers to would go to the heap,
// the caller's key included.
func (a *asker) done(counts *filter.Counts) {
	if a.skipped+a.inVain > 0 && counts != nil {
		counts.Add(uintptr(unsafe.Pointer(a)), a.skipped, a.inVain)
	}
}

// countsOf returns where the lookups in a segment count what they save, or nil.
func countsOf(seg *segment.Segment) *filter.Counts {
	if seg.Index == nil {
		return nil
	}
	return seg.Index.Counts()
}

// countsOfLevels is countsOf for the first level that has some; all have the same.
func countsOfLevels(levels []*snapshot.Level) *filter.Counts {
	for _, l := range levels {
		if l.FreelistOnly {
			continue
		}
		if c := countsOf(l.Seg); c != nil {
			return c
		}
	}
	return nil
}
