// SPDX-License-Identifier: Apache-2.0

package memtree

// Empty reports whether the tree has no record at all, not even a delete mark.
func (t *Tree) Empty() bool { return t.root == 0 }

// Valid reports whether the iterator stands on a record.
func (it *Iter) Valid() bool { return it.leaf != nil }
