package engine

import (
	"cmp"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// chainOf follows the block links of a segment from its first page to its last and
// notes which pages of which blocks it consists of. If the chain breaks off, it is
// followed backwards from the end, too, so that the pages behind the break are checked.
func (c *checker) chainOf(s *checkedSegment) {
	geo := c.geo
	last := geo.Block(s.Last)
	seen := make(map[base.BlockNo]bool)
	for from := s.First; ; {
		b := geo.Block(from)
		if seen[b] {
			c.report(s, from, "the block links run in a circle: block %d comes up twice", b)
			break
		}
		seen[b] = true
		use := blockUse{s, from, geo.LastPage(b)}
		if b == last && s.Last >= from {
			use.to, s.whole = s.Last, true
		}
		s.chain = append(s.chain, use)
		if s.whole || c.stopped() {
			break
		}
		next, ok := c.nextBlock(s, b)
		if !ok {
			break
		}
		from = geo.FirstPage(next)
	}
	if !s.whole && !c.stopped() {
		c.chainBack(s, seen)
	}
	for _, use := range s.chain {
		b := geo.Block(use.from)
		c.uses[b] = append(c.uses[b], use)
	}
}

// nextBlock returns the block that block b of a segment links to, if the link can be
// believed: if its page is sound, or the block it leads to links back.
func (c *checker) nextBlock(s *checkedSegment, b base.BlockNo) (base.BlockNo, bool) {
	p := c.geo.LastPage(b)
	next, ok := c.link(s, p)
	if !ok {
		return 0, false
	}
	from := c.geo.FirstPage(next)
	back, ok := c.link(s, from)
	if ok && back != b && c.geo.Compressed {
		c.report(s, from, "links back to block %d, but block %d links to it", back, b)
		return next, true
	}
	if ok && back != b {
		if _, err := c.fresh(s, p); err != nil {
			c.fail(s, p, err)
			return 0, false
		}
		c.report(s, from, "links back to block %d, but block %d links to it", back, b)
	}
	return next, true
}

// chainBack collects the blocks of a segment from its last page back to where the chain
// from its first page broke off.
func (c *checker) chainBack(s *checkedSegment, seen map[base.BlockNo]bool) {
	end := s.chain[len(s.chain)-1]
	b, to := c.geo.Block(s.Last), s.Last
	at := len(s.chain)
	for !seen[b] && !c.stopped() {
		seen[b] = true
		use := blockUse{s, c.geo.FirstPage(b), to}
		s.chain = slices.Insert(s.chain, at, use)
		prev, ok := c.link(s, use.from)
		if !ok || prev == c.geo.Block(end.from) {
			return
		}
		b, to = prev, c.geo.LastPage(prev)
	}
}

// link reads the block link that a page carries and reports it if it is impossible, or
// what is wrong with the page.
func (c *checker) link(s *checkedSegment, p base.PageNo) (base.BlockNo, bool) {
	if c.geo.Compressed {
		return c.bareLink(s, p)
	}
	raw, err := s.Space.RawPage(p)
	if err != nil {
		c.fail(s, p, err)
		return 0, false
	}
	b := s.Space.MapBlock(c.geo.Link(p, raw))
	if b >= 1 && uint32(b) <= c.blocks {
		return b, true
	}
	if _, err := s.Space.Verify(p, raw); err != nil {
		c.fail(s, p, err)
	} else {
		c.report(s, p, "links to block %d; the file has %d", b, c.blocks)
	}
	return 0, false
}

// bareLink is link for a compressed file, where links stand beside the first and the last
// data byte of a block.
func (c *checker) bareLink(s *checkedSegment, p base.PageNo) (base.BlockNo, bool) {
	to, err := s.Space.RawLink(c.geo.Block(p), c.geo.IsLast(p))
	if err != nil {
		c.fail(s, p, err)
		return 0, false
	}
	b := s.Space.MapBlock(to)
	if b < 1 || uint32(b) > c.blocks {
		c.report(s, p, "block %d links to block %d; the file has %d", c.geo.Block(p), b, c.blocks)
		return 0, false
	}
	return b, true
}

// owns reports whether a page is one of the segment's.
func (c *checker) owns(s *checkedSegment, p base.PageNo) bool {
	if p <= 0 {
		return false
	}
	for _, use := range c.uses[c.geo.Block(p)] {
		if use.seg == s && use.from <= p && p <= use.to {
			return true
		}
	}
	return false
}

// accounts checks that each block of the file is in exactly one place: it belongs to
// segments (to several only where one ends and the next begins), or is set aside for the
// output of a half-done merge, or is free.
func (c *checker) accounts() {
	if c.stopped() {
		return
	}
	taken := make([]base.BlockNo, 0, len(c.uses)+len(c.free)+1)
	isFree := make(map[base.BlockNo]bool, len(c.free))
	for _, e := range c.free {
		isFree[e.Block] = true
		taken = append(taken, e.Block)
		if e.Block < 1 || uint32(e.Block) > c.blocks {
			c.report(nil, 0, "the free list names block %d; the file has %d", e.Block, c.blocks)
		}
		if e.ID < 0 || e.ID > c.disk.ID {
			c.report(nil, 0, "free block %d was last used by snapshot %d; the newest is %d", e.Block, e.ID, c.disk.ID)
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
	lost(base.BlockNo(c.blocks) + 1)
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

// reservations checks that what is being written lies in free blocks, or behind the end
// of a segment in a block that it shares.
func (c *checker) reservations(isFree map[base.BlockNo]bool) {
	for _, b := range c.reserved {
		point := slices.ContainsFunc(c.disk.Append[:], func(p base.PageNo) bool { return p != 0 && c.geo.Block(p) == b })
		if !isFree[b] && !point {
			c.report(nil, 0, "block %d is being written to, but it is not free", b)
		}
	}
}

// appendPoints checks that a segment written at one would harm nothing.
func (c *checker) appendPoints(isFree map[base.BlockNo]bool) {
	for i, p := range c.disk.Append {
		if p == 0 {
			continue
		}
		if p < c.geo.FirstPage(1) || p > c.geo.MaxPage(c.blocks) {
			c.report(nil, p, "append point %d lies outside the file's %d blocks", i, c.blocks)
			continue
		}
		b := c.geo.Block(p)
		uses := c.uses[b]
		switch {
		case slices.Index(c.disk.Append[:], p) < i:
			c.report(nil, p, "append point %d is listed twice", i)
		case len(uses) == 0 || isFree[b]:
			c.report(nil, p, "append point %d lies in block %d, which no segment uses", i, b)
		case uses[len(uses)-1].to >= p:
			c.report(uses[len(uses)-1].seg, p, "append point %d lies within the segment", i)
		}
	}
}
