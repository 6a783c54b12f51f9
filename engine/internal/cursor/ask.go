// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
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
	counts          *filter.Counts
}

// filter asks the filter of a segment.
func (a *asker) filter(seg *segment.Segment) answer {
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
		a.hash, a.hashed, a.counts = filter.Hash(a.key), true, x.Counts()
	}
	if !f.Absent(a.hash, a.key) {
		return maybe
	}
	if a.skipped++; invariant.Expensive {
		a.confirm(seg)
	}
	return absent
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

// done adds the counts to those of the database.
func (a *asker) done() {
	if a.counts != nil {
		a.counts.Add(uintptr(unsafe.Pointer(a)), a.skipped, a.inVain)
	}
}
