// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
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

// asker asks the filters of segments about one key, and counts what that saves.
type asker struct {
	key             []byte
	hash            uint64 // of key, once hashed is set
	hashed          bool
	skipped, inVain int64
}

// filter asks the filter of a segment, and counts what that saves.
func (a *asker) filter(seg *segment.Segment) answer {
	answer := a.ask(seg)
	if answer != absent {
		return answer
	}
	if a.skipped++; invariant.Expensive {
		a.confirm(seg)
	}
	return absent
}

// ask asks the filter of a segment.
func (a *asker) ask(seg *segment.Segment) answer {
	x := seg.Index
	if x == nil {
		return noFilter
	}
	f := x.Filter()
	if f == nil {
		x.MissedFilter()
		return noFilter
	}
	if !a.hashed {
		a.hash, a.hashed = filter.Hash(a.key), true
	}
	if !f.Absent(a.hash, a.key) {
		return maybe
	}
	return absent
}

// merged reports that what is merged so far of a half-done merge of lsmlite knows nothing of the
// key, because the filters of all its inputs say so: all that the output holds came from them. It
// has no filter of its own.
func (a *asker) merged(l *snapshot.Level) bool {
	if len(l.Merging.RHS) == 0 {
		return false
	}
	for _, seg := range l.Merging.RHS {
		if a.ask(seg) != absent {
			return false
		}
	}
	if a.skipped++; invariant.Expensive {
		a.confirm(l.Seg)
	}
	return true
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
