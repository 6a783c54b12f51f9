// SPDX-License-Identifier: Apache-2.0

// Package index decides which segments of a database have fences and filters in memory, within
// one budget, and makes those that are missing.
//
// A segment that is written gets both while it is written. Those of a database that was opened
// get them from a goroutine, once as many searches have missed them as pay for the work: fences
// after a few, a filter after one for every 16 pages. The goroutine ends when nothing more is
// wanted. What is dropped, or never made, costs time only.
//
// The worker has the Keeper make room for what it writes, and says what it has published. Methods
// may be called from any goroutine, those that need a turn say so. The mutex is a leaf; no I/O is
// done while it is held.
package index

import (
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Keeper keeps the indexes of one database.
type Keeper struct {
	ledger *ledger.Ledger
	limit  int64 // bytes, 0 for no indexes
	counts filter.Counts

	mu       sync.Mutex
	reserved int64 // bytes, for fences and filters that are being made
	building bool  // the goroutine runs
	stop     context.CancelFunc
	stopped  bool
	running  sync.WaitGroup
}

// New makes the Keeper of a database. limit is the budget in bytes; without one nothing is kept.
func New(l *ledger.Ledger, limit int64) *Keeper { return &Keeper{ledger: l, limit: max(limit, 0)} }

// on reports whether there is a budget at all. A nil Keeper has none.
func (k *Keeper) on() bool { return k != nil && k.limit > 0 }

// Adopt takes over the index of a segment that is about to be published.
func (k *Keeper) Adopt(seg *segment.Segment) {
	if !k.on() {
		return
	}
	if seg.Index.Adopt(k.demand, &k.counts); seg.Root == 0 {
		seg.Index.GiveUp(segment.Fences) // all records begin on one page
	}
}

// Inputs says that segments are what is left of the inputs of a merge of which more is about to be
// published. What they have is used, but nothing more is made, not even of what is dropped: it
// would not know what was merged since the output's own filter was made.
func (k *Keeper) Inputs(segs []*segment.Segment) {
	if !k.on() {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	giveUp(segs)
}

func giveUp(segs []*segment.Segment) {
	for _, seg := range segs {
		if x := seg.Index; x != nil {
			x.Await(0)
			x.GiveUp(segment.Fences)
			x.GiveUp(segment.Filter)
		}
	}
}

// Opened takes over the segments of the first state, before it is published.
func (k *Keeper) Opened(disk *snapshot.Snapshot) {
	segs := segmentsOf(disk)
	for _, seg := range segs {
		k.Adopt(seg)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range disk.Levels {
		if l.Merging != nil && !l.Merging.Ours {
			giveUp(l.Segments())
		}
	}
	k.await(segs)
}

// Sizes returns the bytes of fences and filters.
func (k *Keeper) Sizes() (fences, filters int64) {
	st := k.ledger.Acquire()
	defer k.ledger.Release(st)
	return sizes(segmentsOf(st.Disk))
}

// Counts returns how many searches of segments filters have saved, and how many they have not
// although the segments knew nothing.
func (k *Keeper) Counts() (skipped, inVain int64) { return k.counts.Sum() }

// segmentsOf returns the segments of a snapshot that can have an index, smallest first.
func segmentsOf(disk *snapshot.Snapshot) []*segment.Segment {
	var segs []*segment.Segment
	for _, l := range disk.Levels {
		if l.FreelistOnly {
			continue
		}
		for _, seg := range l.Segments() {
			if seg.Index != nil {
				segs = append(segs, seg)
			}
		}
	}
	sortBySize(segs)
	return segs
}

func sizes(segs []*segment.Segment) (fences, filters int64) {
	for _, seg := range segs {
		if f := seg.Index.Fences(); f != nil {
			fences += f.Bytes()
		}
		if f := seg.Index.Filter(); f != nil {
			filters += f.Bytes()
		}
	}
	return fences, filters
}
