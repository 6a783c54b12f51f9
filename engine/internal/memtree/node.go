// SPDX-License-Identifier: Apache-2.0

package memtree

import "math/bits"

// Epoch numbers the states of a tree between two calls of Freeze or Mark. It never
// decreases from one View of a tree to the next.
type Epoch uint64

const (
	// fanout is the number of entries of a node. With 31 a node fills eight cache
	// lines exactly and the search in it is a binary search of five equal steps.
	fanout = 31
	// nodeBytes is the size of a node.
	nodeBytes = 512
	// slabShift is the binary logarithm of the number of nodes in a slab; a slab is 8 KiB: a tree
	// of a few records is made again after each commit if each is flushed.
	slabShift = 4
	slabNodes = 1 << slabShift
	// maxLevels bounds the height. A node splits only after about fifteen splits of
	// its children, so a tree of this height has seen 15^15 insertions.
	maxLevels = 16
	// noHead fills the unused heads of a node, so that a search does not have to look at the
	// number of entries.
	noHead = ^uint64(0)
)

// node is one node of the tree. See the package comment for what the arrays mean.
type node struct {
	epoch Epoch
	count uint16 // entries in use, at least 1 in a node that is part of a tree
	level uint8  // 0 in a leaf
	_     uint8
	skip  uint16 // bytes that all keys share and that the heads leave out
	_     [2]byte
	heads [fanout]uint64
	refs  [fanout]uint32
	aux   [fanout]uint32
}

type slab [slabNodes]node

// store finds nodes and records by number. The writer and every View have one each;
// the arrays of the slices are shared and grow only after the end of a View's.
type store struct {
	slabs  []*slab
	chunks [][]byte
	prefix prefix
}

// node returns node id.
func (s *store) node(id uint32) *node {
	return &s.slabs[id>>slabShift][id&(slabNodes-1)]
}

// below returns how many heads are smaller than h. The heads are ascending and the
// unused ones are noHead, which is smaller than nothing. The first three loads, of one cache line
// each, do not wait for each other: with the line of the number of entries they bring in all that
// the search may look at.
func (n *node) below(h uint64) int {
	low, middle, high := n.heads[7], n.heads[15], n.heads[23]
	_, b := bits.Sub64(middle, h, 0)
	i := b << 4
	_, b = bits.Sub64(low^(low^high)&-b, h, 0)
	i += b << 3
	_, b = bits.Sub64(n.heads[i+3], h, 0)
	i += b << 2
	_, b = bits.Sub64(n.heads[i+1], h, 0)
	i += b << 1
	_, b = bits.Sub64(n.heads[i], h, 0)
	return int(i + b)
}

// tied returns the end of the run of entries that starts at i and has head h.
func (n *node) tied(i int, h uint64) int {
	for i < int(n.count) && n.heads[i] == h {
		i++
	}
	return i
}

// insert makes room at i and stores an entry there. The node has room for it.
func (n *node) insert(i int, head uint64, ref, aux uint32) {
	c := int(n.count)
	if i < c {
		copy(n.heads[i+1:c+1], n.heads[i:c])
		copy(n.refs[i+1:c+1], n.refs[i:c])
		copy(n.aux[i+1:c+1], n.aux[i:c])
	}
	n.heads[i], n.refs[i], n.aux[i] = head, ref, aux
	n.count++
}

// remove takes out the entries from lo up to, not including, hi.
func (n *node) remove(lo, hi int) {
	c := int(n.count)
	copy(n.heads[lo:], n.heads[hi:c])
	copy(n.refs[lo:], n.refs[hi:c])
	copy(n.aux[lo:], n.aux[hi:c])
	n.truncate(c - (hi - lo))
}

// truncate keeps the first c entries.
func (n *node) truncate(c int) {
	for i := c; i < int(n.count); i++ {
		n.heads[i] = noHead
	}
	n.count = uint16(c)
}
