// SPDX-License-Identifier: Apache-2.0

package check

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// maxTreeDepth bounds the height of a b-tree; C lsm1 cannot search a higher one.
const maxTreeDepth = 32

// btreeWalk walks the keys of a b-tree in order, over all its pages. A key is on exactly one of
// them, and with it goes the leaf page to its right.
type btreeWalk struct {
	c     *checker
	s     *checkedSegment
	stack []btreeFrame // root first
	depth int          // number of b-tree pages above each leaf page
	pages int64        // b-tree pages read
	limit int64        // more than that means a circle
	lost  bool         // a page could not be read, and its keys are missing before the next
	// firsts are the first children of the b-tree pages read.
	firsts map[base.PageNo]struct{}
}

// btreeSeen is a b-tree page met on the way through a segment, and its first child; 0 if it has
// no cells.
type btreeSeen struct{ no, child base.PageNo }

type btreeFrame struct {
	no   base.PageNo
	page format.Page
	next int // cell whose key comes next
}

// btreeKey is a key in a b-tree.
type btreeKey struct {
	no   base.PageNo // b-tree page and cell where it is
	cell int
	format.BTreeCell
	right base.PageNo // leaf page to which it leads
	lost  bool        // keys before it are missing
}

// page reads a b-tree page of the segment, or nil after reporting why not.
func (w *btreeWalk) page(p base.PageNo, from base.PageNo) format.Page {
	w.pages++
	if !w.c.owns(w.s, p) {
		w.c.report(w.s, from, "the b-tree leads to page %d, which is not one of the segment's", p)
		return nil
	}
	page, err := w.c.fresh(w.s, p)
	if err != nil {
		w.c.fail(w.s, p, err)
		return nil
	}
	if page.IsBTree() && page.NumCells() > 0 {
		w.firsts[page.BTreeCell(0).Child] = struct{}{}
	}
	return page
}

// child returns child i of a b-tree page, from 0 to the number of its cells.
func (w *btreeWalk) child(page format.Page, i int) base.PageNo {
	if i < page.NumCells() {
		return w.s.Space.Map(page.BTreeCell(i).Child)
	}
	return w.s.Space.Map(page.Ptr())
}

// start descends to the first leaf page and returns it, or, with seek set, to the page on
// which the search for a key would end. It returns 0 if that fails.
func (w *btreeWalk) start(seek bool, topic base.Kind, key []byte) base.PageNo {
	p, from := w.s.Root, w.s.Root
	for len(w.stack) <= maxTreeDepth {
		page := w.page(p, from)
		if page == nil {
			return 0
		}
		if !page.IsBTree() {
			if p == w.s.Root {
				w.c.report(w.s, p, "the root of the b-tree is a leaf page")
				return 0
			}
			w.depth = len(w.stack)
			return p
		}
		if p == w.s.Root && page.NumCells() == 0 {
			w.c.report(w.s, p, "the root of the b-tree has no key")
		}
		lo, hi := 0, page.NumCells()
		if !seek {
			hi = 0
		}
		for lo < hi {
			mid := (lo + hi) / 2
			cell := page.BTreeCell(mid)
			if cell.Ref != 0 && !w.c.owns(w.s, w.s.Space.Map(cell.Ref)) {
				lo = mid + 1 // merged and gone, so it is smaller
				continue
			}
			kind, k, ok := w.key(p, mid, cell)
			if !ok {
				return 0
			}
			if base.CompareTopic(kind, k, topic, key) > 0 {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		i := lo
		w.stack = append(w.stack, btreeFrame{p, page, i})
		p, from = w.child(page, i), p
	}
	w.c.report(w.s, w.s.Root, "the b-tree is deeper than %d", maxTreeDepth)
	return 0
}

// key returns the key of a cell, from the leaf page it refers to if necessary.
func (w *btreeWalk) key(p base.PageNo, i int, cell format.BTreeCell) (base.Kind, []byte, bool) {
	if cell.Ref == 0 {
		return cell.Kind, cell.Key, true
	}
	ref := w.s.Space.Map(cell.Ref)
	if !w.c.owns(w.s, ref) {
		w.c.report(w.s, p, "cell %d takes its key from page %d, which is not one of the segment's", i, ref)
		return 0, nil, false
	}
	page, err := w.c.fresh(w.s, ref)
	if err != nil {
		w.c.fail(w.s, ref, err)
		return 0, nil, false
	}
	if page.IsBTree() || page.NumCells() == 0 {
		w.c.report(w.s, p, "cell %d takes its key from page %d, on which no record starts", i, ref)
		return 0, nil, false
	}
	r := w.c.newRun(w.s)
	for r.use = range w.s.chain {
		if u := w.s.chain[r.use]; u.from <= ref && ref <= u.to {
			break
		}
	}
	r.page, r.no = page, ref
	if r.use, r.next, _ = w.s.after(r.q, r.use, ref); r.next == 0 && ref != w.s.LastPage {
		return 0, nil, false // which the walk over the segment reports
	}
	c := page.LeafCell(0)
	key, ok := r.key(c)
	return c.Kind, key, ok
}

// next returns the next key and the leaf page it leads to.
func (w *btreeWalk) next() (k btreeKey, ok bool) {
	for len(w.stack) > 0 && !w.c.stopped() {
		f := &w.stack[len(w.stack)-1]
		if f.next >= f.page.NumCells() {
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		k = btreeKey{no: f.no, cell: f.next, BTreeCell: f.page.BTreeCell(f.next), lost: w.lost}
		f.next++
		if k.right = w.down(f.no, w.child(f.page, f.next)); k.right == 0 {
			w.lost = true
			continue
		}
		w.lost = false
		return k, true
	}
	return k, false
}

// down descends from page from to the first leaf page below its child p.
func (w *btreeWalk) down(from, p base.PageNo) base.PageNo {
	for len(w.stack) < w.depth {
		if w.pages > w.limit {
			w.c.report(w.s, from, "the b-tree has more pages than the segment")
			w.stack = nil
			return 0
		}
		page := w.page(p, from)
		if page == nil {
			return 0
		}
		if !page.IsBTree() {
			w.c.report(w.s, from, "page %d below it is a leaf page, but leaf pages are %d pages below the root elsewhere",
				p, w.depth)
			return 0
		}
		w.stack = append(w.stack, btreeFrame{p, page, 0})
		p, from = w.child(page, 0), p
	}
	return p
}
