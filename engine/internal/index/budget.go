// SPDX-License-Identifier: Apache-2.0

package index

import (
	"cmp"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

const (
	// fenceSearches is how many searches of a segment without fences make them wanted.
	fenceSearches = 32
	// pagesPerSearch is for how many pages one search of a segment without a filter has to pay.
	pagesPerSearch = 16
	// fenceBytes is what a fence takes, in most segments for each leaf page.
	fenceBytes = 12
	// fewPages and manyPages are how many leaf pages are looked at to estimate the number of
	// keys: before work that commits may wait for, and in the goroutine.
	fewPages, manyPages = 4, 32
	// spareShare is the share of the budget that is left to segments yet to be written when a
	// filter is made of one that was there.
	spareShare = 8
)

func sortBySize(segs []*segment.Segment) {
	slices.SortStableFunc(segs, func(a, b *segment.Segment) int { return cmp.Compare(a.Size, b.Size) })
}

// makeRoom makes room for n bytes by dropping filters of more than the given size, the largest
// first, if that is enough. The caller has the mutex.
func (k *Keeper) makeRoom(segs []*segment.Segment, n, least int64) bool {
	fences, filters := sizes(segs)
	over := fences + filters + k.reserved + n - k.limit
	var larger int64
	for _, seg := range segs {
		if f := seg.Index.Filter(); f != nil && f.Bytes() > least {
			larger += f.Bytes()
		}
	}
	if over > larger {
		return false
	}
	for _, seg := range slices.Backward(segs) {
		if over <= 0 {
			break
		}
		if f := seg.Index.Filter(); f != nil && f.Bytes() > least {
			seg.Index.SetFilter(nil)
			over -= f.Bytes()
		}
	}
	return true
}

// Published keeps the budget after a segment was published that has taken the place of some levels:
// what is known about these is dropped. The caller has the worker's turn.
func (k *Keeper) Published(gone []*snapshot.Level) {
	if !k.on() {
		return
	}
	st := k.ledger.Acquire()
	defer k.ledger.Release(st)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range gone {
		for _, seg := range l.Segments() {
			if x := seg.Index; x != nil {
				x.Await(0)
				x.SetFences(nil)
				x.SetFilter(nil)
			}
		}
	}
	segs := segmentsOf(st.Disk)
	k.trim(segs)
	k.await(segs)
}

// Grown keeps the budget after a part of a merge was published. Its inputs are still searched; what
// was known about its output before is dropped. before is the level of the merge until then, or an
// input of it if there was none. The caller has the worker's turn.
func (k *Keeper) Grown(before *snapshot.Level) {
	if !k.on() {
		return
	}
	if x := before.Seg.Index; before.Merging != nil && x != nil {
		x.Await(0)
		x.SetFences(nil)
		x.SetFilter(nil)
	}
	k.Published(nil)
}

// trim drops filters, and then fences, of the largest segments until what is left is within
// the budget. The caller has the mutex.
func (k *Keeper) trim(segs []*segment.Segment) {
	fences, filters := sizes(segs)
	over := fences + filters + k.reserved - k.limit
	for _, seg := range slices.Backward(segs) {
		if f := seg.Index.Filter(); over > 0 && f != nil {
			seg.Index.SetFilter(nil)
			over -= f.Bytes()
		}
	}
	for _, seg := range slices.Backward(segs) {
		if f := seg.Index.Fences(); over > 0 && f != nil {
			seg.Index.SetFences(nil)
			over -= f.Bytes()
		}
	}
}

// await has the searches counted that miss something for which there is room. The caller has
// the mutex.
func (k *Keeper) await(segs []*segment.Segment) {
	if !k.on() {
		return
	}
	fences, filters := sizes(segs)
	free := k.limit - fences - filters - k.reserved
	for _, seg := range segs {
		pages, x := seg.Space.PagesIn(seg.Size), seg.Index
		switch {
		case x.Awaits():
		case lacksFences(seg):
			if n := fenceBytes * pages; n <= free {
				free -= n
				x.Await(fenceSearches)
			}
		case lacksFilter(seg) && free > k.limit/spareShare:
			x.Await(fenceSearches + pages/pagesPerSearch)
		}
	}
}

// lacksFences and lacksFilter report whether a segment has none and could have some.
func lacksFences(seg *segment.Segment) bool {
	return seg.Index.Fences() == nil && !seg.Index.GivenUp(segment.Fences)
}

func lacksFilter(seg *segment.Segment) bool {
	return seg.Index.Filter() == nil && !seg.Index.GivenUp(segment.Filter)
}
