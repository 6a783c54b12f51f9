// SPDX-License-Identifier: Apache-2.0

package index

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Planned is what a segment that is to be written is made of.
type Planned struct {
	Records, Pages int64             // of a tree: how many records, and how many pages they fill at most
	Inputs         []*snapshot.Level // the other inputs
	// GoesOn says that the segment is the output of the half-done merge in Inputs, and goes on: it
	// has no filter of its own, and its fences go on if it has any.
	GoesOn bool
}

// Room is the memory that is set aside for the index of a segment while it is written.
type Room struct {
	Fences bool  // there is room for fences
	Keys   int64 // for how many keys there is room in a filter, 0 for no filter
	bytes  int64
}

// Reserve makes room for the index of a segment that is to be written. Fences go before filters.
// The caller gives the room back with Release when the segment is published or given up.
func (k *Keeper) Reserve(p Planned) Room {
	if !k.on() {
		return Room{}
	}
	if p.GoesOn && p.Inputs[0].Seg.Index.Fences() == nil {
		return Room{} // there will be none
	}
	fences := p.fences()
	keys := p.keys()
	st := k.ledger.Acquire()
	defer k.ledger.Release(st)
	segs := segmentsOf(st.Disk)
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := filter.BytesFor(keys); keys > 0 && k.makeRoom(segs, fences+n, n) {
		k.reserved += fences + n
		return Room{Fences: true, Keys: keys, bytes: fences + n}
	}
	if k.makeRoom(segs, fences, fences) {
		k.reserved += fences
		return Room{Fences: true, bytes: fences}
	}
	return Room{}
}

// fences returns how many bytes the fences take at most.
func (p *Planned) fences() int64 {
	n := fenceBytes * min(p.Records, p.Pages)
	for _, l := range p.Inputs {
		for _, seg := range l.Segments() {
			if seg.Index == nil || seg.Index.Fences() == nil {
				n += fenceBytes * seg.Space.PagesIn(seg.Size)
			} else {
				n += seg.Index.Fences().Bytes()
			}
		}
	}
	return n
}

// keys returns about how many keys a filter is to know, 0 for no filter.
func (p *Planned) keys() int64 {
	if p.GoesOn {
		return 0
	}
	n := p.Records
	for _, l := range p.Inputs {
		for _, seg := range l.Segments() {
			n += estimate(seg)
		}
	}
	return n
}

// estimate returns about how many user keys a segment has.
func estimate(seg *segment.Segment) int64 {
	if seg.Index == nil {
		return 0
	}
	n, err := seg.EstimateKeys(fewPages)
	if err != nil {
		return 0 // whatever reads the segment next will report it
	}
	return n
}

// Release gives back what Reserve returned.
func (k *Keeper) Release(r Room) {
	if r.bytes > 0 {
		k.release(r.bytes)
		k.Published(nil) // there may be room now for what others want
	}
}

func (k *Keeper) release(bytes int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reserved -= bytes
}
