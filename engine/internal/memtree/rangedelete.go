// SPDX-License-Identifier: Apache-2.0

package memtree

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// DeleteRange deletes all keys strictly between after and before, here and in all older
// sources. It does nothing if after >= before.
//
// The records in between go away, and the ends of the range get a StartDelete and an
// EndDelete bit:
//
//  1. An end that has a record keeps its value and flags and gets the bit.
//  2. An end without a record that lies inside a deleted range needs nothing: that
//     range's own mark outside the interval now covers both, because nothing is left
//     between the mark and the other end.
//  3. An end without a record elsewhere gets a bare mark, which does not touch the end
//     key itself.
func (t *Tree) DeleteRange(after, before []byte) {
	if base.Compare(after, before) >= 0 {
		return
	}
	t.ranges = true
	// Cases must be distinguished before the records are removed: afterwards the bits of the
	// neighbours do not match until both marks are set.
	start := t.needsMark(after, base.StartDelete)
	end := t.needsMark(before, base.EndDelete)
	if t.root != 0 {
		t.pathOK = false
		c := cut{t: t, after: t.target(after), before: t.target(before)}
		t.root = c.node(t.root)
		t.lower()
	}
	if start {
		t.mark(after, base.StartDelete)
	}
	if end {
		t.mark(before, base.EndDelete)
	}
}

// needsMark reports whether key must be given bit as an end of a new deleted range.
func (t *Tree) needsMark(key []byte, bit base.Kind) bool {
	g := t.target(key)
	i, found := t.search(&g)
	if t.root == 0 {
		return true
	}
	n := t.node(t.path[0].id)
	if found {
		return base.Kind(n.aux[i])&bit == 0
	}
	return !n.inRange(i)
}

// mark gives key's record the bit; it makes a bare mark if there is no record.
func (t *Tree) mark(key []byte, bit base.Kind) {
	t.dirty = true
	g := t.target(key)
	if i, found := t.search(&g); found {
		t.writable().aux[i] |= uint32(bit)
	} else {
		t.insert(i, &g, t.appendRecord(key, nil), bit)
	}
}

// cut removes the records strictly between two keys. It visits the two paths to the
// ends and the nodes in between, which it drops whole.
type cut struct {
	t             *Tree
	after, before target
}

// node cuts the subtree of node id and returns the number of its new root: id if it
// was not changed or could be changed in place, 0 if nothing is left.
func (c *cut) node(id uint32) uint32 {
	t := c.t
	n := t.node(id)
	if n.level == 0 {
		lo, found := t.find(n, &c.after)
		if found {
			lo++
		}
		hi, _ := t.find(n, &c.before)
		if lo < hi {
			t.numRecords -= hi - lo
			return c.remove(id, lo, hi)
		}
		return id
	}
	// Children between those of the two keys lie inside the range.
	i := t.child(n, &c.after)
	j := t.child(n, &c.before)
	lo, hi := i, j+1
	left, right := n.refs[i], n.refs[j]
	newLeft, newRight := c.node(left), right
	if newLeft != 0 {
		lo++
	}
	if i == j {
		newRight = newLeft
	} else {
		for k := i + 1; k < j; k++ {
			t.drop(n.refs[k])
		}
		newRight = c.node(right)
		if newRight != 0 {
			hi--
		}
	}
	// A child that changed, in place or not, is of the current epoch.
	if newLeft != 0 && t.node(newLeft).epoch > n.epoch || newRight != 0 && t.node(newRight).epoch > n.epoch {
		id, n = t.own(id)
	}
	if newLeft != 0 && newLeft != left {
		n.refs[i] = newLeft
	}
	if newRight != 0 && newRight != right {
		n.refs[j] = newRight
	}
	if lo < hi {
		return c.remove(id, lo, hi)
	}
	return id
}

// remove takes entries lo up to hi out of node id.
func (c *cut) remove(id uint32, lo, hi int) uint32 {
	t := c.t
	t.dirty = true
	if hi-lo == int(t.node(id).count) {
		t.retire(id)
		return 0
	}
	id, n := t.own(id)
	n.remove(lo, hi)
	return id
}

// drop retires all nodes of a subtree and counts its records off.
func (t *Tree) drop(id uint32) {
	t.dirty = true
	n := t.node(id)
	if n.level == 0 {
		t.numRecords -= int(n.count)
	} else {
		for _, child := range n.refs[:n.count] {
			t.drop(child)
		}
	}
	t.retire(id)
}
