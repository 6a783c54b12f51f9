// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func (it *Iter) getPage(p base.PageNo) (format.Page, error) {
	if it.seq != nil {
		return it.seq.Page(p)
	}
	if it.lookups++; it.lookups >= flushLookups {
		it.FlushLookups()
	}
	if it.scanning {
		return it.seg.Space.PageAhead(p, it.seg.Last)
	}
	return it.seg.Space.Page(p)
}

// scanSteps is how many pages an iterator walks forward before it reads ahead.
const scanSteps = 2

// setPage makes p the current page.
func (it *Iter) setPage(p base.PageNo) bool {
	page, err := it.getPage(p)
	if err != nil {
		return it.fail(err)
	}
	it.spot, it.end = spot{page, p, page.NumCells(), page.EOF()}, 0
	if it.steps > scanSteps && it.cells <= touchCells {
		it.touch()
	}
	return true
}

// touchCells is on how many records of a page there is a look ahead. More of them lie so close to
// each other that one brings the next into the processor's cache.
const touchCells = 8

// touch reads a byte of every record of a page that a walk has come to. Loads that do not wait for
// each other take a fraction of the time in which the walk would meet them one by one.
func (it *Iter) touch() {
	var b byte
	for i := range it.cells {
		b ^= it.page[it.page.CellOffset(i)]
	}
	it.sink = b
}

// nextPage returns the number of the page after p.
func (it *Iter) nextPage(p base.PageNo) (base.PageNo, error) {
	if it.seq != nil {
		return it.seq.NextPage(p)
	}
	return it.seg.Space.NextPage(p)
}

// counted counts the step from the current page to page p, forward or backward, and reports
// whether the walk can still be a straight one. Within a block pages follow each other in
// the order of their numbers, so a circle leads through block links again and again.
func (it *Iter) counted(p base.PageNo, forward bool) bool {
	it.steps++
	geo := it.seg.Space.Geometry()
	if geo.Block(p) == geo.Block(it.no) && (p > it.no) == forward {
		return true
	}
	if it.jumps++; it.jumps > int64(it.seg.Space.Blocks()) {
		return it.fail(it.corrupt(it.no, "the segment's pages run in a circle"))
	}
	return true
}

// forward moves to the next leaf page on which a cell starts. It returns false at the
// end of the segment, leaving the current page as it is, and on error.
func (it *Iter) forward() bool {
	from := it.spot
	p, t, err := it.afterTail()
	switch {
	case err != nil:
		return it.fail(err)
	case p == noPage:
		return false
	case p != 0:
		if !it.counted(p, true) || !it.setPage(p) {
			return false
		}
		if it.cells > 0 && !it.page.IsBTree() {
			return true
		}
	}
	for it.no != it.seg.LastPage {
		p, err := it.nextPage(it.no)
		if err != nil {
			return it.fail(err)
		}
		it.scanning = it.steps > scanSteps
		if !it.counted(p, true) || !it.setPage(p) {
			return false
		}
		if it.page.IsBTree() {
			continue
		}
		if err := t.over(it.page); err != "" {
			return it.fail(it.corrupt(p, "%s", err))
		}
		if it.cells > 0 {
			return it.known(t.room, it.no, it.page)
		}
	}
	if t.left > 0 {
		return it.fail(it.corrupt(it.no, "a record runs beyond the end of its segment"))
	}
	if !it.known(t.room, it.no, it.page) {
		return false
	}
	it.spot = from
	return false
}

// backward is forward in the other direction.
func (it *Iter) backward() bool {
	from := it.spot
	it.scanning = false
	rest := it.tailBefore()
	for n := 0; it.no != it.seg.First; n++ {
		if n == skipPages {
			p, ok, err := it.neighbour(from.page, from.no, from.cells, false)
			switch {
			case err != nil:
				return it.fail(err)
			case ok && p == noPage:
				it.spot = from
				return false
			case ok:
				return it.counted(p, false) && it.setPage(p)
			}
		}
		p, err := it.seg.Space.PrevPage(it.no)
		if err != nil {
			return it.fail(err)
		}
		if !it.counted(p, false) || !it.setPage(p) {
			return false
		}
		if it.page.IsBTree() {
			continue
		}
		if it.cells > 0 {
			t := it.tail()
			if err := rest.from(t); err != "" {
				return it.fail(it.corrupt(p, "%s", err))
			}
			return it.known(rest.room(t), from.no, from.page)
		}
		rest.before(it.page)
	}
	it.spot = from
	return false
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
