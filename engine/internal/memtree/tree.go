// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
)

// Tree is the writable end of an in-memory tree. One goroutine at a time may use it;
// the Views it hands out are independent of it. Make one with New.
type Tree struct {
	store
	arena arena

	root       uint32 // 0 in an empty tree
	numRecords int
	numNodes   int // nodes reachable from root

	epoch      Epoch // of nodes made from here on; 1 in a new tree
	floor      Epoch // nodes of epochs above it may be changed in place
	lastFreeze Epoch // newest epoch of a View
	dirty      bool  // the contents differ from those at the end of the last epoch
	marks      markStack

	filter      *filter.Live // knows all records while there are no ranges; nil if there is none
	filterBytes int          // what it takes; 0 is no filter
	filterFrom  int          // how many records there are when it is made
	ranges      bool         // there may be deleted ranges, of which the filter knows nothing

	nextNode uint32   // first node number never used
	free     []uint32 // nodes nobody can reach
	retired  retiredList
	kept     int // retired nodes that the last ReclaimBetween could not reuse

	// The path of the last search. path[l] is the node on level l and the entry
	// chosen in it. It is good for the current root while pathOK.
	path   [maxLevels]step
	pathOK bool
	first  bool // it leads to the first leaf
	last   bool // it leads to the last leaf
}

type step struct {
	id uint32
	i  int32
}

// New returns an empty tree.
func New() *Tree {
	// Node number 0 means "none".
	return &Tree{epoch: 1, nextNode: 1}
}

// Size returns the bytes of memory the tree keeps busy: all records appended, with
// those that were overwritten or deleted since, and the nodes of the current state. It
// is the measure for autoflush, and it falls only by a rollback or as nodes go away.
func (t *Tree) Size() int { return t.arena.used + t.numNodes*nodeBytes }

// Footprint returns the bytes the tree has allocated: its filter, and chunks and slabs, with
// whatever is unused in them. It exceeds Size by much only if Views prevent the reuse of nodes.
func (t *Tree) Footprint() int {
	n := t.arena.held + len(t.arena.spare) + len(t.slabs)*slabNodes*nodeBytes
	if t.filter != nil {
		n += t.filter.Bytes()
	}
	return n
}

// Get returns what the tree's current state, uncommitted changes included, knows about
// key. The value aliases the tree's memory: it is read-only and good until the next
// RollbackTo.
func (t *Tree) Get(key []byte) (value []byte, r Result) { return t.get(t.root, key) }

// Put gives key a value. It copies both; together they have at most MaxRecordBytes.
func (t *Tree) Put(key, value []byte) {
	t.put(key, t.appendRecord(key, value))
}

// PutFunc is Put for a value of n bytes that fill stores in the memory that it is given. If
// fill fails nothing has happened. It must not use the tree.
func (t *Tree) PutFunc(key []byte, n int, fill func(value []byte) error) error {
	before := t.arenaMark()
	ref, value := t.reserveRecord(key, n)
	if err := fill(value); err != nil {
		t.rewind(before)
		return err
	}
	t.put(key, ref)
	return nil
}

// put makes the record at ref, which is not in the tree yet, the one of key.
func (t *Tree) put(key []byte, ref uint32) {
	t.dirty = true
	g := t.target(key)
	if i, found := t.search(&g); found {
		n := t.writable()
		n.refs[i] = ref
		n.aux[i] = n.aux[i]&uint32(base.RangeBits) | uint32(base.Insert)
	} else {
		kind := base.Insert
		if t.root != 0 && t.node(t.path[0].id).inRange(i) {
			kind |= base.RangeBits
		}
		t.insert(i, &g, ref, kind)
	}
}

// Delete deletes key here and in all older sources. Where key lies inside a deleted
// range that needs no record, and the key's own, if there is one, goes away.
func (t *Tree) Delete(key []byte) {
	g := t.target(key)
	if i, missing := t.remove(&g); missing {
		t.insert(i, &g, t.appendRecord(key, nil), base.PointDelete)
	}
}

// remove is Delete where that needs no new record. If it does, it reports the position in the leaf
// that the path leads to.
func (t *Tree) remove(g *target) (i int, missing bool) {
	i, found := t.search(g)
	switch {
	case !found && t.root != 0 && t.node(t.path[0].id).inRange(i):
		return i, false
	case !found:
		t.dirty = true
		return i, true
	}
	kind := base.Kind(t.node(t.path[0].id).aux[i])
	switch {
	case kind&base.RangeBits == base.RangeBits:
		t.dirty = true
		t.removeAt(i)
	case kind&base.PointDelete == 0:
		t.dirty = true
		t.writable().aux[i] = uint32(kind&base.RangeBits | base.PointDelete)
	}
	return i, false
}

// search finds a key. It leaves the path to the leaf where the key is or belongs in t.path,
// and returns the position in that leaf. In an empty tree it does nothing.
func (t *Tree) search(g *target) (int, bool) {
	if t.root == 0 {
		return 0, false
	}
	if t.pathOK && t.last && t.isLast(g) {
		c := int(t.node(t.path[0].id).count)
		t.path[0].i = int32(c)
		return c, false
	}
	first, last := true, true
	id := t.root
	n := t.node(id)
	for n.level > 0 {
		i := t.child(n, g)
		t.path[n.level] = step{id, int32(i)}
		first = first && i == 0
		last = last && i == int(n.count)-1
		id = n.refs[i]
		n = t.node(id)
	}
	i, found := t.find(n, g)
	t.path[0] = step{id, int32(i)}
	t.pathOK, t.first, t.last = true, first, last
	return i, found
}

// isLast reports whether a key belongs after all records of the leaf that the path leads to, as
// keys do that arrive in order.
func (t *Tree) isLast(g *target) bool {
	n := t.node(t.path[0].id)
	if int(n.skip) > g.known {
		if c := t.aside(n, g); c != 0 {
			return c > 0
		}
	}
	c := int(n.count)
	d, head := n.heads[c-1], g.headIn(int(n.skip))
	return d < head || d == head && t.compare(n.refs[c-1], g.key) < 0
}

// isNext reports whether key belongs after all others.
func (t *Tree) isNext(key []byte) bool {
	g := t.target(key)
	i, found := t.search(&g)
	return t.root == 0 || t.last && !found && i == int(t.node(t.path[0].id).count)
}

// insertNext stores a record, not in the tree yet, if its head shows, without a look at the key, that it
// belongs after all others. The head leaves out skip bytes, which the key shares with all keys of
// the tree. insertNext reports whether it has done so.
func (t *Tree) insertNext(head uint64, skip int, ref uint32, deletes bool) bool {
	if !t.pathOK || !t.last {
		return false
	}
	n := t.node(t.path[0].id)
	c := int(n.count)
	last := n.heads[c-1]
	if int(n.skip) != skip {
		last = headAfter(t.key(n.refs[c-1]), skip)
	}
	if last >= head {
		return false
	}
	t.dirty = true
	n = t.writable()
	if int(n.skip) != skip {
		t.setSkip(n, skip)
	}
	t.prefix.len = uint32(skip)
	kind := base.Insert
	if deletes {
		kind = base.PointDelete
	}
	t.path[0].i = int32(c)
	if t.filterBytes > 0 {
		t.addToFilter(t.key(ref))
	}
	t.numRecords++
	t.add(n, c, head, ref, kind)
	return true
}

// writable makes all nodes on the path changeable in place and returns the leaf.
func (t *Tree) writable() *node {
	if n := t.node(t.path[0].id); n.epoch == t.epoch {
		return n
	}
	top := int(t.node(t.root).level)
	var n *node
	for l := top; l >= 0; l-- {
		p := n
		var id uint32
		id, n = t.own(t.path[l].id)
		t.path[l].id = id
		if l == top {
			t.root = id
		} else {
			p.refs[t.path[l+1].i] = id
		}
	}
	return n
}

// removeAt takes the record at position i out of the leaf that the path leads to, and
// drops nodes that become empty. The record lies inside a deleted range: it has
// neighbours, and the tree does not become empty.
func (t *Tree) removeAt(i int) {
	t.numRecords--
	t.pathOK = false
	n := t.writable()
	for l := 0; n.count == 1; {
		t.retire(t.path[l].id)
		l++
		n, i = t.node(t.path[l].id), int(t.path[l].i)
	}
	n.remove(i, i+1)
	t.lower()
}

// lower drops root nodes that have a single child.
func (t *Tree) lower() {
	for t.root != 0 {
		n := t.node(t.root)
		if n.level == 0 || n.count > 1 {
			return
		}
		child := n.refs[0]
		t.retire(t.root)
		t.root = child
	}
}
