// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"bytes"
	"slices"
	"testing"
)

type heldView struct {
	v View
	m *model
	// undone says that the tree was rolled back beyond it: it is not a state that later
	// ones come from.
	undone bool
}

type heldMark struct {
	mark Mark
	m    *model
}

// driver applies the same operations to a tree and to a model and compares.
type driver struct {
	t       testing.TB
	keys    [][]byte
	tree    *Tree
	m       *model
	marks   []heldMark
	views   []heldView
	version uint32
	undone  bool // each deleted range is rolled back again, so that the tree's filter may be asked
	skipped int  // searches that filters have saved
}

func newDriver(t testing.TB, ks keyset, numKeys int) *driver {
	d := &driver{t: t, tree: NewFor(numKeys * filterPart), m: newModel(numKeys)}
	d.tree.filterFrom = 1 + numKeys/4 // so that some marks and views come before it, and some after
	for i := range numKeys {
		d.keys = append(d.keys, []byte(ks(i)))
	}
	if !slices.IsSortedFunc(d.keys, bytes.Compare) {
		t.Fatal("the keys of the model are not sorted")
	}
	return d
}

// step runs one operation. next(n) returns a number below n.
func (d *driver) step(next func(n int) int) {
	n := len(d.keys)
	switch op := next(100); {
	case op < 38:
		i := next(n)
		d.version++
		d.tree.Put(d.keys[i], valueOf(d.version))
		d.m.put(i, d.version)
	case op < 44: // ascending keys
		i := next(n)
		for j := i; j < min(n, i+40); j++ {
			d.version++
			d.tree.Put(d.keys[j], valueOf(d.version))
			d.m.put(j, d.version)
		}
	case op < 48: // descending keys
		i := next(n)
		for j := i; j >= max(0, i-40); j-- {
			d.version++
			d.tree.Put(d.keys[j], valueOf(d.version))
			d.m.put(j, d.version)
		}
	case op < 60:
		i := next(n)
		d.tree.Delete(d.keys[i])
		d.m.delete(i)
	case op < 72 && d.undone:
		d.excursion(next)
	case op < 72:
		width := 5
		if op < 62 {
			width = n
		}
		i := next(n)
		j := min(n-1, i+next(width))
		d.tree.DeleteRange(d.keys[i], d.keys[j])
		d.m.deleteRange(i, j)
	case op < 77:
		d.marks = append(d.marks, heldMark{d.tree.Mark(), d.m.clone()})
	case op < 83 && len(d.marks) > 0:
		i := next(len(d.marks))
		d.tree.RollbackTo(d.marks[i].mark)
		d.m = d.marks[i].m.clone()
		for j := range d.views {
			h := &d.views[j]
			h.undone = h.undone || h.v.Epoch() > d.marks[i].mark.Epoch()
		}
		d.marks = d.marks[:i+1]
	case op < 86 && len(d.marks) > 0:
		i := next(len(d.marks))
		d.tree.Release(d.marks[i].mark)
		d.marks = d.marks[:i]
	case op < 88: // commit: the marks will not be used any more
		d.marks = nil
		d.freeze()
	case op < 93:
		d.freeze()
	case len(d.views) > 0:
		i := next(len(d.views))
		d.compare(d.views[i].v, d.views[i].m)
		d.views = slices.Delete(d.views, i, i+1)
		d.tree.Reclaim(d.oldest())
		if len(d.tree.marks.epochs) == 0 {
			var held []Epoch
			for _, h := range d.views {
				held = append(held, h.v.Epoch())
			}
			d.tree.reclaimBetween(held)
		}
	}
}

// excursion deletes a range, puts a few keys, and rolls that back, as a transaction may do.
func (d *driver) excursion(next func(n int) int) {
	mark, before := d.tree.Mark(), d.m.clone()
	n := len(d.keys)
	i := next(n)
	j := min(n-1, i+next(n))
	d.tree.DeleteRange(d.keys[i], d.keys[j])
	d.m.deleteRange(i, j)
	for range next(n/2 + 1) {
		i := next(n)
		d.version++
		d.tree.Put(d.keys[i], valueOf(d.version))
		d.m.put(i, d.version)
	}
	d.compare(d.tree.state(), d.m)
	d.tree.RollbackTo(mark)
	d.tree.Release(mark)
	d.m = before
}

func (d *driver) freeze() {
	v := d.tree.Freeze()
	if w := d.tree.Freeze(); w.Epoch() != v.Epoch() || w.root != v.root || w.Len() != v.Len() {
		d.t.Fatalf("two views of one state: epochs %d and %d, roots %d and %d", v.Epoch(), w.Epoch(), v.root, w.root)
	}
	if k := len(d.views); k > 0 && d.views[k-1].v.Epoch() > v.Epoch() {
		d.t.Fatalf("epoch %d of a view follows epoch %d", v.Epoch(), d.views[k-1].v.Epoch())
	}
	d.views = append(d.views, heldView{v: v, m: d.m.clone()})
}

// oldest returns the oldest epoch that is in use.
func (d *driver) oldest() Epoch {
	e := d.tree.Freeze().Epoch()
	for _, h := range d.views {
		e = min(e, h.v.Epoch())
	}
	for _, h := range d.marks {
		e = min(e, h.mark.Epoch())
	}
	return e
}
