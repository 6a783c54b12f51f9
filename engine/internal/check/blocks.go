// SPDX-License-Identifier: Apache-2.0

package check

import (
	"cmp"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// accounts checks that each block of the file is in exactly one place: it belongs to
// segments (to several only where one ends and the next begins), or is set aside for the
// output of a half-done merge, or is free.
func (c *checker) accounts() {
	if c.stopped() {
		return
	}
	taken := make([]base.BlockNo, 0, len(c.uses)+len(c.Free)+1)
	isFree := make(map[base.BlockNo]bool, len(c.Free))
	for _, e := range c.Free {
		isFree[e.Block] = true
		taken = append(taken, e.Block)
		if e.Block < 1 || uint32(e.Block) > c.Blocks {
			c.report(nil, 0, "the free list names block %d; the file has %d", e.Block, c.Blocks)
		}
		if e.ID < 0 || e.ID > c.Disk.ID {
			c.report(nil, 0, "free block %d was last used by snapshot %d; the newest is %d", e.Block, e.ID, c.Disk.ID)
		}
	}
	used := make([]base.BlockNo, 0, len(c.uses))
	for b := range c.uses {
		used = append(used, b)
	}
	slices.Sort(used)
	for _, b := range used {
		c.sharing(b, c.uses[b])
		if isFree[b] {
			use := c.uses[b][0]
			c.report(use.seg, use.from, "block %d is used by the segment, and it is free", b)
		}
	}
	taken = append(taken, used...)
	taken = append(taken, c.setAside(isFree)...)
	c.reservations(isFree)
	c.appendPoints(isFree)

	if slices.ContainsFunc(c.segs, func(s *checkedSegment) bool { return !s.whole }) {
		return // it is not known what belongs to the segment
	}
	slices.Sort(taken)
	next := base.BlockNo(1)
	lost := func(end base.BlockNo) {
		if end > next {
			c.report(nil, 0, "blocks %d to %d are neither used nor free", next, end-1)
		}
	}
	for _, b := range taken {
		lost(b)
		next = max(next, b+1)
	}
	lost(base.BlockNo(c.Blocks) + 1)
}

// sharing checks that the segments that use a block use different pages of it.
func (c *checker) sharing(b base.BlockNo, uses []blockUse) {
	slices.SortFunc(uses, func(x, y blockUse) int { return cmp.Compare(x.from, y.from) })
	for i := 1; i < len(uses); i++ {
		if x, y := uses[i-1], uses[i]; x.to >= y.from {
			c.report(y.seg, y.from, "pages %d to %d of block %d belong to this segment, and pages %d to %d to another one (%s)",
				y.from, y.to, b, x.from, x.to, x.seg.name)
		}
	}
}

// setAside returns the blocks that the outputs of half-done merges have been given but
// do not use yet: those whose last page is the last one of a block.
func (c *checker) setAside(isFree map[base.BlockNo]bool) (blocks []base.BlockNo) {
	for _, s := range c.segs {
		if s.lv.Merging == nil || s.input >= 0 || !c.geo.IsLast(s.Last) {
			continue
		}
		b, ok := c.link(s, s.Last)
		if !ok {
			continue
		}
		if len(c.uses[b]) > 0 || isFree[b] || slices.Contains(blocks, b) {
			c.report(s, s.Last, "the merge is to go on in block %d, which has another use", b)
			continue
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// reservations checks that what is being written lies in free blocks, or after the end
// of a segment in a block that it shares, or of what is merged so far of a half-done merge.
func (c *checker) reservations(isFree map[base.BlockNo]bool) {
	for _, b := range c.Reserved {
		point := slices.ContainsFunc(c.Disk.Append[:], func(p base.PageNo) bool { return p != 0 && c.geo.Block(p) == b })
		merged := slices.ContainsFunc(c.Disk.Levels, func(l *snapshot.Level) bool { return l.Merging != nil && c.geo.Block(l.Seg.Last) == b })
		if !isFree[b] && !point && !merged {
			c.report(nil, 0, "block %d is being written to, but it is not free", b)
		}
	}
}

// appendPoints checks that a segment written at one would harm nothing.
func (c *checker) appendPoints(isFree map[base.BlockNo]bool) {
	for i, p := range c.Disk.Append {
		if p == 0 {
			continue
		}
		if p < c.geo.FirstPage(1) || p > c.geo.MaxPage(c.Blocks) {
			c.report(nil, p, "append point %d lies outside the file's %d blocks", i, c.Blocks)
			continue
		}
		b := c.geo.Block(p)
		uses := c.uses[b]
		switch {
		case slices.Index(c.Disk.Append[:], p) < i:
			c.report(nil, p, "append point %d is listed twice", i)
		case len(uses) == 0 || isFree[b]:
			c.report(nil, p, "append point %d lies in block %d, which no segment uses", i, b)
		case uses[len(uses)-1].to >= p:
			c.report(uses[len(uses)-1].seg, p, "append point %d lies within the segment", i)
		}
	}
}
