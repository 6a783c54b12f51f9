// SPDX-License-Identifier: Apache-2.0

// Package snapshot holds the immutable states of a database: the levels on disk, the in-memory
// trees above them, and which states are still read.
//
// A Snapshot describes the levels; a State adds the trees; the Registry publishes
// States and lets readers pin them. Nothing that has been published is ever changed: the
// engine builds the next State and swaps it in.
//
// # Pins
//
// A State is pinned in one of two ways: it is counted in the State, which all readers of the State
// share (Acquire, Release), or it is in a place of a slot, a cache line to which as a rule one reader
// writes (Slots.Enter, Place.Leave). Readers use slots, so that they do not wait for each other's
// cache lines; where no place is free, and for everything rare, they count. Publishing looks at no
// slot. The owner of what is to be reclaimed looks at all of them that ever had a reader, and at the list of
// States: first comes the State to be the newest, then the look, then the use of what nobody has pinned.
//
// No reader is overlooked. Let a reader read State S, and let L be a look that ends with the reclaiming
// of something that S shows. All operations on the newest pointer and on slots are atomic, so they
// have one order on which all goroutines agree.
//
//  1. If S is in the list during L, L finds it. Publish puts it there before it is the newest.
//     It is taken out under the mutex, which L holds; so otherwise S was taken out before L.
//  2. Publish takes S out, or makes its count fall to 0, only after a newer State N is the newest.
//     The count of a State that fell to 0 never rises again, because Acquire adds to no other
//     counts. A reader that is counted in S keeps S in the list.
//  3. A reader in a slot has seen that the slot's bit is set, among those of slots that ever had a reader, then
//     (a) written S into its place, and then (b) found S to be the newest. So the bit is set before (a), (a) comes
//     before (b), (b) before N is the newest, and that before L. L finds the bit, and S in the place, or the
//     place left.
//  4. If it is left, what the reader read comes before Leave, Leave before L, and L before what is
//     reclaimed changes: the Go memory model orders an atomic write before the read that sees it or
//     a later one of the same place.
//
// A look may find a State that nobody reads: a reader has written it between (a) and (b), and will
// find a newer one. It then keeps more than it must, which is harmless: States are never changed, and
// belong to the garbage collector. That also means that a State which is compared in (b) cannot be
// another one at the same address.
//
// Pins do not move from one place to another. A cursor on a snapshot shares the snapshot's place
// (Place.Share), because a look could pass the new place before the pin comes and the old one after
// it has gone.
//
// Closing a handle has the same form: a reader enters a slot, and then looks at a flag; Close sets the
// flag, and then looks at the slots (Slots.InUse). One of them finds the other.
package snapshot

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// Level is one level: a segment, or a merge that is half done.
type Level struct {
	Age          uint16
	FreelistOnly bool // holds only free-list entries
	Seg          *segment.Segment
	Merging      *Merging // nil for an ordinary level
}

// Merging is a half-done merge: keys below the split key are in the level's Seg, the
// others in RHS.
type Merging struct {
	RHS   []*segment.Segment // newest first
	Split []byte
	// SplitKind has System set if the split key is a system key. NoSplit says that
	// every input is at its end, so that nothing of RHS is left.
	SplitKind base.Kind
	NoSplit   bool
	State     format.Merge
	// Ours says that lsmlite has written all segments, so that it can go on with the merge,
	// and segments of its own may be published on top of it.
	Ours bool
}

// Segments returns the segments of the level in the order in which C lsm1 lists them.
func (l *Level) Segments() []*segment.Segment {
	if l.Merging == nil {
		return []*segment.Segment{l.Seg}
	}
	return append([]*segment.Segment{l.Seg}, l.Merging.RHS...)
}

// Snapshot is one published set of levels.
type Snapshot struct {
	ID          base.SnapshotID
	Compression uint32
	Levels      []*Level // newest first
	Append      [4]base.PageNo
	Redirects   []format.Redirect // of the oldest segment
	Log         format.LogPos     // commits before it are in the levels
	Seq         uint64            // number of the newest of them, 0 if they are all of earlier sessions
}

// Empty returns the snapshot of a database in which nothing has been published.
func Empty() *Snapshot {
	return &Snapshot{ID: base.EmptySnapshotID, Log: format.LogPos{Sum: format.EmptyLogSum}}
}

// Load opens the segments that a checkpoint lists.
func Load(f *blockfile.File, c *format.Checkpoint) (*Snapshot, error) {
	return load(f, c, segment.Open, nil)
}

// LoadAround is Load for a file that is to be read around what is damaged in it; see segment.OpenAround. It fails if
// the split key of a half-done merge cannot be read.
func LoadAround(f *blockfile.File, c *format.Checkpoint) (*Snapshot, error) {
	return load(f, c, segment.OpenAround, nil)
}

// opening opens a segment.
type opening func(*blockfile.Space, format.Segment, segment.What) (*segment.Segment, error)

func load(f *blockfile.File, c *format.Checkpoint, openSegment opening, lease func() *blockfile.Lease) (*Snapshot, error) {
	s := &Snapshot{ID: c.ID, Compression: c.Compression, Append: c.Append, Redirects: c.Redirects, Log: c.Log}
	length, err := f.Length()
	if err != nil {
		return nil, err
	}
	for i := range c.Levels {
		in := &c.Levels[i]
		oldest := i == len(c.Levels)-1
		level := &Level{Age: in.Age, FreelistOnly: in.Flags&format.LevelFreelistOnly != 0}
		open := func(fs format.Segment, what segment.What, redirected bool) (*segment.Segment, error) {
			fs.Size = f.SizeWithin(fs.Size, length)
			space, err := f.Space(fs.Salt)
			if err != nil {
				return nil, err
			}
			if redirected && len(c.Redirects) > 0 {
				space = &blockfile.Space{File: f, Redirects: c.Redirects}
			}
			if lease != nil {
				space.Lease = lease()
			}
			return openSegment(space, fs, what)
		}
		var err error
		what := segment.What{Seal: in.Seal(), Output: len(in.RHS) > 0}
		if level.Seg, err = open(in.LHS, what, oldest && len(in.RHS) == 0); err != nil {
			return nil, err
		}
		if len(in.RHS) > 0 {
			level.Merging = &Merging{State: in.Merge}
			for j, r := range in.RHS {
				seg, err := open(r, segment.What{Input: true}, oldest && j == len(in.RHS)-1)
				if err != nil {
					return nil, err
				}
				level.Merging.RHS = append(level.Merging.RHS, seg)
			}
			level.Merging.Ours = level.ours()
		}
		s.Levels = append(s.Levels, level)
	}
	for i, l := range s.Levels {
		if l.Merging != nil {
			var older *Level
			if i+1 < len(s.Levels) {
				older = s.Levels[i+1]
			}
			if err := l.Merging.findSplit(older); err != nil {
				return nil, err
			}
			if m := l.Merging; m.Ours && !m.NoSplit && m.SplitKind&base.System == 0 {
				for _, seg := range m.RHS {
					seg.SearchedFrom(m.Split)
				}
			}
		}
	}
	return s, nil
}

// ours reports whether lsmlite has written all of a half-done merge.
func (l *Level) ours() bool {
	return !l.Merging.State.BTree && !slices.ContainsFunc(l.Segments(), func(s *segment.Segment) bool {
		return !s.Space.Sealed || len(s.Space.Redirects) > 0
	})
}

// findSplit reads the split key from the cell that the checkpoint names. The cell is
// that of one of the inputs, or of the b-tree of the next older level.
func (m *Merging) findSplit(older *Level) (err error) {
	if m.State.SplitPage == 0 {
		m.NoSplit = true
		return nil
	}
	for i, seg := range m.RHS {
		if m.State.Inputs[i].Page == m.State.SplitPage {
			m.SplitKind, m.Split, err = seg.LeafKey(m.State.SplitPage, m.State.SplitCell)
			return err
		}
	}
	if !m.State.BTree || older == nil {
		return errs.Corruptf("the split key of a merge lies on page %d, which is not a page of any input", m.State.SplitPage).AtPage(int64(m.State.SplitPage))
	}
	m.SplitKind, m.Split, err = older.Seg.BTreeKey(m.State.SplitPage, m.State.SplitCell)
	return err
}

// NumSegments counts the segments as C lsm1 does against its limit of 40.
func (s *Snapshot) NumSegments() int {
	n := 0
	for _, l := range s.Levels {
		n++
		if l.Merging != nil {
			n += len(l.Merging.RHS) - 1
		}
	}
	return n
}

// Export returns the snapshot as a checkpoint; the caller adds what the snapshot does
// not know: sizes, the free list, the page count.
func (s *Snapshot) Export() *format.Checkpoint {
	c := &format.Checkpoint{ID: s.ID, Compression: s.Compression, Append: s.Append, Redirects: s.Redirects, Log: s.Log}
	for _, l := range s.Levels {
		out := format.Level{Age: l.Age, LHS: l.Seg.Segment}
		if l.FreelistOnly {
			out.Flags |= format.LevelFreelistOnly
		}
		if l.Merging == nil {
			out.SetSeal(sealOf(l.Seg))
		} else {
			for _, seg := range l.Merging.RHS {
				out.RHS = append(out.RHS, seg.Segment)
			}
			out.Merge = l.Merging.State
		}
		c.Levels = append(c.Levels, out)
	}
	return c
}

// sealOf returns the seal that a checkpoint names for an ordinary segment. One of which only the front has a
// seal gets none: C lsm1 has written the rest.
func sealOf(seg *segment.Segment) format.Seal {
	if !seg.Space.Sealed {
		return 0
	}
	return seg.Space.Seal
}
