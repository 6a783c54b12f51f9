// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
)

// Index is what is kept in memory about a segment to search it with less work, and how much
// it is missed. Any part of it may be missing, and may come and go while the segment is
// read. The zero Index has none.
type Index struct {
	fences atomic.Pointer[fence.Fences]
	filter atomic.Pointer[filter.Filter]

	// left is how many searches are missing until demand is called, 0 if they are not counted.
	left    atomic.Int64
	wanted  atomic.Bool
	givenUp [2]atomic.Bool // by Part
	// grown says that the segment has grown since its filter was made.
	grown bool
	// Set before the segment is published.
	demand func()
	counts *filter.Counts
}

// Part is a part of an index.
type Part uint8

// The parts.
const (
	Fences Part = iota
	Filter
)

// GiveUp says that a part cannot be made, or would be of no use; GivenUp returns that.
func (x *Index) GiveUp(p Part)       { x.givenUp[p].Store(true) }
func (x *Index) GivenUp(p Part) bool { return x.givenUp[p].Load() }

// Adopt has demand called when searches have missed a part of the index as often as Await
// says, and gives the counts of what lookups save. It is called before anything is searched.
func (x *Index) Adopt(demand func(), counts *filter.Counts) { x.demand, x.counts = demand, counts }

// Await begins to count searches that miss a part of the index, up to n; 0 ends it.
func (x *Index) Await(n int64) {
	x.wanted.Store(false)
	x.left.Store(n)
}

// missedFences counts a search that misses the fences.
func (x *Index) missedFences() {
	if x.left.Load() > 0 && !x.GivenUp(Fences) {
		x.count()
	}
}

// MissedFilter counts a search that misses the filter, unless it also misses the fences, which
// will be noticed.
func (x *Index) MissedFilter() {
	if x.left.Load() > 0 && (x.fences.Load() != nil || x.GivenUp(Fences)) {
		x.count()
	}
}

func (x *Index) count() {
	if x.left.Add(-1) == 0 {
		x.wanted.Store(true)
		x.demand()
	}
}

// Awaits reports whether searches are being counted, or have been and it is their turn to be
// saved: Wanted.
func (x *Index) Awaits() bool { return x.left.Load() > 0 || x.wanted.Load() }

// Wanted reports whether as many searches as Await said have missed a part of the index.
func (x *Index) Wanted() bool { return x.wanted.Load() }

// Fences returns the segment's fences, or nil.
func (x *Index) Fences() *fence.Fences { return x.fences.Load() }

// SetFences keeps fences of the segment; nil drops those it has.
func (x *Index) SetFences(f *fence.Fences) { x.fences.Store(f) }

// Filter returns the segment's filter, or nil.
func (x *Index) Filter() *filter.Filter { return x.filter.Load() }

// SetFilter keeps a filter of the segment; nil drops the one it has.
func (x *Index) SetFilter(f *filter.Filter) { x.filter.Store(f) }

// Inherit takes over the filter of what there was of the output of a half-done merge before it
// has grown. It is called before the segment is published.
func (x *Index) Inherit(before *Index) {
	if f := before.Filter(); f != nil {
		x.SetFilter(f)
		x.grown = true
	}
	x.GiveUp(Filter)
}

// Grown reports that the filter, if there is one, does not know what came to the segment from the
// inputs of a half-done merge since their filters were made.
func (x *Index) Grown() bool { return x.grown }

// Counts returns where lookups count what they save, or nil.
func (x *Index) Counts() *filter.Counts { return x.counts }
