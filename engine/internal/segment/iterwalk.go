// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// forward moves to the next leaf page on which a cell starts. It returns false at the
// end of the segment, leaving the current page as it is, and on error.
func (it *Iter) forward() bool {
	from := it.leave()
	return it.arrive(it.walkForward(), from)
}

// forwardOrStay is forward for a caller that goes on with the current page at the end of the segment: a pass from
// front to back has used its memory again, so the page is read again.
func (it *Iter) forwardOrStay() bool {
	no := it.no
	if it.forward() {
		return true
	}
	if it.seq != nil && it.err == nil {
		it.setPage(no)
	}
	return false
}

// arrive ends a walk from a spot that was left, and reports whether it has come to another one.
func (it *Iter) arrive(w walk, from spot) bool {
	if w == atEnd {
		it.goBack(from)
		return false
	}
	from.held.Release()
	return w == arrived
}

// walk is how a walk to a page with cells ends.
type walk uint8

const (
	failed  walk = iota
	arrived      // on such a page
	atEnd        // there is none any more; the iterator may stand on any page
)

// walked says how a walk ends that has come to a page, or fails if ok is false.
func walked(ok bool) walk {
	if ok {
		return arrived
	}
	return failed
}

// walkForward is forward without the end.
func (it *Iter) walkForward() walk {
	p, t, err := it.afterTail()
	switch {
	case err != nil:
		return walked(it.fail(err))
	case p == noPage:
		return atEnd
	case p != 0:
		if !it.counted(p, true) || !it.setPage(p) {
			return failed
		}
		if it.cells > 0 && !it.page.IsBTree() {
			return arrived
		}
	}
	for it.no != it.seg.LastPage {
		p, err := it.nextPage(it.no)
		if err != nil {
			return walked(it.fail(err))
		}
		it.scanning = it.steps > scanSteps
		if !it.counted(p, true) || !it.setPage(p) {
			return failed
		}
		if it.page.IsBTree() {
			continue
		}
		if err := t.over(it.page); err != "" {
			return walked(it.fail(it.corrupt(p, "%s", err)))
		}
		if it.cells > 0 {
			return walked(it.known(t.room, it.no, it.page))
		}
	}
	if t.left > 0 {
		return walked(it.fail(it.corrupt(it.no, "a record runs beyond the end of its segment")))
	}
	if !it.known(t.room, it.no, it.page) {
		return failed
	}
	return atEnd
}

// backward is forward in the other direction.
func (it *Iter) backward() bool {
	from := it.leave()
	return it.arrive(it.walkBackward(from), from)
}

// walkBackward is for backward what walkForward is for forward.
func (it *Iter) walkBackward(from spot) walk {
	it.scanning = false
	rest := it.tailBefore()
	for n := 0; it.no != it.seg.First; n++ {
		if n == skipPages {
			p, ok, err := it.neighbour(from.page, from.no, from.cells, false)
			switch {
			case err != nil:
				return walked(it.fail(err))
			case ok && p == noPage:
				return atEnd
			case ok:
				return walked(it.counted(p, false) && it.setPage(p))
			}
		}
		p, err := it.seg.Space.PrevPage(it.no)
		if err != nil {
			return walked(it.fail(err))
		}
		if !it.counted(p, false) || !it.setPage(p) {
			return failed
		}
		if it.page.IsBTree() {
			continue
		}
		if it.cells > 0 {
			t := it.tail()
			if err := rest.from(t); err != "" {
				return walked(it.fail(it.corrupt(p, "%s", err)))
			}
			return walked(it.known(rest.room(t), from.no, from.page))
		}
		rest.before(it.page)
	}
	return atEnd
}

// load reads the current cell. It reports false if the cell is a bare separator, which
// the caller steps over, or on error.
func (it *Iter) load() bool {
	c := it.page.LeafCell(it.cell)
	it.kind, it.bodyOff, it.keyLen, it.valLen, it.end = c.Kind, c.Body, c.KeyLen, c.ValLen, 0
	if c.Kind&(base.RangeBits|base.Insert|base.PointDelete) == 0 {
		return false
	}
	if it.apart = c.Body+c.KeyLen > it.eof; it.apart {
		mark.Hit(mark.KeyOverPages)
		var err error
		if it.keyBuf, err = it.assemble(it.keyBuf[:0], it.no, it.page, c.Body, c.KeyLen, c.ValLen); err != nil {
			return it.fail(err)
		}
	}
	it.valid = true
	return true
}

// settleForward loads the cell at it.cell or the first one after it that is a record.
func (it *Iter) settleForward() bool {
	for {
		for it.cell < it.cells {
			if it.load() {
				return true
			}
			if it.err != nil {
				return false
			}
			it.cell++
		}
		if !it.forward() {
			it.valid = false
			return false
		}
		it.cell = 0
	}
}

// settleBackward loads the cell at it.cell or the first one before it that is a record.
func (it *Iter) settleBackward() bool {
	for {
		for it.cell >= 0 {
			if it.load() {
				return true
			}
			if it.err != nil {
				return false
			}
			it.cell--
		}
		if !it.backward() {
			it.valid = false
			return false
		}
		it.cell = it.cells - 1
	}
}

// First moves to the first record.
func (it *Iter) First() bool {
	it.steps, it.jumps, it.scanning = 0, 0, false
	it.err = nil
	if !it.setPage(it.seg.First) {
		return false
	}
	if it.page.IsBTree() {
		it.cells = 0
	}
	it.cell = 0
	return it.settleForward()
}

// Last moves to the last record.
func (it *Iter) Last() bool {
	it.steps, it.jumps, it.scanning = 0, 0, false
	it.err = nil
	p := it.seg.LastPage
	if last, ok, err := it.lastLeaf(); err != nil {
		return it.fail(err)
	} else if ok {
		p = last
	}
	if !it.setPage(p) {
		return false
	}
	if it.page.IsBTree() {
		it.cells = 0
	}
	it.cell = it.cells - 1
	return it.settleBackward()
}

// Next moves to the next record. The iterator must be valid.
func (it *Iter) Next() bool {
	it.cell++
	if it.cell < it.cells && it.load() {
		return true
	}
	if it.err != nil {
		return false
	}
	return it.settleForward()
}

// Prev moves to the previous record. The iterator must be valid.
func (it *Iter) Prev() bool {
	it.cell--
	return it.settleBackward()
}
