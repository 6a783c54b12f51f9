// SPDX-License-Identifier: Apache-2.0

package memtree

import "github.com/lsmlite/lsmlite-go/engine/internal/invariant"

// Mark is a savepoint: a state of the tree that RollbackTo can restore. It holds no
// memory of its own.
type Mark struct {
	epoch      Epoch
	root       uint32
	numRecords int
	numNodes   int
	arena      arenaMark
	prefix     prefix
	retired    uint64 // position in the retired list
	depth      uint64 // position in the mark stack
	ranges     bool
}

// Epoch returns the epoch of the marked state; see Tree.Reclaim.
func (m Mark) Epoch() Epoch { return m.epoch }

// endEpoch ends the current epoch, if anything happened in it, and returns the epoch of
// the current contents.
func (t *Tree) endEpoch() Epoch {
	if t.dirty {
		t.dirty = false
		t.epoch++
	}
	t.floor = t.epoch - 1
	return t.floor
}

// Freeze returns the current state as an immutable View and ends the epoch. It costs nothing else;
// the next changes copy the nodes they touch. Two calls with no change
// in between return Views of the same epoch and contents.
func (t *Tree) Freeze() View {
	t.lastFreeze = t.endEpoch()
	return View{
		store:      t.store,
		root:       t.root,
		epoch:      t.lastFreeze,
		numRecords: uint32(t.numRecords),
		size:       t.Size(),
		filter:     t.asked(),
	}
}

// Mark returns a savepoint for the current state. Marks nest.
func (t *Tree) Mark() Mark {
	m := Mark{
		epoch:      t.endEpoch(),
		root:       t.root,
		numRecords: t.numRecords,
		numNodes:   t.numNodes,
		arena:      t.arenaMark(),
		prefix:     t.prefix,
		retired:    t.retired.end(),
		ranges:     t.ranges,
	}
	m.depth = t.marks.push(m.epoch)
	return m
}

// RollbackTo restores the state that m was made of. Marks made after m become invalid;
// m stays valid and may be rolled back to again. Views frozen since m stay as they are.
// Using an invalid mark panics.
func (t *Tree) RollbackTo(m Mark) {
	invariant.Check(t.marks.holds(m), "rollback to a mark that is not valid any more")
	t.marks.popTo(m.depth + 1)

	// 1. Give up the nodes of the current state that are newer than the mark. Above
	// the newest View nobody else knows them. Only a rollback makes a tree empty, so a
	// root that differs from the marked one is a node.
	t.floor = max(t.lastFreeze, m.epoch)
	if t.root != m.root {
		t.giveUp(t.root, m.epoch)
	}
	// 2. Nodes of the marked state that were retired since are part of the tree again.
	// Other nodes retired since were also made since.
	t.retired.filter(m.retired, func(id uint32) bool {
		e := t.node(id).epoch
		if e > t.floor {
			t.release(id)
		}
		return e > m.epoch && e <= t.floor
	})
	// 3. Restore the contents.
	t.root, t.numRecords, t.numNodes, t.prefix = m.root, m.numRecords, m.numNodes, m.prefix
	t.ranges = m.ranges
	t.pathOK = false
	if t.lastFreeze > m.epoch {
		t.dirty = true
		return
	}
	// 4. No View was frozen since: nothing is left of the epochs after the mark.
	t.rewind(m.arena)
	t.epoch = m.epoch + 1
	t.dirty = false
}

// giveUp retires the nodes below id, and id, that are newer than epoch. A node that is
// not newer has no newer descendants.
func (t *Tree) giveUp(id uint32, epoch Epoch) {
	n := t.node(id)
	if n.epoch <= epoch {
		return
	}
	if n.level > 0 {
		for _, child := range n.refs[:n.count] {
			t.giveUp(child, epoch)
		}
	}
	t.retire(id)
}

// Release forgets m and all later marks without changing the contents. It is optional:
// it lets nodes be reused, and changed in place, that only those marks could reach.
func (t *Tree) Release(m Mark) {
	invariant.Check(t.marks.holds(m), "release of a mark that is not valid any more")
	t.marks.popTo(m.depth)
	t.setFloor()
	t.retired.filter(m.retired, func(id uint32) bool {
		if t.node(id).epoch <= t.floor {
			return true
		}
		t.release(id)
		return false
	})
}

// Keep forgets all marks before m. It is optional, as Release is.
func (t *Tree) Keep(m Mark) {
	invariant.Check(t.marks.holds(m), "a mark that is not valid any more is to be kept")
	t.marks.dropTo(m.depth)
}

// Reclaim lets the tree reuse nodes that no state of epoch oldest or later contains. The
// caller promises that no View of an epoch below oldest is in use, and that no Mark of
// such an epoch will be rolled back to: those marks become invalid.
func (t *Tree) Reclaim(oldest Epoch) {
	r := &t.retired
	for r.head < len(r.list) && r.list[r.head].epoch <= oldest {
		t.release(r.list[r.head].id)
		r.head++
	}
	r.compact()
	if t.marks.dropBelow(oldest) {
		t.setFloor()
	}
}

// ReclaimBetween is Reclaim for a caller who knows all epochs, ascending, whose Views are in
// use: it also lets nodes be reused that came after one of them and went before the next.
// A View that is held for long then keeps the nodes it shows, and not all that were made
// since. It does nothing while there are marks, or while it would not be worth the pass
// over the retired nodes.
func (t *Tree) ReclaimBetween(held []Epoch) {
	if t.WantsReclaim() {
		t.reclaimBetween(held)
	}
}

func (t *Tree) reclaimBetween(held []Epoch) {
	r := &t.retired
	k, i := r.head, 0
	for _, n := range r.list[r.head:] {
		// The list ascends by when a node went; the last View before that decides.
		for i < len(held) && held[i] < n.epoch {
			i++
		}
		if i > 0 && held[i-1] >= t.node(n.id).epoch {
			r.list[k] = n
			k++
			continue
		}
		t.release(n.id)
	}
	r.list = r.list[:k]
	t.kept = k - r.head
}

// Retired returns how many nodes wait to be reclaimed.
func (t *Tree) Retired() int { return len(t.retired.list) - t.retired.head }

// WantsReclaim reports whether ReclaimBetween would do anything: whether the retired nodes
// have doubled since the last time.
func (t *Tree) WantsReclaim() bool {
	return len(t.marks.epochs) == 0 && t.Retired() > 2*t.kept+minReclaim
}

// minReclaim is how many retired nodes ReclaimBetween does not touch.
const minReclaim = 256

// setFloor recomputes the floor from the newest View and the newest mark.
func (t *Tree) setFloor() {
	t.floor = max(t.lastFreeze, t.marks.top())
}

// newNode returns an empty node of the current epoch.
func (t *Tree) newNode(level uint8) (uint32, *node) {
	id, n := t.allocate()
	n.epoch, n.level, n.count, n.skip = t.epoch, level, 0, 0
	for i := range n.heads {
		n.heads[i] = noHead
	}
	return id, n
}

// own returns node id if it may be changed in place, else a copy that takes its place.
// The caller stores the new number where the old one stood. Either way the node is of
// the current epoch afterwards, and so may be the parent of nodes made in it.
func (t *Tree) own(id uint32) (uint32, *node) {
	n := t.node(id)
	if n.epoch > t.floor {
		n.epoch = t.epoch
		return id, n
	}
	c, cn := t.allocate()
	*cn = *n
	cn.epoch = t.epoch
	t.retire(id)
	return c, cn
}

// allocate returns a node with undefined contents.
func (t *Tree) allocate() (uint32, *node) {
	t.numNodes++
	if k := len(t.free); k > 0 {
		id := t.free[k-1]
		t.free = t.free[:k-1]
		return id, t.node(id)
	}
	id := t.nextNode
	if int(id>>slabShift) == len(t.slabs) {
		t.slabs = append(t.slabs, new(slab))
	}
	t.nextNode++
	return id, t.node(id)
}

// retire takes a node out of the current state.
func (t *Tree) retire(id uint32) {
	t.numNodes--
	if t.node(id).epoch > t.floor {
		t.release(id)
		return
	}
	t.retired.push(retiredNode{id, t.epoch})
}

// release makes a node available that nobody can reach.
func (t *Tree) release(id uint32) {
	if invariant.Expensive {
		n := t.node(id)
		*n = node{epoch: ^Epoch(0), count: 0xDBDB, level: 0xDB}
	}
	t.free = append(t.free, id)
}
