// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// ordering finds out which of the segments that a scan has found are newer. What shows it, strongest first:
//
//  1. FC pointers lead from a newer segment of C lsm1 to an older one.
//  2. A segment that holds most keys of another one, some of them with the same values, was merged from it.
//  3. Segments that were flushed later name newer snapshots in their free-list records.
//  4. A part of a segment is what others have left of it, so it is older than whole ones.
//  5. Much smaller segments are newer, and smaller ones than what a merge has made; of others those further back.
type ordering struct {
	in *input
	// known is an older checkpoint, nil if there is none: it shows the order of the segments that it lists.
	known  *format.Checkpoint
	groups []*group
	pairs  map[[2]int]*pair
}

// pair is what two groups have in common: how many keys, and how many of these with the same value. within is how many
// keys each has in the range of the other.
type pair struct {
	common, equal int
	within        [2]int
}

// maxCompared is how many groups are compared key by key. A file has more of them only if it is in many small parts.
const maxCompared = 64

// compare reads all groups side by side and counts what each two have in common.
func (o *ordering) compare() error {
	o.pairs = make(map[[2]int]*pair)
	if len(o.groups) > maxCompared {
		return nil
	}
	m := merger{report: &Report{}, check: func() error { return o.in.err }}
	for _, g := range o.groups {
		s := &source{reader: newRun(g.sheet(o.in), nil), found: &Source{}}
		m.in = append(m.in, s)
	}
	m.start()
	seed := maphash.MakeSeed()
	type content struct {
		kind base.Kind
		len  int
		sum  uint64
	}
	var known []content
	for len(m.heap) > 0 {
		if err := m.check(); err != nil {
			return err
		}
		same := m.at(m.heap[0].rec.key)
		known = known[:0]
		for _, s := range same {
			o.within(s)
			c := content{kind: s.rec.kind & (base.Insert | base.PointDelete), len: s.rec.valLen}
			if s.rec.whole && len(same) > 1 {
				c.sum = maphash.Bytes(seed, s.rec.value)
			}
			known = append(known, c)
		}
		for i := range same {
			for j := i + 1; j < len(same); j++ {
				p := o.pair(same[i].age, same[j].age)
				p.common++
				if known[i] == known[j] {
					p.equal++
				}
			}
		}
		m.out = m.heap[0]
		m.advance()
	}
	return nil
}

func (o *ordering) pair(i, j int) *pair {
	id := [2]int{min(i, j), max(i, j)}
	if o.pairs[id] == nil {
		o.pairs[id] = &pair{}
	}
	return o.pairs[id]
}

// within counts the key of a source for all groups in whose range it is.
func (o *ordering) within(s *source) {
	at := topKey{kind: s.rec.kind, key: s.rec.key}
	for j, g := range o.groups {
		low, high := g.low(), g.high()
		if j == s.age || low == nil || at.before(*low) && !low.before(at) || high.before(at) && !at.before(*high) {
			continue
		}
		side := 0
		if s.age > j {
			side = 1
		}
		o.pair(s.age, j).within[side]++
	}
}

// merged reports whether group i was probably merged from group j, among others.
func (o *ordering) merged(i, j int) bool {
	p := o.pairs[[2]int{min(i, j), max(i, j)}]
	if p == nil || p.equal < 3 || 20*p.equal < p.common {
		return false
	}
	mine, other := p.within[0], p.within[1]
	if i > j {
		mine, other = other, mine
	}
	return 2*p.common >= other && other < mine
}

// newer reports what is known of the order of two groups by other means than likelihood.
func (o *ordering) newer(i, j int) bool {
	a, b := o.groups[i], o.groups[j]
	if x, y := o.level(a), o.level(b); x >= 0 && y >= 0 && x != y {
		return x < y
	}
	if x, y := leads(a, b, o.in), leads(b, a, o.in); x != y {
		return x
	}
	switch x, y := o.merged(i, j), o.merged(j, i); {
	case x && !y:
		return true
	case y:
		return false
	}
	return a.freed() > 0 && b.freed() > 0 && a.freed() > b.freed()
}

// level returns the place of a group among the segments of the checkpoint that is known, -1 if it has none.
func (o *ordering) level(g *group) int {
	if o.known == nil {
		return -1
	}
	n := 0
	for _, l := range o.known.Levels {
		for _, seg := range append([]format.Segment{l.LHS}, l.RHS...) {
			if t := g.list[0]; seg.First >= t.first && seg.First <= t.last {
				return n
			}
			n++
		}
	}
	return -1
}

// leads reports whether FC pointers of a lead into b.
func leads(a, b *group, in *input) bool {
	for _, t := range a.list {
		for _, u := range b.list {
			if t.leads != 0 && t.leads >= u.first && t.leads <= u.last {
				return true
			}
		}
	}
	return false
}

// likely compares groups by what is only likely: less than 0 if a is newer.
func likely(a, b *group) int {
	if x, y := a.whole(), b.whole(); x != y {
		if x {
			return -1
		}
		return 1
	}
	if x, y := a.pages(), b.pages(); x > 2*y || y > 2*x || a.output != b.output {
		return x - y
	}
	return cmp.Compare(b.list[0].first, a.list[0].first)
}

// sorted returns the groups, newest first: of those that no other is known to be newer than, the likeliest.
func (o *ordering) sorted() ([]*group, error) {
	n := len(o.groups)
	before := make([]int, n) // how many are known to be newer
	after := make([][]int, n)
	for i := range n {
		if err := o.in.ctx.Err(); err != nil {
			return nil, err
		}
		for j := range n {
			if i != j && o.newer(i, j) {
				before[j]++
				after[i] = append(after[i], j)
			}
			if i != j && o.merged(i, j) {
				o.groups[i].output, o.groups[j].dead = true, true
			}
		}
	}
	var out []*group
	left := make([]int, n)
	for i := range left {
		left[i] = i
	}
	for len(left) > 0 {
		if err := o.in.ctx.Err(); err != nil {
			return nil, err
		}
		best := 0
		for k := 1; k < len(left); k++ {
			a, b := left[k], left[best]
			if before[a] == 0 && before[b] > 0 || (before[a] == 0) == (before[b] == 0) && likely(o.groups[a], o.groups[b]) < 0 {
				best = k
			}
		}
		i := left[best]
		left = slices.Delete(left, best, best+1)
		for _, j := range after[i] {
			before[j]--
		}
		out = append(out, o.groups[i])
	}
	return out, nil
}
