// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
)

// approach is a search for a user key in steps: Aim, Expect, Approach, and then the search as such. Who
// searches several segments takes each step in all of them before the next one. Each step has the
// processor fetch what the next one needs, so that the waiting for memory is that of one segment.
// All steps but the last may be left out.
type approach struct {
	goal fence.Leaf // by Aim; page 0 if there is none
	// near says that the current page is that on which the search ends, and lo and hi are bounds for
	// the first cell whose key is not less.
	near   bool
	lo, hi int
}

// Aim finds the page on which a search for a user key will begin. It must be followed by Expect, Approach
// and SeekGE or SeekLE with the same key.
func (it *Iter) Aim(key []byte) {
	it.approach = approach{}
	if x := it.seg.Index; x != nil {
		if f := x.fences.Load(); f != nil {
			it.goal = f.Find(key)
			it.seg.Space.ExpectSoon(it.goal.Page)
		}
	}
}

// Expect says that Approach will come to the page.
func (it *Iter) Expect() {
	if it.goal.Page != 0 {
		it.seg.Space.Expect(it.goal.Page)
	}
}

// Approach goes to the page, and reports whether it is there. If that fails, the search does it again, and
// has the error.
func (it *Iter) Approach(key []byte) bool {
	if it.goal.Page == 0 || !it.reach(0, key) {
		return false
	}
	if it.near = true; it.lo < it.cells {
		blockfile.ExpectRecord(it.page, it.page.CellOffset(it.lo))
	}
	return true
}

// reach makes the page current on which the search for a key ends, and sets the bounds.
func (it *Iter) reach(topic base.Kind, key []byte) bool {
	it.steps, it.jumps, it.scanning = 0, 0, false
	it.err = nil
	leaf := it.leafFor(topic, key)
	it.approach = approach{}
	if !leaf || it.cells == 0 && !it.forward() && it.err != nil {
		return false
	}
	for it.cells > 0 && it.page.Flags()&format.FlagSkipNext != 0 &&
		it.compareCell(it.no, it.page, it.cells-1, topic, key) < 0 {
		if it.err != nil || !it.forwardOrStay() {
			break
		}
	}
	it.hi = it.cells
	if it.held != nil && topic == 0 && it.hi > 0 {
		it.lo, it.hi = it.held.Narrow(key, it.hi)
		it.checkBounds(key, it.lo, it.hi)
	}
	return it.err == nil
}

// approached reports whether Approach has come to the page on which the search for a key ends, once.
func (it *Iter) approached(topic base.Kind, key []byte) bool {
	if !it.near {
		return false
	}
	it.near = false
	if invariant.Expensive {
		it.checkApproached(topic, key)
	}
	return true
}

// checkApproached compares the page, in builds with invariants, with that to which a search comes at once.
// Segments of C lsm1 are left out, as by checkLeaf: that search may have come by another way.
func (it *Iter) checkApproached(topic base.Kind, key []byte) {
	if !it.seg.Space.Sealed {
		return
	}
	var other Iter
	other.Init(it.seg)
	if other.reach(topic, key) {
		invariant.Check(other.no == it.no, "an approach has come to another page than the search")
	}
	other.Release()
}
