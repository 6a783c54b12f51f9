// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// part is a segment of a level, with what else the checkpoint says about it.
type part struct {
	*chain
	found *Source
	input bool
	level int
	low   *topKey // split keys, nil if there are none
	high  *topKey
	start format.MergeInput // where the records begin that a merge has not read yet
	none  bool              // nothing of it counts
}

// levels finds the segments of a checkpoint, newest first.
func (c *chains) levels(ck *format.Checkpoint) []*part {
	var parts []*part
	for i := range ck.Levels {
		l := &ck.Levels[i]
		oldest := i == len(ck.Levels)-1
		id := identity{}
		if seal := l.Seal(); seal != 0 {
			id.sums, id.seal = sealSums, seal
		}
		if oldest && len(l.RHS) == 0 {
			id.redirects = ck.Redirects
		}
		name := fmt.Sprintf("level %d", i+1)
		if len(l.RHS) > 0 {
			name += ", merged so far"
		}
		parts = append(parts, c.part(l.LHS, id, name, i))
		for j, seg := range l.RHS {
			id := identity{}
			if oldest && j == len(l.RHS)-1 {
				id.redirects = ck.Redirects
			}
			p := c.part(seg, id, fmt.Sprintf("level %d, input %d", i+1, j+1), i)
			p.input, p.found.partly = true, true
			parts = append(parts, p)
		}
	}
	for _, p := range parts {
		c.complete(p.chain)
	}
	c.splits(ck, parts)
	return parts
}

func (c *chains) part(seg format.Segment, id identity, name string, level int) *part {
	return &part{chain: c.follow(seg, id), found: &Source{Name: name, First: int64(seg.First)}, level: level}
}

// splits finds the split keys of half-done merges. An input counts from the cell on that the merge reads next; the
// split key matters for ranges that reach across it.
func (c *chains) splits(ck *format.Checkpoint, parts []*part) {
	for i := range ck.Levels {
		l := &ck.Levels[i]
		if len(l.RHS) == 0 {
			continue
		}
		var mine []*part
		var older *part
		for _, p := range parts {
			if p.level == i {
				mine = append(mine, p)
			} else if p.level == i+1 && older == nil {
				older = p
			}
		}
		key, known := c.split(l, mine, older)
		if !known && l.Merge.SplitPage != 0 {
			key = c.afterAll(mine[0])
		}
		for j, p := range mine {
			switch {
			case l.Merge.SplitPage == 0:
				p.none = j > 0
			case j > 0:
				p.low, p.start = key, l.Merge.Inputs[j-1]
				p.none = key != nil && key.kind&base.System != 0 || p.start.Page == 0
			case known:
				p.high = key
			}
		}
	}
}

// afterAll returns the least key after all those of the output of a half-done merge, nil if it has none: where the
// split key is lost, that is not greater.
func (c *chains) afterAll(p *part) *topKey {
	r := newRun(p.sheet, nil)
	for r.next() {
	}
	if !r.any {
		return nil
	}
	return &topKey{kind: r.kind, key: append(append([]byte(nil), r.before...), 0)}
}

// split reads the split key from the cell that the checkpoint names, or the smallest of those at which the inputs
// go on.
func (c *chains) split(l *format.Level, mine []*part, older *part) (*topKey, bool) {
	m := &l.Merge
	for j, p := range mine[1:] {
		if m.Inputs[j].Page == m.SplitPage {
			if key := c.leafKey(p.chain, m.SplitPage, m.SplitCell); key != nil {
				return key, true
			}
		}
	}
	if m.BTree && older != nil {
		if key := c.btreeKey(older.chain, m.SplitPage, m.SplitCell); key != nil {
			return key, true
		}
	}
	return nil, false
}

// leafKey returns the key of a cell, nil if it cannot be read.
func (c *chains) leafKey(ch *chain, p base.PageNo, cell int) *topKey {
	s := *ch.sheet
	for i := range s.pieces {
		at := &s.pieces[i]
		if p < at.first || p > at.last {
			continue
		}
		r := newRun(&s, nil)
		r.w.i, r.w.at = i, p
		r.rest = -1
		r.readLeaf()
		if len(r.queue) == 0 || r.queue[0].no != p || cell < 0 || cell >= r.queue[0].until || !r.load(r.queue[0], cell) {
			return nil
		}
		return &topKey{kind: r.rec.kind, key: append([]byte(nil), r.rec.key...)}
	}
	return nil
}

// btreeKey returns the key of a cell of a b-tree page, nil if it cannot be read.
func (c *chains) btreeKey(ch *chain, p base.PageNo, cell int) *topKey {
	s := sheet{in: c.in, id: ch.sheet.id, pieces: []piece{{first: p, last: c.in.geo.LastPage(c.in.geo.Block(p))}}}
	w := walker{s: &s}
	at, ok := w.next(make([]byte, c.in.geo.PageSize))
	if !ok || at.page == nil || !at.page.IsBTree() || cell < 0 || cell >= at.page.NumCells() {
		return nil
	}
	k := at.page.BTreeCell(cell)
	if k.Ref != 0 {
		return c.leafKey(ch, s.id.mappedPage(c.in.geo, k.Ref), 0)
	}
	return &topKey{kind: k.Kind, key: append([]byte(nil), k.Key...)}
}

// root returns the root of a segment's b-tree, 0 if it has none or its place is not known. Where C lsm1 has taken it
// from the checkpoint, it is the last page.
func (p *part) root() base.PageNo {
	if p.seg.Root != 0 || p.sheet.in.packed() {
		return p.seg.Root
	}
	return p.seg.Last
}

// source makes a part a source of the merge.
func (p *part) source() *source {
	p.found.Summed = p.sheet.id.summed()
	r := newRun(p.sheet, p.found)
	if root := p.root(); !p.found.Summed && root != 0 {
		r.spine = newSpine(p.sheet, root)
	}
	r.startAt(p.start)
	s := &source{reader: r, found: p.found, dead: p.sheet.id.doubt, doubt: p.sheet.id.doubt}
	if p.low != nil {
		r.low, s.low = p.low, p.low.key
	}
	if p.high != nil && p.high.kind&base.System == 0 {
		s.high = p.high.key
	}
	return s
}
