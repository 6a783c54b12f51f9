// SPDX-License-Identifier: Apache-2.0

package memtree

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// recordBytes is about what a record takes besides its key and value.
const recordBytes = 8

// Live returns about what Size would be if the tree had never held anything but the records
// that it holds now. It visits all of them.
func (t *Tree) Live() int {
	n := t.numNodes * nodeBytes
	var it Iter
	it.Init(View{store: t.store, root: t.root})
	for ok := it.First(); ok; ok = it.Next() {
		n += len(it.Key()) + recordBytes
		if it.Kind()&base.Insert != 0 {
			n += len(it.Value())
		}
	}
	return n
}

// Fold returns a new tree with the same records, without what was overwritten or deleted.
func (t *Tree) Fold() *Tree {
	v := View{store: t.store, root: t.root}
	folded := New()
	var it Iter
	it.Init(v)
	// The ranges first: a record that lies in one is written after it was deleted.
	var from []byte
	open := false
	for ok := it.First(); ok; ok = it.Next() {
		if open {
			folded.DeleteRange(from, it.Key())
		}
		from, open = it.Key(), it.Kind()&base.StartDelete != 0
	}
	for ok := it.First(); ok; ok = it.Next() {
		switch kind := it.Kind(); {
		case kind&base.Insert != 0:
			folded.Put(it.Key(), it.Value())
		case kind&base.PointDelete != 0:
			folded.Delete(it.Key())
		}
	}
	return folded
}
