// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
)

// leafFor makes the leaf page current that can hold the key: by the fences if the segment
// has some, else down the b-tree.
func (it *Iter) leafFor(topic base.Kind, key []byte) bool {
	if topic != 0 || it.seg.Index == nil {
		return it.descend(topic, key)
	}
	leaf := it.goal
	if leaf.Page == 0 {
		f := it.seg.Index.fences.Load()
		if f == nil {
			it.seg.Index.missedFences()
			return it.descend(topic, key)
		}
		leaf = f.Find(key)
	}
	if leaf.Page == 0 || !it.setLeaf(leaf, key) {
		return it.err == nil && it.descend(topic, key)
	}
	it.checkLeaf(key)
	return it.err == nil
}

// setLeaf makes the page that the fences name current. It returns false if no record starts
// there, which the b-tree says more about, or on error.
func (it *Iter) setLeaf(leaf fence.Leaf, key []byte) bool {
	if !it.setPage(leaf.Page) || it.page.IsBTree() || it.cells == 0 {
		return false
	}
	if leaf.Before == 0 || it.compareCell(it.no, it.page, 0, 0, key) <= 0 {
		return it.err == nil
	}
	return it.setPage(leaf.Before) && !it.page.IsBTree() && it.cells > 0
}

// checkLeaf compares the current page, in builds with invariants, with that to which the
// b-tree leads. What that looks up is not counted. Segments that
// C lsm1 wrote are left out: they may be damaged in ways that no page sum shows, and the two
// ways do not have to agree then.
func (it *Iter) checkLeaf(key []byte) {
	if !invariant.Expensive || !it.seg.Space.Sealed || it.err != nil {
		return
	}
	var other Iter
	other.Init(it.seg)
	if other.descend(0, key) {
		invariant.Check(other.no == it.no, "the fences lead to another page than the b-tree")
	}
	other.Release()
}

// checkBounds compares, in builds with invariants, the bounds that the heads of the current page give
// with the keys next to them. Segments of C lsm1 are left out as above.
func (it *Iter) checkBounds(key []byte, lo, hi int) {
	if !invariant.Expensive || !it.seg.Space.Sealed {
		return
	}
	var other Iter
	other.Init(it.seg)
	less := lo == 0 || other.compareCell(it.no, it.page, lo-1, 0, key) < 0
	greater := hi == it.cells || other.compareCell(it.no, it.page, hi, 0, key) > 0
	invariant.Check(less && greater || other.err != nil, "the heads of a page's keys lead to another key")
	other.Release()
}
