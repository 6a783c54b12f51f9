// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Space is which blocks no published segment uses, and what is pinned, at one moment.
type Space struct {
	Blocks   int64
	Free     int64 // blocks, those that are reserved included
	Runs     []freelist.Run
	Reserved []base.BlockNo
	Held     Held
	Synced   base.SnapshotID
}

// ReadSpace reads it from the books.
func ReadSpace(b ledger.Books, now time.Time) Space {
	pinned := []base.SnapshotID{b.Newest.Disk.ID}
	for _, p := range b.Pinned {
		pinned = append(pinned, p.State.Disk.ID)
	}
	slices.Sort(pinned)
	return Space{
		Blocks: int64(b.Free.Blocks()), Free: int64(b.Free.Len()), Runs: b.Free.Runs(b.Synced, slices.Compact(pinned)),
		Reserved: b.Free.ReservedBlocks(), Held: Pins(b, now), Synced: b.Synced,
	}
}

// Job is a flush or merge that is being worked on.
type Job struct {
	Flush  bool
	Inputs []*snapshot.Level
	Blocks []base.BlockNo // it writes to
}

// current reports whether a state still shows all that a job works on.
func (j *Job) current(st *snapshot.State) bool {
	return (!j.Flush || st.HasOld) &&
		!slices.ContainsFunc(j.Inputs, func(l *snapshot.Level) bool { return !slices.Contains(st.Disk.Levels, l) })
}

// Layout is what each part of a file is used for. What belongs to a segment or a job goes by numbers: segments are
// numbered in the order of the levels and of Level.Segments, jobs as given.
type Layout struct {
	Facts   []*Facts // of the segments
	Extents []Extent // each byte of the blocks is in one
	Grain   int64    // how many blocks have one use in Extents; 1 if they are exact
	Current []bool   // for each job whether the state shows what it works on
}

// View is what a layout is made of.
type View struct {
	File  *blockfile.File
	Cache *Cache
	State *snapshot.State // pinned
	Space Space           // of the same moment
	Jobs  []Job           // may be older or newer
	Limit int             // how many extents there may be
}

// Layout finds out where the state has what. It reads what the cache does not know of segments: their ends, and, of
// those that this process has not written, the links from block to block. It fails only if the context ends.
func (v *View) Layout(ctx context.Context) (*Layout, error) {
	out := new(Layout)
	known := make(map[*segment.Segment]*Facts)
	for _, l := range v.State.Disk.Levels {
		for i, seg := range l.Segments() {
			var p part
			if i > 0 {
				p = part{of: l.Merging, none: l.Merging.NoSplit}
			}
			f, err := factsOf(ctx, v.Cache.get(seg), seg, p)
			if err != nil {
				return nil, err
			}
			known[seg] = f
			out.Facts = append(out.Facts, f)
		}
	}
	v.Cache.keep(known)
	for i := range v.Jobs {
		out.Current = append(out.Current, v.Jobs[i].current(v.State))
	}
	v.mapFile(out)
	return out, nil
}

// mapFile makes the extents. What comes first wins, so segments do before what is free: the free list of a damaged
// file may be wrong.
func (v *View) mapFile(out *Layout) {
	m := fileMap{geo: v.File.Geometry(), blocks: v.Space.Blocks}
	if m.blocks == 0 {
		return
	}
	list := []Extent{nobody(0, 2*format.MetaPageSize, UseMeta)}
	for n, f := range out.Facts {
		for _, e := range f.extents {
			e.Segment = n
			list = append(list, e)
		}
	}
	m.add(list)
	jobOf := make(map[base.BlockNo]int)
	for i := range v.Jobs {
		if out.Current[i] {
			for _, b := range v.Jobs[i].Blocks {
				jobOf[b] = i
			}
		}
	}
	m.addWriting(v.Space.Reserved, jobOf)
	m.addFree(v.Space.Runs)
	m.add(v.setAside(&m))
	m.addGaps()
	out.Grain = m.coarsen(v.Limit)
	out.Extents = m.list
}

// setAside returns the blocks that C lsm1 has allocated for the outputs of half-done merges that end with a block.
// Other extents, if there are any in such a block, stay.
func (v *View) setAside(m *fileMap) (list []Extent) {
	for _, l := range v.State.Disk.Levels {
		if l.Merging == nil || !m.geo.IsLast(l.Seg.Last) {
			continue
		}
		b, err := v.File.RawLink(m.geo.Block(l.Seg.Last), true)
		if err == nil && b >= 1 && int64(b) <= m.blocks {
			list = append(list, nobody(m.blockStart(int64(b)), m.blockStart(int64(b)+1), UseSetAside))
		}
	}
	return list
}
