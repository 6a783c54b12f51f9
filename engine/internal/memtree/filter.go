// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
)

const (
	// filterPart is the part of the size for which a tree is made that its filter takes: for records
	// of 100 bytes with what the tree adds about 17 bits for each key.
	filterPart = 64
	// filterFrom is how many records a tree has when it gets its filter. Smaller ones are searched
	// faster than a filter would pay for itself.
	filterFrom = 512
)

// NewFor returns an empty tree that will grow up to about that many bytes, and that has a filter
// once it has some records: most searches for keys that it does not know end there. While ranges may
// be deleted in it, which the filter knows nothing of, it has none.
func NewFor(size int) *Tree {
	t := New()
	t.filterBytes, t.filterFrom = max(size/filterPart, 8), filterFrom
	return t
}

// addToFilter makes the filter know the key of a record that the tree is about to get.
//
// Once a range was deleted the filter is not asked, so it learns nothing more: only a rollback to a mark from
// before the range leads back to a state without, and takes away all records that came since.
//
// Without ranges a tree only gets records, except by a rollback. So the filter knows all records of any
// state that a rollback leads back to, also of one from before it was made, and stays.
func (t *Tree) addToFilter(key []byte) {
	if t.ranges {
		return
	}
	if t.filter == nil {
		if t.filterBytes == 0 || t.numRecords < t.filterFrom {
			return
		}
		t.filter = filter.NewLive(t.filterBytes)
		t.filterAll(t.root)
	}
	t.filter.Add(filter.Hash(key))
}

// filterAll makes the filter know all records below node id.
func (t *Tree) filterAll(id uint32) {
	n := t.node(id)
	for _, ref := range n.refs[:n.count] {
		if n.level > 0 {
			t.filterAll(ref)
		} else {
			t.filter.Add(filter.Hash(t.key(ref)))
		}
	}
}

// asked returns the filter of the current state, nil if it has none that says what it knows
// nothing of: a key may lie in a deleted range without being one of its keys.
func (t *Tree) asked() *filter.Live {
	if t.ranges {
		return nil
	}
	return t.filter
}

// HasFilter reports whether GetHashed is worth the hash of a key.
func (v *View) HasFilter() bool { return v.filter != nil }

// GetHashed is Get for a View that has a filter and a caller that knows the hash of the key,
// which package filter computes.
func (v *View) GetHashed(key []byte, hash uint64) (value []byte, r Result) {
	if !v.filter.Absent(hash) {
		return v.get(v.root, key)
	}
	if invariant.Expensive {
		_, r = v.get(v.root, key)
		invariant.Check(r == Unknown, "the filter of a tree hides a record")
	}
	return nil, Unknown
}
