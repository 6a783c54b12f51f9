// SPDX-License-Identifier: Apache-2.0

package memtree

import "github.com/lsmlite/lsmlite-go/engine/internal/filter"

// View is an immutable state of a tree. It is a small value to be copied; the zero View
// is an empty tree. Any number of goroutines may read it while the writer goes on, until
// the writer is told by Tree.Reclaim that it is not in use any more.
type View struct {
	filter *filter.Live // knows all records; nil if there is none, or if there may be deleted ranges
	store
	epoch      Epoch
	size       int
	root       uint32
	numRecords uint32 // no more than there are references
}

// Epoch returns the epoch the View ended; see Tree.Reclaim.
func (v View) Epoch() Epoch { return v.epoch }

// Size returns the size of the tree, as Tree.Size, when it was frozen.
func (v View) Size() int { return v.size }

// Empty reports whether there is no record at all, not even a delete mark.
func (v View) Empty() bool { return v.root == 0 }

// SameTree reports whether v and o are states of one tree, so that they share its memory.
// The empty View is of no tree.
func (v View) SameTree(o View) bool {
	return len(v.slabs) > 0 && len(o.slabs) > 0 && v.slabs[0] == o.slabs[0]
}

// Len returns the number of records, delete marks included.
func (v View) Len() int { return int(v.numRecords) }

// Get returns what the View knows about key. The value aliases the tree's memory: it is
// read-only and good as long as the View.
func (v *View) Get(key []byte) (value []byte, r Result) { return v.get(v.root, key) }
