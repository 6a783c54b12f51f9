// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// stretch is pages of a block, side by side, that belong to one segment as far as the pages show.
type stretch struct {
	piece
	sums        sums
	seal        format.Seal
	pages       int
	leaves      int
	front       int64   // bytes of a record that begins before the stretch; -1 if not known
	lead        int64   // bytes on its pages before the first one on which a record begins
	rest        int64   // bytes of its last record that are after it; -1 if not known
	low, high   *topKey // the first and the last key, as far as they are on their pages; nil if there is none
	prev, after base.BlockNo
	leads       base.PageNo     // where an FC pointer leads, 0 if there is none
	freed       base.SnapshotID // the newest snapshot that its free-list records name
	rooted      bool            // its last page belongs to a b-tree
	joined      bool            // another stretch goes on in it
}

// maxFreeID is beyond all numbers of snapshots: a free-list record with a larger one is damaged.
const maxFreeID = 1 << 48

// maxStretchKey is how much of its first and last key a stretch keeps.
const maxStretchKey = 256

// scanner looks at all pages of a file and puts them together to stretches.
type scanner struct {
	in      *input
	seals   map[format.Seal]int
	list    []*stretch
	cur     *stretch
	unknown int64
}

// mark is what a page shows of the segment that it belongs to.
type mark struct {
	no    base.PageNo
	end   base.PageNo // its last byte in a compressed file, else no
	ok    bool        // it is sound in itself
	zeros bool
	sums  sums
	seal  format.Seal
	any   format.Seal // the seal that it has if its segment has one
}

// scan finds the stretches of all blocks.
func (s *scanner) scan() {
	s.seals = make(map[format.Seal]int)
	for b := base.BlockNo(1); b <= s.in.blocks() && s.in.err == nil; b++ {
		s.each(b, func(m mark, _ format.Page) {
			if m.ok && m.sums == sealSums {
				s.seals[m.seal]++
			}
		})
	}
	for b := base.BlockNo(1); b <= s.in.blocks() && s.in.err == nil; b++ {
		var marks []mark
		s.each(b, func(m mark, _ format.Page) { marks = append(marks, m) })
		s.cur = nil
		i := 0
		s.each(b, func(m mark, page format.Page) {
			if i < len(marks) {
				// The disk may fail between two reads.
				marks[i].ok = marks[i].ok && m.ok && m.no == marks[i].no
				s.add(marks, i, page)
			}
			i++
		})
		s.links(b)
	}
}

// each looks at the pages of a block.
func (s *scanner) each(b base.BlockNo, do func(m mark, page format.Page)) {
	all := sheet{in: s.in, pieces: []piece{{first: s.in.geo.FirstPage(b), last: s.in.geo.LastPage(b)}}}
	w := walker{s: &all, lost: s.in.packed()}
	if w.lost {
		w.at = all.pieces[0].first
	}
	buf := make([]byte, s.in.geo.PageSize)
	for {
		at, ok := w.next(buf)
		if !ok {
			return
		}
		m := mark{no: at.no, end: at.no, zeros: format.AllZero(buf)}
		if at.page != nil && !m.zeros {
			m.ok = true
			m.sums, m.seal = sumsOf(s.in.geo, at.no, buf)
			m.any = format.SealOf(at.no, buf)
			if s.in.packed() {
				m.end = w.at - 1
			}
		}
		do(m, at.page)
	}
}

// sumsOf returns what a single page shows of its sums.
func sumsOf(geo format.Geometry, p base.PageNo, raw []byte) (sums, format.Seal) {
	switch {
	case geo.StoredSum(p, raw) == 0:
		return noSums, 0
	case geo.OldSumGood(p, p, raw):
		return oldSums, 0
	}
	return sealSums, format.SealOf(p, raw)
}

// add adds a page of a block to the current stretch, or begins another one with it.
func (s *scanner) add(marks []mark, i int, page format.Page) {
	m := &marks[i]
	if m.ok && m.sums != sealSums && s.sealedLikeNeighbour(marks, i) {
		m.sums, m.seal = sealSums, m.any
	}
	if !m.ok || s.damagedWithin(marks, i) {
		if !m.zeros && !s.in.packed() {
			s.unknown += int64(s.in.geo.PageSize)
		}
		if s.cur != nil {
			s.cur.rest = -1
		}
		return
	}
	if s.cur == nil || !s.cur.goesOn(m, page) {
		s.cur = &stretch{piece: piece{first: m.no, last: m.end}, sums: m.sums, seal: m.seal, front: -1, rest: -1}
		s.list = append(s.list, s.cur)
	}
	s.cur.take(m, page)
}

// sealedLikeNeighbour reports whether a page that seems to have no sum, or an old one, has the seal of the page before
// or after it: of some thousand sealed pages one looks like that.
func (s *scanner) sealedLikeNeighbour(marks []mark, i int) bool {
	if s.cur != nil && s.cur.sums == sealSums {
		return s.cur.seal == marks[i].any
	}
	return i+1 < len(marks) && marks[i+1].sums == sealSums && marks[i+1].seal == marks[i].any
}

// damagedWithin reports whether a page whose seal no other one has stands within a segment: then it was damaged.
func (s *scanner) damagedWithin(marks []mark, i int) bool {
	single := func(m *mark) bool { return m.sums == sealSums && s.seals[m.seal] == 1 }
	if !single(&marks[i]) || s.cur == nil || s.cur.sums != sealSums || s.seals[s.cur.seal] < 2 {
		return false
	}
	for j := i + 1; j < len(marks); j++ {
		if m := &marks[j]; m.ok && !single(m) {
			return m.sums == sealSums && m.seal == s.cur.seal
		}
	}
	return false
}

// goesOn reports whether a page can be the next one of a stretch.
func (t *stretch) goesOn(m *mark, page format.Page) bool {
	if m.sums != t.sums || m.seal != t.seal {
		return false
	}
	if page.IsBTree() {
		return true
	}
	if page.NumCells() == 0 {
		return t.rest != 0
	}
	c := page.LeafCell(0)
	if t.high != nil && !t.high.before(topKeyOf(page, c)) {
		return false
	}
	return t.rest < 0 || t.rest == int64(page.CellOffset(0))
}

// take makes a page the last one of a stretch.
func (t *stretch) take(m *mark, page format.Page) {
	t.last = m.end
	t.pages++
	t.rooted = page.IsBTree()
	if t.rooted {
		return
	}
	t.leaves++
	n := page.NumCells()
	if n == 0 {
		if t.low == nil {
			t.lead += int64(page.EOF())
		}
		if t.rest > 0 {
			t.rest = max(0, t.rest-int64(page.EOF()))
		}
		return
	}
	first, last := page.LeafCell(0), page.LeafCell(n-1)
	if t.low == nil {
		t.front = t.lead + int64(page.CellOffset(0))
		t.low = cutKey(page, first)
	}
	t.high = cutKey(page, last)
	t.rest = max(0, int64(last.Body)+int64(last.KeyLen)+int64(last.ValLen)-int64(page.EOF()))
	for i := range n {
		c := page.LeafCell(i)
		if c.Kind == base.System|base.Insert && c.Body+c.KeyLen+c.ValLen <= page.EOF() {
			at := c.Body + c.KeyLen
			if e, err := format.DecodeFreeRecord(page[c.Body:at], page[at:at+c.ValLen]); err == nil && e.ID < maxFreeID {
				t.freed = max(t.freed, e.ID)
			}
		}
		if p := int64(page.Ptr()) + c.RelPtr; p > 0 && t.sums == noSums {
			t.leads = base.PageNo(p)
		}
	}
}

func cutKey(page format.Page, c format.LeafCell) *topKey {
	k := topKeyOf(page, c)
	n := min(len(k.key), maxStretchKey)
	return &topKey{k.kind, slices.Clone(k.key[:n]), k.cut || n < len(k.key)}
}

// links notes what the block's links say, for the stretches at its ends.
func (s *scanner) links(b base.BlockNo) {
	var first, last *stretch
	for i := len(s.list) - 1; i >= 0 && s.in.geo.Block(s.list[i].first) == b; i-- {
		if last == nil {
			last = s.list[i]
		}
		first = s.list[i]
	}
	if first != nil {
		first.prev, last.after = s.in.link(b, false), s.in.link(b, true)
	}
}
