// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// getPage returns page p for a look from the current page, which stays what it is, with the frame to be released if
// there is one. Else the page is valid until the next call for another one.
func (it *Iter) getPage(p base.PageNo) (page format.Page, held *blockfile.Frame, err error) {
	if it.seq != nil {
		page, err = it.seq.Page(p)
		return page, nil, err
	}
	return it.holdPage(p)
}

// holdPage is getPage through the cache.
func (it *Iter) holdPage(p base.PageNo) (page format.Page, held *blockfile.Frame, err error) {
	if it.lookups++; it.lookups >= flushLookups {
		it.FlushLookups()
	}
	if it.scanning {
		held, err = it.seg.Space.HoldAhead(p, it.seg.Last)
	} else {
		held, err = it.seg.Space.Hold(p)
	}
	if err != nil {
		return nil, nil, err
	}
	return held.Page(), held, nil
}

// standPage is getPage for a page that becomes the current one.
func (it *Iter) standPage(p base.PageNo) (page format.Page, held *blockfile.Frame, err error) {
	if it.seq != nil {
		page, err = it.seq.Stand(p)
		return page, nil, err
	}
	return it.holdPage(p)
}

// scanSteps is how many pages an iterator walks forward before it reads ahead.
const scanSteps = 2

// setPage makes p the current page.
func (it *Iter) setPage(p base.PageNo) bool {
	if len(it.seg.unfit) > 0 && slices.Contains(it.seg.unfit, p) {
		return it.fail(it.corrupt(p, "a page stands there that cannot be the first one or the root of a segment"))
	}
	page, held, err := it.standPage(p)
	if err != nil {
		return it.fail(err)
	}
	it.held.Release()
	it.spot, it.end, it.fetched = spot{held, page, p, page.NumCells(), page.EOF()}, 0, 0
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

// leave returns the current spot, whose page the caller holds from now on, and releases later or
// goes back to. The iterator can still read the page until then, but does not hold it.
func (it *Iter) leave() spot {
	from := it.spot
	it.held = nil
	return from
}

// goBack makes a spot the current one again that leave has returned.
func (it *Iter) goBack(to spot) {
	it.held.Release()
	it.spot = to
}

// nextPage returns the number of the page after p.
func (it *Iter) nextPage(p base.PageNo) (base.PageNo, error) {
	if it.seq != nil {
		return it.seq.NextPage(p)
	}
	if it.steps > scanSteps {
		return it.seg.Space.NextAhead(p, it.seg.Last)
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
