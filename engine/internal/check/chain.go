// SPDX-License-Identifier: Apache-2.0

package check

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// chainOf follows the block links of a segment from its first page to its last and
// notes which pages of which blocks it consists of. If the chain breaks off, it is
// followed backwards from the end, too, so that the pages after the break are checked.
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
	if b >= 1 && uint32(b) <= c.Blocks {
		return b, true
	}
	if _, err := s.Space.Verify(p, raw); err != nil {
		c.fail(s, p, err)
	} else {
		c.report(s, p, "links to block %d; the file has %d", b, c.Blocks)
	}
	return 0, false
}

// bareLink is link for a compressed file, where links are next to the first and the last data byte
// of a block.
func (c *checker) bareLink(s *checkedSegment, p base.PageNo) (base.BlockNo, bool) {
	to, err := s.Space.RawLink(c.geo.Block(p), c.geo.IsLast(p))
	if err != nil {
		c.fail(s, p, err)
		return 0, false
	}
	b := s.Space.MapBlock(to)
	if b < 1 || uint32(b) > c.Blocks {
		c.report(s, p, "block %d links to block %d; the file has %d", c.geo.Block(p), b, c.Blocks)
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
