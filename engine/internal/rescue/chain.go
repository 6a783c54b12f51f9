// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// chains finds the pieces of the segments that a checkpoint lists. A segment's blocks are linked in both
// directions, so a link that is damaged is known from its counterpart. Where both are lost, what is left is
// found from the other end, by its page sums, or through the b-tree.
type chains struct {
	in      *input
	claimed map[base.BlockNo]bool // blocks that belong to a segment
	before  []base.BlockNo        // what each block names as the one before it; nil until it is needed
}

// chain is a segment of which some blocks are known.
type chain struct {
	seg         format.Segment
	sheet       *sheet
	front, back []base.BlockNo // in the order of the segment; back is nil if front has all of them
}

// follow finds the blocks of a segment by its links, and which page sums it has unless that is known.
func (c *chains) follow(seg format.Segment, id identity) *chain {
	if c.in.secret != nil {
		id.box, _ = c.in.secret.Keys().Segment(seg.Salt) // without it no page can be read
	}
	ch := &chain{seg: seg, sheet: &sheet{in: c.in, id: id}}
	geo := c.in.geo
	first, last := geo.Block(seg.First), geo.Block(seg.Last)
	ch.front = []base.BlockNo{first}
	if first != last || seg.First > seg.Last {
		ch.back = []base.BlockNo{last}
	}
	if id.sums == anySums {
		ch.build(nil)
		ch.sheet.identify()
	}
	used := map[base.BlockNo]bool{first: true}
	c.forward(ch, used, true)
	c.backward(ch, used)
	for _, b := range append(slices.Clone(ch.front), ch.back...) {
		c.claimed[b] = true
	}
	ch.build(nil)
	return ch
}

// forward follows the links from the front on, those only that are certain if sure is set.
func (c *chains) forward(ch *chain, used map[base.BlockNo]bool, sure bool) {
	for ch.back != nil {
		b := c.step(ch, ch.front[len(ch.front)-1], true, used)
		if b == 0 && !sure {
			b = c.named(ch, ch.front[len(ch.front)-1], used)
		}
		switch {
		case b == 0 || b == ch.last() && b != ch.back[0]:
			return
		case b == ch.back[0]:
			ch.front, ch.back = append(ch.front, ch.back...), nil
		default:
			used[b] = true
			ch.front = append(ch.front, b)
		}
	}
}

// backward follows the links from the end on, up to the front or to where they are lost.
func (c *chains) backward(ch *chain, used map[base.BlockNo]bool) {
	if ch.back == nil {
		return
	}
	end := ch.front[len(ch.front)-1]
	delete(used, end)
	used[ch.back[0]] = true
	for b := ch.back[0]; ; {
		if b = c.step(ch, b, false, used); b == 0 || b == ch.last() {
			break
		}
		if b == end {
			ch.front, ch.back = append(ch.front, reversed(ch.back)...), nil
			return
		}
		used[b] = true
		ch.back = append(ch.back, b)
	}
	ch.back = reversed(ch.back)
}

func reversed(list []base.BlockNo) []base.BlockNo {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// step returns the block after b in a segment, or the one before it, 0 if that cannot be known. A link is
// believed if the other block has its counterpart, or if the page that carries it is sound and none that is, without a
// page sum to decide, contradicts it.
func (c *chains) step(ch *chain, b base.BlockNo, next bool, used map[base.BlockNo]bool) base.BlockNo {
	id := &ch.sheet.id
	to := id.mapped(c.in.link(b, next))
	if to < 1 || to > c.in.blocks() || used[to] && to != ch.last() {
		to = 0
	}
	if to != 0 && (id.mapped(c.in.link(to, !next)) == b || c.carries(ch, b, next) && (id.summed() || !c.carries(ch, to, !next))) {
		return to
	}
	return 0
}

// last returns the block in which the segment ends.
func (ch *chain) last() base.BlockNo { return ch.sheet.in.geo.Block(ch.seg.Last) }

// carries reports whether the page that has a block's link is a sound page of the segment.
func (c *chains) carries(ch *chain, b base.BlockNo, next bool) bool {
	if c.in.packed() {
		return false // links are not in pages there
	}
	p := c.in.geo.FirstPage(b)
	if next {
		p = c.in.geo.LastPage(b)
	}
	raw := make([]byte, c.in.geo.PageSize)
	return c.in.readAt(raw, c.in.geo.Offset(p)) == len(raw) && ch.sheet.trusted(p, raw) != nil && !format.AllZero(raw)
}

// named returns the one block that names b as the block before it, 0 if there is none or several.
func (c *chains) named(ch *chain, b base.BlockNo, used map[base.BlockNo]bool) (only base.BlockNo) {
	if c.before == nil {
		c.before = make([]base.BlockNo, c.in.blocks()+1)
		for n := base.BlockNo(1); n <= c.in.blocks(); n++ {
			c.before[n] = c.in.link(n, false)
		}
	}
	for n := base.BlockNo(2); n < base.BlockNo(len(c.before)); n++ {
		if c.before[n] == 0 || ch.sheet.id.mapped(c.before[n]) != b || used[n] || c.claimed[n] {
			continue
		}
		if !c.in.packed() && !c.carries(ch, n, false) || !c.holds(ch, n) || !c.between(ch, n) {
			continue
		}
		if only != 0 {
			return 0
		}
		only = n
	}
	return only
}

// samplePages is how many pages of a block are looked at to learn whether it belongs to a segment.
const samplePages = 8

// holds reports whether most of some pages of a block, which are not zero, are sound pages of the segment.
func (c *chains) holds(ch *chain, b base.BlockNo) bool {
	s := sheet{in: c.in, id: ch.sheet.id, pieces: []piece{{first: c.in.geo.FirstPage(b), last: c.in.geo.LastPage(b)}}}
	buf := make([]byte, c.in.geo.PageSize)
	if c.in.packed() {
		w := walker{s: &s, lost: true, at: s.pieces[0].first}
		at, ok := w.next(buf)
		return ok && at.page != nil
	}
	good, bad := 0, 0
	step := max(1, (s.pieces[0].last-s.pieces[0].first)/samplePages)
	for p := s.pieces[0].first; p <= s.pieces[0].last; p += step {
		n := c.in.readAt(buf, c.in.geo.Offset(p))
		switch {
		case format.AllZero(buf):
		case n == len(buf) && s.trusted(p, buf) != nil:
			good++
		default:
			bad++
		}
	}
	return good > bad
}

// build makes the pieces of what is known: the front, islands, the back.
func (ch *chain) build(islands []base.BlockNo) {
	ch.sheet.pieces = ch.sheet.pieces[:0]
	geo := ch.sheet.in.geo
	add := func(blocks []base.BlockNo, joined bool) {
		for i, b := range blocks {
			p := piece{first: geo.FirstPage(b), last: geo.LastPage(b), joined: joined || i > 0}
			if len(ch.sheet.pieces) == 0 {
				p.first = ch.seg.First
			}
			if b == geo.Block(ch.seg.Last) && (p.first <= ch.seg.Last) && (len(ch.sheet.pieces) > 0 || ch.back == nil) {
				p.last = ch.seg.Last
			}
			ch.sheet.pieces = append(ch.sheet.pieces, p)
		}
	}
	add(ch.front, false)
	for _, b := range islands {
		n := len(ch.sheet.pieces)
		before := geo.Block(ch.sheet.pieces[n-1].first)
		add([]base.BlockNo{b}, ch.linked(before, b))
	}
	if len(ch.back) > 0 {
		n := len(ch.sheet.pieces)
		add(ch.back, ch.linked(geo.Block(ch.sheet.pieces[n-1].first), ch.back[0]))
	}
}

// linked reports whether one of two blocks names the other as its neighbour.
func (ch *chain) linked(a, b base.BlockNo) bool {
	in, id := ch.sheet.in, &ch.sheet.id
	return id.mapped(in.link(a, true)) == b || id.mapped(in.link(b, false)) == a
}

// complete adds the blocks that belong to a chain with a gap and that no link leads to.
func (c *chains) complete(ch *chain) {
	if ch.back == nil {
		return
	}
	used := make(map[base.BlockNo]bool)
	for _, b := range append(slices.Clone(ch.front), ch.back...) {
		used[b] = true
	}
	c.forward(ch, used, false)
	for _, b := range ch.front {
		c.claimed[b] = true
	}
	if ch.build(nil); ch.back == nil {
		return
	}
	found := make(map[base.BlockNo]bool)
	if ch.sheet.id.sums == sealSums {
		for b := base.BlockNo(1); b <= c.in.blocks(); b++ {
			if !c.claimed[b] && c.holds(ch, b) {
				found[b] = true
			}
		}
	} else {
		c.children(ch, found)
	}
	var islands []island
	for b := range found {
		if key := c.firstKey(ch, b); key != nil {
			islands = append(islands, island{b, key})
			c.claimed[b] = true
		}
	}
	slices.SortFunc(islands, func(a, b island) int { return base.CompareTopic(a.key.kind, a.key.key, b.key.kind, b.key.key) })
	blocks := make([]base.BlockNo, len(islands))
	for i := range islands {
		blocks[i] = islands[i].block
	}
	ch.build(blocks)
}

// between reports whether a block's first key is after those at the front of the chain, and before those at its end.
func (c *chains) between(ch *chain, n base.BlockNo) bool {
	at := c.firstKey(ch, n)
	if at == nil {
		return true
	}
	for _, b := range reversed(ch.front) {
		if key := c.firstKeyFrom(ch, b, ch.seg.First); key != nil {
			if !key.before(*at) {
				return false
			}
			break
		}
	}
	for _, b := range ch.back {
		if key := c.firstKey(ch, b); key != nil {
			return at.before(*key)
		}
	}
	return true
}

type island struct {
	block base.BlockNo
	key   *topKey
}

// firstKey returns the first key in a block, as much of it as is on its page; nil if there is none.
func (c *chains) firstKey(ch *chain, b base.BlockNo) *topKey { return c.firstKeyFrom(ch, b, 0) }

// firstKeyFrom is firstKey of a block in which the segment may begin at a page, if that is one of the block's.
func (c *chains) firstKeyFrom(ch *chain, b base.BlockNo, from base.PageNo) *topKey {
	s := sheet{in: c.in, id: ch.sheet.id, pieces: []piece{{first: c.in.geo.FirstPage(b), last: c.in.geo.LastPage(b)}}}
	if from > s.pieces[0].first && from <= s.pieces[0].last {
		s.pieces[0].first = from
	}
	w := walker{s: &s, lost: c.in.packed()}
	if w.lost {
		w.at = s.pieces[0].first
	}
	buf := make([]byte, c.in.geo.PageSize)
	for {
		at, ok := w.next(buf)
		if !ok {
			return nil
		}
		if at.page != nil && !at.page.IsBTree() && at.page.NumCells() > 0 {
			cell := at.page.LeafCell(0)
			k := topKeyOf(at.page, cell)
			k.key = slices.Clone(k.key)
			return &k
		}
	}
}

// children finds the unclaimed blocks to which the b-tree pages that are left lead.
func (c *chains) children(ch *chain, found map[base.BlockNo]bool) {
	geo := c.in.geo
	add := func(p base.PageNo) {
		p = ch.sheet.id.mappedPage(geo, p)
		b := geo.Block(p)
		if p >= geo.FirstPage(1) && b <= c.in.blocks() && !c.claimed[b] && c.holds(ch, b) {
			found[b] = true
		}
	}
	w := walker{s: ch.sheet}
	buf := make([]byte, geo.PageSize)
	for {
		at, ok := w.next(buf)
		if !ok {
			return
		}
		if at.page == nil || !at.page.IsBTree() || at.page.NumCells() == 0 {
			continue
		}
		for i := range at.page.NumCells() {
			cell := at.page.BTreeCell(i)
			add(cell.Child)
			if cell.Ref != 0 {
				add(cell.Ref)
			}
		}
		add(at.page.Ptr())
	}
}
