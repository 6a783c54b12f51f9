// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"container/heap"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// source is a sorted list of records, some of which may be missing.
type source struct {
	reader
	found *Source
	age   int // position in the merge, 0 is the newest
	rec   *record
	// missing says that records may be missing between the record before and rec, or the end.
	missing bool
	done    bool
	dead    bool // its rows may have been deleted long ago
	doubt   bool // records may be missing everywhere
	// low and high are the user keys from which on and up to which the source counts, if it is one of a half-done
	// merge. Without them it counts everywhere.
	low, high []byte
	before    []byte // the key before
	// last is the kind of its newest record: a range that it begins may reach up to high.
	last base.Kind
}

// counts reports whether the source has to do with a key.
func (s *source) counts(key []byte) bool {
	return (s.low == nil || base.Compare(key, s.low) >= 0) && (s.high == nil || base.Compare(key, s.high) < 0)
}

// deletes reports whether the source deletes the keys before its record with a range.
func (s *source) deletes() bool {
	if s.missing {
		return false
	}
	if s.rec == nil {
		return s.high != nil && s.last&base.StartDelete != 0
	}
	return s.rec.kind&base.EndDelete != 0
}

// reader is what a source reads from: a run of pages, or a tree.
type reader interface {
	next() bool
	current() (rec *record, missing bool)
	// value hands out the value of the current record.
	value(emit func([]byte) error) error
}

func (r *run) current() (*record, bool) { return &r.rec, r.missing }

// merger merges sources as lsm1 does, newest first, and notices which rows an older source decides where a newer
// one has lost something.
type merger struct {
	in      []*source
	heap    sources
	watched []*source // before whose record, or after whose end, something may be missing or is deleted
	report  *Report
	out     *source // which decides the current row
	// disagree says that another source has the current key, too, with something else.
	disagree bool
	stale    *source // the newest source that may have known better, nil if there is none
	err      error
	check    func() error
}

func (m *merger) start() {
	for i, s := range m.in {
		s.age = i
		m.move(s)
	}
	heap.Init(&m.heap)
}

// move moves a source to its next record, and notes what is known of the stretch of keys before that. It does not
// put the source into the heap's order.
func (m *merger) move(s *source) {
	had := s.rec != nil
	if had {
		s.before = append(s.before[:0], s.rec.key...)
	}
	ok := s.next()
	s.rec, s.missing = s.current()
	s.missing = s.missing || s.doubt
	if !ok {
		s.done, s.rec = true, nil
	}
	if i := slices.Index(m.watched, s); i >= 0 {
		m.watched = slices.Delete(m.watched, i, i+1)
	}
	if s.rec != nil {
		s.last = s.rec.kind
	}
	if s.missing || s.deletes() {
		m.watched = append(m.watched, s)
	}
	if s.missing {
		m.lost(s, had)
	}
	if s.rec != nil && !had {
		m.heap = append(m.heap, s)
	}
}

// lost reports the stretch of keys before a source's record, or after its end, as one in which records are missing.
func (m *merger) lost(s *source, any bool) {
	g := Gap{Source: s.found.Name}
	if any {
		g.After = &s.before
	}
	if s.rec != nil {
		g.Before = &s.rec.key
	}
	m.report.Lost.add(g)
}

// next moves to the next row and reports false at the end.
func (m *merger) next() bool {
	for len(m.heap) > 0 && m.err == nil {
		if m.err = m.check(); m.err != nil {
			return false
		}
		m.advance()
		if len(m.heap) == 0 {
			return false
		}
		if m.decide() {
			return true
		}
	}
	return false
}

// advance moves all sources that stand on the key that was decided.
func (m *merger) advance() {
	if m.out == nil {
		return
	}
	key := append([]byte(nil), m.out.rec.key...)
	m.out = nil
	for len(m.heap) > 0 && base.Compare(m.heap[0].rec.key, key) == 0 {
		s := m.heap[0]
		m.move(s)
		if s.done {
			heap.Pop(&m.heap)
		} else {
			heap.Fix(&m.heap, 0)
		}
	}
}

// decide finds out whether there is a row with the smallest key, from which source, and whether it may be stale.
// m.out is set to a source with that key in any case.
func (m *merger) decide() bool {
	key := m.heap[0].rec.key
	m.out = m.heap[0]
	var winner *source
	m.disagree = false
	for _, s := range m.at(key) {
		switch {
		case !s.rec.kind.Supplies():
		case winner == nil:
			winner = s
		default:
			m.disagree = m.disagree || !alike(winner.rec, s.rec)
		}
	}
	if winner == nil {
		return false
	}
	m.stale = nil
	for _, s := range m.watched {
		if s.age >= winner.age || !s.counts(key) || s.rec != nil && base.Compare(s.rec.key, key) == 0 {
			continue
		}
		switch {
		case s.deletes():
			return false
		case s.missing && (m.stale == nil || s.age < m.stale.age):
			m.stale = s
		}
	}
	m.out = winner
	return winner.rec.kind&base.Insert != 0
}

// alike reports whether two records say the same of a key. Long values of one length look alike.
func alike(a, b *record) bool {
	const what = base.Insert | base.PointDelete
	return a.kind&what == b.kind&what && a.valLen == b.valLen && (!a.whole || !b.whole || string(a.value) == string(b.value))
}

// at returns the sources that stand on a key, newest first.
func (m *merger) at(key []byte) []*source {
	var same []*source
	var walk func(i int)
	walk = func(i int) {
		if i >= len(m.heap) || base.Compare(m.heap[i].rec.key, key) != 0 {
			return
		}
		same = append(same, m.heap[i])
		walk(2*i + 1)
		walk(2*i + 2)
	}
	walk(0)
	slices.SortFunc(same, func(a, b *source) int { return a.age - b.age })
	return same
}

// sources is a heap by key, then age.
type sources []*source

func (h sources) Len() int { return len(h) }
func (h sources) Less(i, j int) bool {
	if d := base.Compare(h[i].rec.key, h[j].rec.key); d != 0 {
		return d < 0
	}
	return h[i].age < h[j].age
}
func (h sources) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *sources) Push(x any)   { *h = append(*h, x.(*source)) }
func (h *sources) Pop() any {
	old := *h
	s := old[len(old)-1]
	*h = old[:len(old)-1]
	return s
}
