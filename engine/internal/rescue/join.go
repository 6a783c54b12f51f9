// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// group is stretches that are one segment, in the order of its pages.
type group struct {
	list []*stretch
	// dead says that what it holds is in another one, too, so that it was probably merged long ago.
	dead bool
	// output says that it was probably merged from others that are still there.
	output bool
}

// join puts stretches together to segments.
func (s *scanner) join() []*group {
	first, last := make(map[base.BlockNo]*stretch), make(map[base.BlockNo]*stretch)
	for _, t := range s.list {
		b := s.in.geo.Block(t.first)
		if first[b] == nil {
			first[b] = t
		}
		last[b] = t
	}
	next := make(map[*stretch]*stretch)
	link := func(a, b *stretch) {
		if a == nil || b == nil || a == b || next[a] != nil || b.joined || !fitTogether(a, b, s.in.packed()) {
			return
		}
		next[a], b.joined = b, true
	}
	for _, both := range []bool{true, false} { // links that agree come first
		for _, a := range s.list {
			b := s.in.geo.Block(a.first)
			if last[b] == a && first[a.after] != nil && (!both || first[a.after].prev == b) {
				link(a, first[a.after])
			}
			if first[b] == a && last[a.prev] != nil && (!both || last[a.prev].after == b) {
				link(last[a.prev], a)
			}
		}
	}
	var groups []*group
	for _, t := range s.list {
		if t.joined {
			continue
		}
		g := &group{}
		for ; t != nil; t = next[t] {
			g.list = append(g.list, t)
		}
		groups = append(groups, g)
	}
	return s.bySeal(groups)
}

// fitTogether reports whether b can follow a in a segment. In a compressed file the page between them, which lies in
// both blocks, has not been read.
func fitTogether(a, b *stretch, packed bool) bool {
	if a.sums != b.sums || a.seal != b.seal {
		return false
	}
	if a.high != nil && b.low != nil && !a.high.before(*b.low) {
		return false
	}
	return packed || a.rest < 0 || b.front < 0 || a.rest == b.front
}

// bySeal puts groups of one seal together whose keys do not overlap: between them blocks are lost.
func (s *scanner) bySeal(groups []*group) (out []*group) {
	last := make(map[[2]int]*group)
	slices.SortStableFunc(groups, func(a, b *group) int {
		x, y := a.low(), b.low()
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return 1
		case y == nil:
			return -1
		case x.before(*y) && !y.before(*x):
			return -1
		case y.before(*x) && !x.before(*y):
			return 1
		}
		return 0
	})
	for _, g := range groups {
		id := [2]int{int(g.list[0].sums), int(g.list[0].seal)}
		before := last[id]
		if g.list[0].sums == sealSums && before != nil && s.seals[g.list[0].seal] > 1 {
			if high, low := before.high(), g.low(); low == nil || high == nil || high.before(*low) {
				before.list = append(before.list, g.list...)
				continue
			}
		}
		out, last[id] = append(out, g), g
	}
	return out
}

func (g *group) low() *topKey {
	for _, t := range g.list {
		if t.low != nil {
			return t.low
		}
	}
	return nil
}

func (g *group) high() *topKey {
	for i := len(g.list) - 1; i >= 0; i-- {
		if g.list[i].high != nil {
			return g.list[i].high
		}
	}
	return nil
}

// pages returns how many pages a group has.
func (g *group) pages() (n int) {
	for _, t := range g.list {
		n += t.pages
	}
	return n
}

// sheet makes a group readable.
func (g *group) sheet(in *input) *sheet {
	t := g.list[0]
	s := &sheet{in: in, id: identity{sums: t.sums, seal: t.seal}}
	for i, t := range g.list {
		p := t.piece
		b := in.geo.Block(p.first)
		if i > 0 {
			before := g.list[i-1]
			p.joined = before.after == b || t.prev == in.geo.Block(before.first)
		}
		if p.joined {
			p.first = in.geo.FirstPage(b)
			s.pieces[i-1].last = in.geo.LastPage(in.geo.Block(s.pieces[i-1].first))
		}
		s.pieces = append(s.pieces, p)
	}
	return s
}

// whole reports whether a group begins and ends as a segment does. What is left of one that was given up long ago often
// does not.
func (g *group) whole() bool {
	first, last := g.list[0], g.list[len(g.list)-1]
	leaves := 0
	for _, t := range g.list {
		leaves += t.leaves
	}
	return first.front == 0 && (last.rooted || leaves == 1)
}

// freed returns the newest snapshot that the group's free-list records name, 0 if it has none.
func (g *group) freed() (id base.SnapshotID) {
	for _, t := range g.list {
		id = max(id, t.freed)
	}
	return id
}
