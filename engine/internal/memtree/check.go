// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Check walks the whole View and returns an error that names the first violation of the
// package's invariants it finds, nil if there is none. A violation is a bug.
func (v View) Check() error {
	c := checker{v: v}
	if v.root != 0 {
		if err := c.node(v.root, int(v.node(v.root).level), ^Epoch(0), nil, nil); err != nil {
			return fmt.Errorf("in-memory tree: %w", err)
		}
	}
	if c.lastKind&base.StartDelete != 0 {
		return fmt.Errorf("in-memory tree: last key %.40q starts a deleted range", c.lastKey)
	}
	if c.records != v.Len() {
		return fmt.Errorf("in-memory tree: %d records, expected %d", c.records, v.Len())
	}
	return nil
}

// checker is the state of a walk over all nodes in key order.
type checker struct {
	v        View
	nodes    int
	records  int
	lastKey  []byte
	lastKind base.Kind
}

// node checks the subtree of node id. Its keys k have low <= k < high; nil stands for
// no bound, which differs from an empty key by being nil.
func (c *checker) node(id uint32, level int, parent Epoch, low, high []byte) error {
	n := c.v.node(id)
	c.nodes++
	count := int(n.count)
	switch {
	case int(n.level) != level:
		return fmt.Errorf("node %d on level %d says level %d", id, level, n.level)
	case count < 1 || count > fanout:
		return fmt.Errorf("node %d has %d entries", id, count)
	case n.epoch > parent:
		return fmt.Errorf("node %d of epoch %d under a node of epoch %d", id, n.epoch, parent)
	case id == c.v.root && level > 0 && count == 1:
		return fmt.Errorf("root %d has one child", id)
	}
	for i := count; i < fanout; i++ {
		if n.heads[i] != noHead {
			return fmt.Errorf("node %d: unused head %d is set", id, i)
		}
	}
	if level == 0 {
		return c.leaf(id, n, low, high)
	}
	for i := range count {
		from, to := low, high
		if i > 0 {
			from = c.v.key(n.aux[i])
			if !c.shares(from, n, n.aux[1]) {
				return fmt.Errorf("node %d: separator %d does not have the bytes that the heads leave out", id, i)
			}
			if n.heads[i] != headAfter(from, int(n.skip)) {
				return fmt.Errorf("node %d: head of separator %d does not match", id, i)
			}
		}
		if i+1 < count {
			to = c.v.key(n.aux[i+1])
		}
		if to != nil && from != nil && base.Compare(from, to) >= 0 {
			return fmt.Errorf("node %d: bounds of child %d are out of order", id, i)
		}
		if err := c.node(n.refs[i], level-1, n.epoch, from, to); err != nil {
			return err
		}
	}
	return nil
}

// shares reports whether a key of a node shares what it has to with another one, whose record is
// at ref, and with all keys of the tree.
func (c *checker) shares(key []byte, n *node, ref uint32) bool {
	skip := int(n.skip)
	return len(key) >= skip && sharedBytes(key, c.v.key(ref)) >= skip && c.v.shared(key) == int(c.v.prefix.len)
}

func (c *checker) leaf(id uint32, n *node, low, high []byte) error {
	for i := range int(n.count) {
		key, kind := c.v.key(n.refs[i]), base.Kind(n.aux[i])
		switch {
		case !c.shares(key, n, n.refs[0]):
			return fmt.Errorf("leaf %d: key %.40q does not have the bytes that the heads leave out", id, key)
		case n.heads[i] != headAfter(key, int(n.skip)):
			return fmt.Errorf("leaf %d: head of key %.40q does not match", id, key)
		case low != nil && base.Compare(key, low) < 0, high != nil && base.Compare(key, high) >= 0:
			return fmt.Errorf("leaf %d: key %.40q is outside the bounds of its leaf", id, key)
		case c.records > 0 && base.Compare(c.lastKey, key) >= 0:
			return fmt.Errorf("leaf %d: key %.40q follows %.40q", id, key, c.lastKey)
		case kind == 0 || kind&^(base.Insert|base.PointDelete|base.RangeBits) != 0:
			return fmt.Errorf("leaf %d: key %.40q has kind %#x", id, key, kind)
		case kind&base.Insert != 0 && kind&base.PointDelete != 0:
			return fmt.Errorf("leaf %d: key %.40q is inserted and deleted", id, key)
		case (c.lastKind&base.StartDelete != 0) != (kind&base.EndDelete != 0):
			return fmt.Errorf("leaf %d: deleted range between %.40q (kind %#x) and %.40q (kind %#x) has one end only",
				id, c.lastKey, c.lastKind, key, kind)
		}
		c.records++
		c.lastKey, c.lastKind = key, kind
	}
	return nil
}
