// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
)

// Use is what a part of the database file is used for. The uses mean what those of engine.Extent do.
type Use uint8

const (
	UseUnknown Use = iota
	UseMeta
	UseSegment
	UseRest
	UseWriting
	UseSetAside
	UseFree
	UseWaiting
	UsePinned
)

// Extent is a part of the database file with one use: bytes Start up to End, not included.
type Extent struct {
	Start, End int64
	Use        Use
	Segment    int             // number of the segment, for UseSegment; else -1
	Job        int             // number of the job that writes there, for UseWriting; -1 if that is not known
	Until      base.SnapshotID // the newest snapshot that may use what is free and held
}

// nobody is an extent that belongs to neither a segment nor a job.
func nobody(start, end int64, use Use) Extent {
	return Extent{Start: start, End: end, Use: use, Segment: -1, Job: -1}
}

// sameUse reports whether two extents that meet are one.
func sameUse(a, b Extent) bool {
	return a.Use == b.Use && a.Segment == b.Segment && a.Job == b.Job && a.Until == b.Until
}

// fileMap is a map of the file in the making: extents that are known, ascending, which do not overlap.
type fileMap struct {
	geo    format.Geometry
	blocks int64
	list   []Extent
}

// blockStart returns where block b begins, and where block b-1 ends.
func (m *fileMap) blockStart(b int64) int64 { return (b - 1) * int64(m.geo.BlockSize) }

// add adds extents, which may overlap each other and those that are there. What is there stays, and of the others that
// which begins first: only in a damaged file do two want the same bytes.
func (m *fileMap) add(more []Extent) {
	slices.SortStableFunc(more, func(a, b Extent) int { return cmp.Compare(a.Start, b.Start) })
	end := m.blockStart(m.blocks + 1)
	out := make([]Extent, 0, len(m.list)+len(more))
	at, i := int64(0), 0
	for _, e := range more {
		for e.Start = max(e.Start, at); e.Start < min(e.End, end); e.Start = at {
			for i < len(m.list) && m.list[i].End <= e.Start {
				out = push(out, m.list[i])
				i++
			}
			piece := e
			piece.End = min(e.End, end)
			if i < len(m.list) && m.list[i].Start < piece.End {
				piece.End = m.list[i].Start
				at = m.list[i].End
			} else {
				at = piece.End
			}
			if piece.Start < piece.End {
				out = push(out, piece)
			}
		}
	}
	for _, e := range m.list[i:] {
		out = push(out, e)
	}
	m.list = out
}

// push appends an extent, as a part of the last one if it goes on there.
func push(list []Extent, e Extent) []Extent {
	if n := len(list); n > 0 && list[n-1].End == e.Start && sameUse(list[n-1], e) {
		list[n-1].End = e.End
		return list
	}
	return append(list, e)
}

// addFree adds the free blocks.
func (m *fileMap) addFree(runs []freelist.Run) {
	list := make([]Extent, 0, len(runs))
	for _, r := range runs {
		e := nobody(m.blockStart(int64(r.First)), m.blockStart(int64(r.Last)+1), UseFree)
		switch e.Until = r.ID; r.Hold {
		case freelist.HeldPin:
			e.Use = UsePinned
		case freelist.HeldCheckpoint:
			e.Use = UseWaiting
		}
		list = append(list, e)
	}
	m.add(list)
}

// addWriting adds the blocks that are reserved for what is being written, or what is left of them.
func (m *fileMap) addWriting(reserved []base.BlockNo, jobOf map[base.BlockNo]int) {
	list := make([]Extent, 0, len(reserved))
	for _, b := range reserved {
		e := nobody(m.blockStart(int64(b)), m.blockStart(int64(b)+1), UseWriting)
		if n, ok := jobOf[b]; ok {
			e.Job = n
		}
		list = append(list, e)
	}
	m.add(list)
}

// addGaps makes the map whole: what is left of a block of which a part is used is the rest of it, and of whole blocks
// nothing is known.
func (m *fileMap) addGaps() {
	size := int64(m.geo.BlockSize)
	var gaps []Extent
	gap := func(start, end int64) {
		first, last := (start+size-1)/size*size, end/size*size
		if first > last { // within a block
			first, last = end, end
		}
		for _, e := range [...]Extent{nobody(start, first, UseRest), nobody(first, last, UseUnknown), nobody(last, end, UseRest)} {
			if e.Start < e.End {
				gaps = append(gaps, e)
			}
		}
	}
	at := int64(0)
	for _, e := range m.list {
		gap(at, e.Start)
		at = e.End
	}
	gap(at, m.blockStart(m.blocks+1))
	m.add(gaps)
}

// coarsen makes a map of at most limit extents: of some blocks each, which all have the use that most of their bytes
// have. It returns how many blocks are one then; 1 if nothing had to be done.
func (m *fileMap) coarsen(limit int) (grain int64) {
	for grain = 1; len(m.list) > limit; grain *= 2 {
		m.list = majority(m.list, 2*grain*int64(m.geo.BlockSize))
	}
	return grain
}

// majority gives each stretch of size bytes one use. The meta pages keep theirs.
func majority(list []Extent, size int64) (out []Extent) {
	at, i := int64(0), 0
	if list[0].Use == UseMeta {
		out, at, i = append(out, list[0]), list[0].End, 1
	}
	end := list[len(list)-1].End
	for at < end {
		to := min(at/size*size+size, end)
		var best Extent
		most := int64(0)
		for ; i < len(list); i++ {
			if n := min(list[i].End, to) - max(list[i].Start, at); n > most {
				best, most = list[i], n
			}
			if list[i].End > to {
				break
			}
		}
		best.Start, best.End = at, to
		out, at = push(out, best), to
	}
	return out
}
