// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"fmt"
)

// state returns a View of the tree's current state without ending the epoch.
func (t *Tree) state() View {
	return View{store: t.store, root: t.root, numRecords: uint32(t.numRecords), size: t.Size(), filter: t.asked()}
}

// check verifies structure and order of the current state, and that every node is in
// exactly one place: tree, retired list or free list.
func (t *Tree) check() error {
	v := t.state()
	if err := v.Check(); err != nil {
		return err
	}
	place, placed := make([]string, t.nextNode), 0
	put := func(id uint32, where string) error {
		if id == 0 || id >= t.nextNode {
			return fmt.Errorf("%s has node %d, which was never made", where, id)
		}
		if place[id] != "" {
			return fmt.Errorf("node %d is in %s and %s", id, place[id], where)
		}
		place[id] = where
		placed++
		return nil
	}
	var walk func(id uint32) error
	walk = func(id uint32) error {
		n := t.node(id)
		if n.epoch > t.epoch || !t.dirty && n.epoch >= t.epoch {
			return fmt.Errorf("node %d has epoch %d in epoch %d", id, n.epoch, t.epoch)
		}
		if n.level > 0 {
			for _, c := range n.refs[:n.count] {
				if err := walk(c); err != nil {
					return err
				}
			}
		}
		return put(id, "the tree")
	}
	if t.root != 0 {
		if err := walk(t.root); err != nil {
			return err
		}
	}
	if placed != t.numNodes {
		return fmt.Errorf("%d nodes, expected %d", placed, t.numNodes)
	}
	var last Epoch
	for _, r := range t.retired.list[t.retired.head:] {
		if r.epoch < last || r.epoch > t.epoch {
			return fmt.Errorf("retired in epoch %d after epoch %d, now %d", r.epoch, last, t.epoch)
		}
		last = r.epoch
		if err := put(r.id, "the retired list"); err != nil {
			return err
		}
	}
	for _, id := range t.free {
		if err := put(id, "the free list"); err != nil {
			return err
		}
	}
	if placed != int(t.nextNode)-1 {
		return fmt.Errorf("%d of %d nodes are accounted for", placed, t.nextNode-1)
	}
	return nil
}
