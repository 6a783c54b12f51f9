// SPDX-License-Identifier: Apache-2.0

package segment

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// maxVisits is how many pages a search in a damaged b-tree looks at.
const maxVisits = 10_000

// sought is a leaf page that a search in a damaged b-tree looks for: the last one with a first key that is less than
// the key, or not greater with orEqual; or, with after, the first one with a greater first key.
type sought struct {
	topic          base.Kind
	key            []byte
	orEqual, after bool
}

// toBefore stands before the first record of the last leaf page that the b-tree leads to and that begins with a key not
// greater than key, or else before the first record.
func (a *Around) toBefore(topic base.Kind, key []byte) {
	a.it.err = nil
	a.it.steps, a.it.jumps, a.it.scanning = 0, 0, false
	if a.search(sought{topic: topic, key: key, orEqual: true}) {
		a.it.cell, a.tried = -1, 0
		return
	}
	a.toFront()
}

// treeAfter moves to the first leaf page that the b-tree leads to after the record that was left.
func (a *Around) treeAfter() bool {
	return a.search(sought{topic: a.kind & base.System, key: a.key, after: true})
}

// treeBefore moves to the last leaf page that the b-tree leads to before that record.
func (a *Around) treeBefore() bool {
	return a.search(sought{topic: a.kind & base.System, key: a.key})
}

func (a *Around) search(s sought) bool {
	if a.it.seg.Root == 0 {
		return false
	}
	if s.after && !a.has {
		s.key = nil
	}
	a.visits, a.skip = maxVisits, a.tried
	if !a.find(a.it.seg.Root, s, maxDepth) {
		return false
	}
	a.tried++
	return true
}

// find looks for a leaf page at and below page p, and makes it current.
func (a *Around) find(p base.PageNo, s sought, depth int) bool {
	it := &a.it
	if a.visits--; a.visits < 0 || depth == 0 {
		return false
	}
	fr, err := it.seg.Space.Hold(p)
	if err != nil {
		return false
	}
	defer fr.Release()
	page := fr.Page()
	if !a.fit(p) {
		return false
	}
	if !page.IsBTree() {
		if page.NumCells() == 0 || !it.setPage(p) {
			it.err = nil
			return false
		}
		d := it.compareCell(p, it.page, 0, s.topic, s.key)
		bad := it.err != nil
		it.err = nil
		if bad || !(s.after && (d > 0 || !a.has) || !s.after && (d < 0 || d == 0 && s.orEqual)) {
			return false
		}
		a.skip--
		return a.skip < 0
	}
	n := page.NumCells()
	i := it.childOf(pageOf, p, page, s.topic, s.key)
	failed := it.err != nil
	it.err = nil
	if s.after {
		if failed || !a.has {
			i = 0
		}
		for ; i <= n; i++ {
			if a.find(it.seg.child(page, i), s, depth-1) {
				return true
			}
		}
		return false
	}
	if failed {
		i = n
	}
	for ; i >= 0; i-- {
		if a.find(it.seg.child(page, i), s, depth-1) {
			return true
		}
	}
	return false
}
