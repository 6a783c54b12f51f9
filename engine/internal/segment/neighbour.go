// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// How an iterator gets past a long value without reading it. Of a segment that lsmlite
// wrote, every leaf page on which a record begins is in the b-tree, which leads from one to
// the next at the cost of a few pages; C lsm1 leaves some out.

// skipPages is from how many pages on that is cheaper than to walk over them.
const skipPages = 8

// noPage stands for the page after the last one.
const noPage base.PageNo = -1

// complete reports whether the b-tree leads to all leaf pages with records.
func (s *Segment) complete() bool { return s.Space.Sealed && s.rest == nil }

// afterTail returns where to look for the record after the last one on the current page,
// if that one goes on over many pages: the page on which it ends, or the next one on which
// a record begins, or noPage if there is none. It returns 0 if there is nothing to skip. The part
// of the record after that page is rem.
func (it *Iter) afterTail() (p base.PageNo, rem tail, err error) {
	if it.end != 0 {
		return it.end, tail{room: it.endRoom}, nil
	}
	rem = it.tail()
	if rem.left < int64(skipPages*it.seg.Space.Geometry().PageSize) {
		return 0, rem, nil
	}
	if p, ok, err := it.neighbour(it.page, it.no, it.cells, true); ok || err != nil {
		return p, tail{}, err
	}
	c := it.page.LeafCell(it.cells - 1)
	n := c.KeyLen + c.ValLen
	b := it.bodyAt(it.no, it.page, c.Body, n, 0)
	defer b.Close()
	if _, err := b.Skip(int64(n)); err != nil || b.no == it.no {
		return 0, rem, err
	}
	return b.no, b.rem, nil
}

// neighbour returns the nearest leaf page after (or before) the one given, on which a
// record begins, or noPage if there is none. It reports false if the b-tree does not say. Of an
// input of a half-done merge it still says what comes after a page: only pages before are gone.
func (it *Iter) neighbour(page format.Page, no base.PageNo, cells int, after bool) (base.PageNo, bool, error) {
	if cells == 0 || !it.seg.complete() && !(after && it.seg.Space.Sealed) {
		return 0, false, nil
	}
	if it.seg.Root == 0 { // all records begin on the first page
		return noPage, no == it.seg.First, nil
	}
	c := page.LeafCell(0)
	key, err := it.assemble(nil, no, page, c.Body, c.KeyLen, c.ValLen)
	if err != nil {
		return 0, false, err
	}
	// The way down to the page, and from where on it there is a neighbour.
	p, turn := it.seg.Root, noPage
	for range maxDepth {
		held, _, err := it.seg.treePage(p)
		if err != nil {
			return 0, false, err
		}
		if held == nil {
			if p != no {
				return 0, false, nil
			}
			if turn == noPage {
				return noPage, true, nil
			}
			return it.outermost(turn, !after)
		}
		tree := held.Page()
		i := it.childOf(pageOf, p, tree, c.Kind&base.System, key)
		if it.err != nil {
			held.Release()
			return 0, false, it.err
		}
		if after && i < tree.NumCells() {
			turn = it.seg.child(tree, i+1)
		} else if !after && i > 0 {
			turn = it.seg.child(tree, i-1)
		}
		p = it.seg.child(tree, i)
		held.Release()
	}
	return 0, false, it.corrupt(p, "the b-tree is deeper than %d", maxDepth)
}

// lastLeaf returns the last leaf page on which a record begins, if the b-tree says.
func (it *Iter) lastLeaf() (base.PageNo, bool, error) {
	switch {
	case !it.seg.complete():
		return 0, false, nil
	case it.seg.Root == 0:
		return it.seg.First, true, nil
	}
	return it.outermost(it.seg.Root, true)
}

// outermost returns the last (or first) leaf page in the b-tree below page p, if a record
// begins there.
func (it *Iter) outermost(p base.PageNo, last bool) (base.PageNo, bool, error) {
	for range maxDepth {
		held, cells, err := it.seg.treePage(p)
		if err != nil {
			return 0, false, err
		}
		if held == nil {
			return p, cells > 0, nil
		}
		i := 0
		if last {
			i = held.Page().NumCells()
		}
		p = it.seg.child(held.Page(), i)
		held.Release()
	}
	return 0, false, it.corrupt(p, "the b-tree is deeper than %d", maxDepth)
}

// treePage returns page p, which the caller releases, if it is a b-tree page, else nil and how many cells begin
// on it.
func (s *Segment) treePage(p base.PageNo) (tree *blockfile.Frame, cells int, err error) {
	fr, err := s.Space.Hold(p)
	if err != nil {
		return nil, 0, err
	}
	if cells = fr.Page().NumCells(); !fr.Page().IsBTree() {
		fr.Release()
		return nil, cells, nil
	}
	return fr, cells, nil
}

// child returns child i of a b-tree page; that after the last cell is the right-most one.
func (s *Segment) child(page format.Page, i int) base.PageNo {
	if i < page.NumCells() {
		return s.Space.Map(page.BTreeCell(i).Child)
	}
	return s.Space.Map(page.Ptr())
}

// target says which leaf page is looked for in a b-tree.
type target uint8

const (
	pageOf     target = iota // the one that can hold the key
	pageBefore               // the one that can hold the greatest key below it
	pageLast                 // the last one
)

// childOf returns which child of a b-tree page leads to a target: for pageOf, the one before
// the first cell whose key is greater. The middle is C lsm1's: of the inputs of a half-done
// merge it gives up all pages but those that its own search for the split key reads, which
// include the pages of long keys.
func (it *Iter) childOf(to target, no base.PageNo, page format.Page, topic base.Kind, key []byte) int {
	lo, hi := 0, page.NumCells()
	if to == pageLast {
		return hi
	}
	for lo < hi && it.err == nil {
		mid := int(uint(lo+hi-1) >> 1)
		if d := it.compareBTreeCell(no, page, mid, topic, key); d > 0 || d == 0 && to == pageBefore {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
