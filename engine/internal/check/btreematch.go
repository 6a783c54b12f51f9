// SPDX-License-Identifier: Apache-2.0

package check

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// btreeMatch compares the b-tree of a segment, key by key, with the leaf pages that have
// to be found through it.
type btreeMatch struct {
	on      bool
	walk    btreeWalk
	from    base.PageNo // leaf page at which the comparison begins, 0 once it has
	key     btreeKey    // the next key
	has     bool
	partial bool // begins in the middle
}

// start positions the comparison at the segment's first leaf page, or, for the input of
// a half-done merge, at the page on which what is not merged yet begins: what lies to
// the left of it may be gone.
func (m *btreeMatch) start(k *segmentCheck) {
	s := k.s
	if s.Root == 0 || !s.whole {
		return
	}
	if !k.owns(s, s.Root) {
		k.report(s, s.Root, "the root of the b-tree is not one of the segment's pages")
		return
	}
	m.walk = btreeWalk{c: k.checker, s: s, firsts: make(map[base.PageNo]struct{})}
	for _, u := range s.chain {
		m.walk.limit += int64(u.to - u.from + 1)
	}
	var topic base.Kind
	var key []byte
	if s.input >= 0 {
		merging := s.lv.Merging
		if merging.NoSplit || merging.State.Inputs[s.input].Page == 0 {
			return
		}
		m.partial, topic, key = true, merging.SplitKind, merging.Split
	}
	leaf := m.walk.start(m.partial, topic, key)
	if leaf == 0 || k.stopped() {
		return
	}
	m.on = true
	if m.partial {
		if leaf != s.First {
			m.from = leaf
		}
	} else if leaf != s.First {
		k.report(s, m.walk.stack[len(m.walk.stack)-1].no,
			"the left-most leaf page of the b-tree is page %d; the segment begins with page %d", leaf, s.First)
	}
	m.advance()
}

func (m *btreeMatch) advance() { m.key, m.has = m.walk.next() }

// target takes the next leaf page that has to be found, with its first key.
func (m *btreeMatch) target(k *segmentCheck, p base.PageNo, kind base.Kind, key []byte) {
	if !m.on {
		return
	}
	if m.from != 0 {
		if p == m.from {
			m.from = 0
			if merging := k.s.lv.Merging; base.CompareTopic(kind, key, merging.SplitKind, merging.Split) > 0 {
				k.report(k.s, p, "the b-tree leads to the page for the next key to be merged, %q, but it begins with %q",
					clipKey(merging.Split), clipKey(key))
			}
		}
		return
	}
	for m.has {
		at := m.key
		if at.right == p {
			if at.Ref != 0 {
				if ref := k.s.Space.Map(at.Ref); ref != p {
					k.report(k.s, at.no, "cell %d leads to page %d, but takes its key from page %d", at.cell, p, ref)
				}
			} else if base.CompareTopic(at.Kind, at.Key, kind, key) != 0 {
				k.report(k.s, at.no, "cell %d has the key %q, but page %d, to which it leads, begins with %q",
					at.cell, clipKey(at.Key), p, clipKey(key))
			}
			m.advance()
			return
		}
		atKind, atKey, ok := m.walk.key(at.no, at.cell, at.BTreeCell)
		d := -1
		if ok {
			d = base.CompareTopic(atKind, atKey, kind, key)
		}
		if d > 0 {
			if !at.lost {
				k.report(k.s, p, "no key of the b-tree leads to the page, which begins with %q", clipKey(key))
			}
			return
		}
		if _, broken := k.bad[at.right]; ok && !broken {
			k.report(k.s, at.no, "cell %d leads to page %d, which does not begin with its key %q",
				at.cell, at.right, clipKey(atKey))
		}
		m.advance()
		if d == 0 {
			return
		}
	}
	if !m.walk.lost {
		k.report(k.s, p, "no key of the b-tree leads to the page, which begins with %q", clipKey(key))
	}
}

// finish reports what is left of the b-tree after the last leaf page.
func (m *btreeMatch) finish(k *segmentCheck) {
	if !m.on {
		return
	}
	if m.from != 0 {
		if _, broken := k.bad[m.from]; !broken {
			k.report(k.s, m.from, "the b-tree leads to the page for the next key to be merged, but no record starts there")
		}
		return
	}
	for ; m.has && !k.stopped(); m.advance() {
		if _, broken := k.bad[m.key.right]; !broken {
			k.report(k.s, m.key.no, "cell %d leads to page %d, which no record starts on", m.key.cell, m.key.right)
		}
	}
	if k.s.Space.Sealed && !m.partial && len(k.bad) == 0 && !k.stopped() {
		m.outdated(k)
	}
}

// outdated checks the b-tree pages that the b-tree does not lead to. Where a segment was
// published before it was complete, the right edge of its b-tree was written again afterwards: the
// page that took the place of an outdated one begins with the same cell. C lsm1 leaves
// others.
func (m *btreeMatch) outdated(k *segmentCheck) {
	if n := int64(len(k.run.btree)); n < m.walk.pages-1 {
		k.report(k.s, k.s.Root, "the b-tree has %d pages, but the segment has %d b-tree pages", m.walk.pages-1, n)
	}
	for _, seen := range k.run.btree {
		if _, ok := m.walk.firsts[seen.child]; !ok && seen.child != 0 {
			k.report(k.s, seen.no, "the page is not in the b-tree, nor was it ever")
		}
	}
}
