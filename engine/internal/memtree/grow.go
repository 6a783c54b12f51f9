// SPDX-License-Identifier: Apache-2.0

package memtree

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// insert stores a new record, of the key that was searched for last, at position i of the leaf that the path leads to.
func (t *Tree) insert(i int, g *target, ref uint32, kind base.Kind) {
	t.addToFilter(g.key)
	t.numRecords++
	if t.root == 0 {
		id, n := t.newNode(0)
		t.prefix = prefix{ref, uint32(min(len(g.key), maxSkip))}
		n.skip = uint16(t.prefix.len)
		n.insert(0, headAfter(g.key, int(n.skip)), ref, uint32(kind))
		t.root = id
		t.pathOK = false
		return
	}
	t.prefix.len = uint32(g.known)
	n := t.writable()
	if int(n.skip) > g.known {
		t.admit(n, g.key)
	}
	t.add(n, i, g.headIn(int(n.skip)), ref, kind)
}

// add stores a new record at position i of leaf n, to which the path leads, and splits the leaf if it
// is full.
func (t *Tree) add(n *node, i int, head uint64, ref uint32, kind base.Kind) {
	if n.count < fanout {
		n.insert(i, head, ref, uint32(kind))
		return
	}
	right, rn := t.split(n, i, head, ref, uint32(kind))
	t.insertChild(right, rn.heads[0], int(rn.skip), rn.refs[0])
	t.sharpen(n)
	t.sharpen(rn)
}

// insertChild adds a node that was split off to the right of the node on level 0 of
// the path, and splits parents as needed. sep stands for its smallest key, and head, which leaves
// out skip bytes, too.
func (t *Tree) insertChild(right uint32, head uint64, skip int, sep uint32) {
	top := int(t.node(t.root).level)
	t.pathOK = false
	for l := 1; l <= top; l++ {
		p := t.node(t.path[l].id)
		i := int(t.path[l].i) + 1
		if skip != int(p.skip) || skip > int(t.prefix.len) {
			key := t.key(sep)
			t.admit(p, key)
			head = headAfter(key, int(p.skip))
		}
		if p.count < fanout {
			p.insert(i, head, right, sep)
			return
		}
		var rn *node
		right, rn = t.split(p, i, head, right, sep)
		head, skip, sep = rn.heads[0], int(rn.skip), rn.aux[0]
		t.sharpen(p)
		t.sharpen(rn)
	}
	left := t.root
	id, n := t.newNode(uint8(top + 1))
	n.skip = uint16(skip)
	n.insert(0, 0, left, sep) // separator 0 is never looked at
	n.insert(1, head, right, sep)
	t.root = id
}

// split moves entries of the full node n to a new right neighbour, stores the new
// entry, which belongs at position i, in one of the two, and returns the neighbour.
// At the ends of the tree it splits so that keys arriving in order leave full nodes.
func (t *Tree) split(n *node, i int, head uint64, ref, aux uint32) (uint32, *node) {
	at := (fanout + 1) / 2
	switch {
	case i == fanout && t.last:
		at = fanout
	case i == 0 && t.first && n.level == 0:
		at = 0
	case n.level > 0 && i == 1 && t.first:
		at = 1
	}
	id, r := t.newNode(n.level)
	r.skip = n.skip
	copy(r.heads[:], n.heads[at:])
	copy(r.refs[:], n.refs[at:])
	copy(r.aux[:], n.aux[at:])
	r.count = uint16(fanout - at)
	n.truncate(at)
	if i < at || at == 0 {
		n.insert(i, head, ref, aux)
	} else {
		r.insert(i-at, head, ref, aux)
	}
	return id, r
}
