// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"cmp"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// toFront stands before the first record.
func (a *Around) toFront() {
	it := &a.it
	it.steps, it.jumps, it.scanning = 0, 0, false
	first := it.seg.First
	if a.set(first) {
		if it.page.IsBTree() {
			it.cells = 0
		}
		a.checkFirst(first, it.page)
		it.cell = -1
		return
	}
	if !a.walkOn(first, false, tail{left: -1}) {
		a.nowhere()
	}
	it.cell = -1
}

// checkFirst notes that no record begins where the first one must.
func (a *Around) checkFirst(no base.PageNo, first format.Page) {
	if a.it.seg.rest == nil && !beginsSegment(first) {
		a.note(no, a.it.corrupt(no, "no record begins at the front of the first page of the segment"))
	}
}

// atFront ends a walk backward that has come to the first page.
func (a *Around) atFront() bool {
	s := a.it.seg
	if s.rest != nil {
		return false
	}
	fr, err := s.Space.Hold(s.First)
	if err != nil {
		a.note(s.First, err)
		return false
	}
	a.checkFirst(s.First, fr.Page())
	fr.Release()
	return false
}

// fit reports whether a page can be what it must be, as far as it is known.
func (a *Around) fit(p base.PageNo) bool { return !slices.Contains(a.it.seg.unfit, p) }

// set makes a page current, or notes that it cannot be read.
func (a *Around) set(p base.PageNo) bool {
	if !a.fit(p) {
		a.note(p, a.it.corrupt(p, "the page is none that could be there"))
		return false
	}
	if !a.it.setPage(p) {
		a.note(p, a.it.err)
		return false
	}
	return true
}

// nowhere stands after the last record.
func (a *Around) nowhere() {
	it := &a.it
	it.held.Release()
	it.spot, it.cell, it.end = spot{no: it.seg.LastPage}, 0, 0
}

// nextLeaf moves to the next leaf page on which a record begins. At the end it returns false.
func (a *Around) nextLeaf() bool {
	it := &a.it
	p := it.no
	if it.page == nil {
		return false // after the last record
	}
	if it.forward() && a.fit(it.no) {
		return true
	}
	if it.err == nil && it.no == p {
		return false
	}
	it.err = nil
	t := tail{left: -1}
	readable := a.set(p)
	if readable && !it.page.IsBTree() {
		t = it.tail()
	}
	if a.walkOn(p, readable, t) {
		return true
	}
	a.nowhere()
	return false
}

// walkOn moves to the next leaf page after page p on which a record begins, over pages that cannot be read. readable
// says that p can, and t is the rest of its last record.
func (a *Around) walkOn(p base.PageNo, readable bool, t tail) bool {
	it := &a.it
	space := it.seg.Space
	for !a.ends(p) {
		n, err := a.step(p, readable, forward)
		if err != nil {
			a.note(p, err)
			return a.treeAfter()
		}
		p = n
		fr, err := space.Hold(p)
		if readable = err == nil && a.fit(p); !readable {
			fr.Release()
			if p != it.seg.Root || it.seg.RootDropped { // of the root it is known that no record is there
				a.note(p, cmp.Or(err, it.corrupt(p, "the page is none that could be there")))
				t.left = -1
			}
			continue
		}
		page := fr.Page()
		fits := page.IsBTree()
		if !fits {
			if wrong := t.over(page); wrong != "" {
				a.note(p, it.corrupt(p, "%s", wrong))
				t.left = -1
			}
			fits = page.NumCells() == 0
		}
		fr.Release()
		if !fits && a.take(p) {
			if !it.known(t.room, p, it.page) {
				a.note(p, it.err)
			}
			return true
		}
	}
	if t.left > 0 {
		a.note(p, it.corrupt(p, "a record runs beyond the end of its segment"))
	}
	return false
}

// ends reports whether page p is the last one of the segment.
func (a *Around) ends(p base.PageNo) bool {
	s := a.it.seg
	geo := s.Space.Geometry()
	return p == s.LastPage || s.LastPage == noPage && geo.Block(p) == geo.Block(s.Last) && p >= s.Last
}

// take makes a leaf page current, unless its first key does not come after that of the record that was left.
func (a *Around) take(p base.PageNo) bool {
	it := &a.it
	if !a.set(p) {
		return false
	}
	if !a.has {
		return true
	}
	d := it.compareCell(p, it.page, 0, a.kind&base.System, a.key)
	if it.err != nil { // the key cannot be read: ahead finds the next one
		a.note(p, it.err)
		return true
	}
	if d <= 0 {
		a.note(p, it.disorder())
	}
	return d > 0
}

// direction is that of a walk.
type direction bool

const (
	forward  direction = false
	backward direction = true
)

// step returns the page after page p, or before it. What a page says of where others are that cannot be read is only
// believed if the other one agrees.
func (a *Around) step(p base.PageNo, readable bool, to direction) (base.PageNo, error) {
	s := a.it.seg
	geo := s.Space.Geometry()
	next, prev := s.Space.NextPage, s.Space.PrevPage
	if to == backward {
		next, prev = prev, next
	}
	n, err := next(p)
	if err != nil {
		return 0, err
	}
	if geo.Block(n) != geo.Block(p) || (n > p) != (to == forward) {
		if a.jumps++; a.jumps > int64(s.Space.Blocks()) {
			return 0, s.corrupt(p, "the segment's pages run in a circle")
		}
	}
	if readable {
		return n, nil
	}
	if back, err := prev(n); err != nil || back != p {
		return 0, s.corrupt(p, "where the segment goes on after the page cannot be known")
	}
	return n, nil
}

// prevLeaf moves to the leaf page before on which a record begins.
func (a *Around) prevLeaf() bool {
	it := &a.it
	p := it.no
	if it.backward() && a.fit(it.no) {
		return true
	}
	if it.err == nil && it.no == p {
		return a.atFront()
	}
	it.err = nil
	var r rest
	readable := a.set(p)
	if readable {
		r = it.tailBefore()
	}
	return a.walkBack(p, readable, r)
}

// walkBack is walkOn in the other direction.
func (a *Around) walkBack(p base.PageNo, readable bool, r rest) bool {
	it := &a.it
	for p != it.seg.First {
		n, err := a.step(p, readable, backward)
		if err != nil {
			a.note(p, err)
			return a.treeBefore()
		}
		if left, err := it.seg.left(n); err == nil && !left {
			return false // merged and gone
		}
		p = n
		before := a.gap
		if readable = a.set(p); !readable {
			if p == it.seg.Root && !it.seg.RootDropped {
				a.gap = before // of the root it is known that no record is there
			} else {
				r.known = false
			}
			continue
		}
		switch {
		case it.page.IsBTree():
		case it.cells == 0:
			r.before(it.page)
		default:
			if wrong := r.from(it.tail()); wrong != "" {
				a.note(p, it.corrupt(p, "%s", wrong))
			}
			d := it.compareCell(p, it.page, 0, a.kind&base.System, a.key)
			if it.err != nil || d < 0 {
				if it.err != nil {
					a.note(p, it.err)
				}
				return true
			}
			a.note(p, it.disorder())
			r.known = false
		}
	}
	return a.atFront()
}
