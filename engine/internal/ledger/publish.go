// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Change is what a finished segment makes of the levels.
type Change struct {
	Inputs []*snapshot.Level // the levels it takes the place of; none for a new one on top
	// Output is nil if nothing was left to write. It may use blocks of the inputs: what is
	// left of them if it is a half-done merge, and what was added to.
	Output *snapshot.Level
	Flush  bool // the old tree is an input

	Begin   AppendPoint        // where it began
	Blocks  []base.BlockNo     // that it was given
	Entries []format.FreeEntry // that it holds
	Next    base.PageNo        // where another segment may begin, or 0
	GoesOn  bool               // more will be written, in the last of Blocks

	Compression uint32 // id of the file's codec
}

// Outcome says what Publish has done.
type Outcome uint8

const (
	// Published: the change is part of the newest state.
	Published Outcome = iota
	// Widen: the segment was given up. It has to be written again with the next newer level
	// among its inputs.
	Widen
)

// Publish makes a change part of the database. The caller has the worker's turn.
func (l *Ledger) Publish(c *Change) (Outcome, error) {
	released, err := l.givenUp(c)
	if err != nil {
		return Published, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	cur := l.reg.Newest()
	at := 0
	if len(c.Inputs) > 0 {
		at = slices.Index(cur.Disk.Levels, c.Inputs[0])
		invariant.Check(at >= 0, "the inputs of a job have left the snapshot")
	}
	// C lsm1 would follow the FC pointers of a newer segment of its own into the freed
	// pages of the inputs if the result had no b-tree root to prefer.
	if (c.Output == nil || c.Output.Seg.Root == 0) && at > 0 && cur.Disk.Levels[at-1].Seg.MayLink {
		l.release(c.Begin, c.Blocks)
		return Widen, nil
	}

	next := cur.Next()
	disk := *cur.Disk
	disk.ID++
	disk.Compression = c.Compression
	disk.Levels = slices.Clone(cur.Disk.Levels[:at])
	if c.Output != nil {
		disk.Levels = append(disk.Levels, c.Output)
	}
	rest := cur.Disk.Levels[at+len(c.Inputs):]
	disk.Levels = append(disk.Levels, rest...)
	if len(rest) == 0 && len(c.Inputs) > 0 {
		disk.Redirects = nil // they belonged to the segment that is gone
	}
	if c.Flush {
		disk.Log, disk.Seq = cur.OldLog, cur.OldSeq
		if mutant.Is(mutant.LogPlaceLate) {
			disk.Log = cur.End.LogPos
		}
		next.Old, next.HasOld, next.OldLog, next.OldSeq = memtree.View{}, false, format.LogPos{}, 0
	}

	l.release(c.Begin, c.Blocks)
	if c.GoesOn {
		l.free.Reserve(c.Blocks[len(c.Blocks)-1])
	}
	var used []base.BlockNo
	if c.Output != nil {
		used = c.Blocks
	}
	gone := l.unshared(released, &disk)
	l.freed += int64(len(gone))
	l.free.Publish(used, gone, cur.Disk.ID)
	l.free.Recorded(c.Entries)
	if c.Begin.listed && c.Output != nil {
		disk.Append[c.Begin.place] = 0
	}
	l.fixAppendPoints(&disk, c.Next)
	next.Disk = &disk
	if mark.Enabled {
		l.markPublished(c, cur, &disk)
	}
	l.reg.Publish(next)
	return Published, nil
}

// EntriesFor returns the free-list entries that no segment holds yet, as they will be once a
// segment with these inputs is published that lies in these blocks, for it to hold them. blocks
// are all of its blocks, also those that an input, which it goes on with, lies in. The entries
// override what older segments hold, so only a segment that will be the newest level may have
// them: a flush, or a merge on top of which nothing has been published since it began. The caller
// has the worker's turn.
func (l *Ledger) EntriesFor(inputs []*snapshot.Level, blocks []base.BlockNo) []format.FreeEntry {
	freed, err := l.blocksOf(inputs)
	if err != nil {
		return nil // Publish will report it
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	disk := *l.reg.Newest().Disk
	if len(inputs) > 0 {
		at := slices.Index(disk.Levels, inputs[0])
		if at > 0 {
			return nil
		}
		disk.Levels = disk.Levels[len(inputs):]
	}
	return l.free.DeltaAfter(blocks, l.unshared(freed, &disk), disk.ID)
}

// givenUp returns the blocks of the inputs of a change that its output does not use. It may
// read the file.
func (l *Ledger) givenUp(c *Change) ([]base.BlockNo, error) {
	released, err := l.blocksOf(c.Inputs)
	if err != nil || c.Output == nil {
		return released, err
	}
	kept := make(map[base.BlockNo]bool)
	for _, seg := range c.Output.Segments() {
		b, err := seg.Blocks()
		if err != nil {
			return nil, err
		}
		for _, b := range b {
			kept[b] = true
		}
	}
	return slices.DeleteFunc(released, func(b base.BlockNo) bool { return kept[b] }), nil
}

// blocksOf returns all blocks that the segments of some levels occupy. It may read the
// file.
func (l *Ledger) blocksOf(levels []*snapshot.Level) ([]base.BlockNo, error) {
	var blocks []base.BlockNo
	for _, level := range levels {
		for _, seg := range level.Segments() {
			b, err := seg.Blocks()
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, b...)
		}
		if level.Merging != nil {
			b, err := l.preallocated(level)
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, b...)
		}
	}
	slices.Sort(blocks)
	return slices.Compact(blocks), nil
}

// preallocated returns the block that C lsm1 has allocated after the output of a merge that
// it left half done, which ends with a block: no segment lies in it yet, and it is not
// free.
func (l *Ledger) preallocated(level *snapshot.Level) ([]base.BlockNo, error) {
	geo := l.bf.Geometry()
	if !geo.IsLast(level.Seg.Last) {
		return nil, nil
	}
	b, err := l.bf.RawLink(geo.Block(level.Seg.Last), true)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b < 1 || uint32(b) > l.free.Blocks() || l.free.IsFree(b) {
		return nil, nil
	}
	return []base.BlockNo{b}, nil
}

// unshared returns those of some blocks in which no segment of the snapshot begins or
// ends: only such blocks are shared by two segments.
func (l *Ledger) unshared(blocks []base.BlockNo, s *snapshot.Snapshot) []base.BlockNo {
	geo := l.bf.Geometry()
	shared := make(map[base.BlockNo]bool)
	for _, level := range s.Levels {
		for _, seg := range level.Segments() {
			shared[geo.Block(seg.First)] = true
			shared[geo.Block(seg.Last)] = true
		}
	}
	return slices.DeleteFunc(blocks, func(b base.BlockNo) bool { return shared[b] })
}

// fixAppendPoints drops the append points in blocks that have become free and adds one
// more, if it is not 0 and there is room. The caller has the mutex.
func (l *Ledger) fixAppendPoints(s *snapshot.Snapshot, point base.PageNo) {
	geo := l.bf.Geometry()
	for i, p := range s.Append {
		if p != 0 && l.free.IsFree(geo.Block(p)) {
			s.Append[i] = 0
		}
		if s.Append[i] == 0 && point != 0 && !l.taken[i] {
			s.Append[i], point = point, 0
		}
	}
	if point != 0 {
		mark.Hit(mark.AppendFull)
	}
}
