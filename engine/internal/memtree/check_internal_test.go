// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// skipAll has the heads leave out all of keys that have 8 bytes.
func (n *node) skipAll() {
	n.skip = 8
	clear(n.heads[:n.count])
}

// TestCheck breaks one thing at a time and expects Check to name it.
func TestCheck(t *testing.T) {
	tests := []struct {
		name, want string
		damage     func(v *View, root, leaf *node)
	}{
		{"keys out of order", "follows", func(_ *View, _, leaf *node) {
			leaf.refs[1], leaf.refs[2] = leaf.refs[2], leaf.refs[1]
			leaf.heads[1], leaf.heads[2] = leaf.heads[2], leaf.heads[1]
		}},
		{"wrong head", "head of key", func(_ *View, _, leaf *node) { leaf.heads[1]++ }},
		{"wrong head of a separator", "head of separator", func(_ *View, root, _ *node) { root.heads[1]++ }},
		{"more left out than is shared", "leave out", func(_ *View, _, leaf *node) { leaf.skipAll() }},
		{"more left out than separators share", "leave out", func(_ *View, root, _ *node) { root.skipAll() }},
		{"prefix that a key does not have", "leave out", func(v *View, _, _ *node) { v.prefix.len = 8 }},
		{"head left behind", "unused head", func(_ *View, root, _ *node) { root.heads[fanout-1] = 1 }},
		{"half a range", "one end only", func(_ *View, _, leaf *node) { leaf.aux[1] |= uint32(base.StartDelete) }},
		{"no kind", "has kind", func(_ *View, _, leaf *node) { leaf.aux[1] = 0 }},
		{"unknown kind", "has kind", func(_ *View, _, leaf *node) { leaf.aux[1] = uint32(base.System | base.Insert) }},
		{"inserted and deleted", "inserted and deleted", func(_ *View, _, leaf *node) {
			leaf.aux[1] = uint32(base.Insert | base.PointDelete)
		}},
		{"children swapped", "outside the bounds", func(_ *View, root, _ *node) {
			root.refs[0], root.refs[1] = root.refs[1], root.refs[0]
		}},
		{"separators swapped", "out of order", func(_ *View, root, _ *node) {
			root.aux[1], root.aux[2] = root.aux[2], root.aux[1]
			root.heads[1], root.heads[2] = root.heads[2], root.heads[1]
		}},
		{"empty leaf", "entries", func(_ *View, _, leaf *node) { leaf.count = 0 }},
		{"wrong level", "level", func(_ *View, _, leaf *node) { leaf.level = 1 }},
		{"leaf newer than its parent", "under a node", func(_ *View, _, leaf *node) { leaf.epoch++ }},
		{"root with one child", "one child", func(_ *View, root, _ *node) { root.truncate(1) }},
		{"wrong number of records", "records, expected", func(v *View, _, _ *node) { v.numRecords++ }},
		{"range without an end", "last key", func(v *View, root, _ *node) {
			last := v.node(root.refs[root.count-1])
			last.aux[last.count-1] |= uint32(base.StartDelete)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := New()
			for i := range 100 {
				tree.Put(fmt.Appendf(nil, "%08d", i), nil)
			}
			v := tree.Freeze()
			if err := v.Check(); err != nil {
				t.Fatal(err)
			}
			root := v.node(v.root)
			tt.damage(&v, root, v.node(root.refs[0]))
			if err := v.Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, expected one with %q", err, tt.want)
			}
		})
	}
}

// TestRemoveEmptiesNodes deletes the records of a deleted range one by one, in several
// orders, so that leaves and inner nodes become empty and the tree loses its levels.
func TestRemoveEmptiesNodes(t *testing.T) {
	const n = 3000
	key := func(i int) []byte { return fmt.Appendf(nil, "%08d", i) }
	for _, step := range []int{1, n - 1, 1009} {
		tree := New()
		tree.DeleteRange([]byte("0"), []byte("9"))
		for i := range n {
			tree.Put(key(i), nil)
		}
		v := tree.Freeze()
		for i := range n {
			tree.Delete(key(i * step % n))
			if i%50 == 0 || i > n-50 {
				if err := tree.check(); err != nil {
					t.Fatalf("step %d, %d deleted: %v", step, i+1, err)
				}
			}
		}
		// The ends of the range are left, each at the end of a branch of its own.
		if w := tree.Freeze(); w.Len() != 2 || tree.numNodes > 2*maxLevels {
			t.Errorf("step %d: %d records in %d nodes are left", step, w.Len(), tree.numNodes)
		}
		if err := v.Check(); err != nil || v.Len() != n+2 {
			t.Errorf("step %d: view frozen before has %d records: %v", step, v.Len(), err)
		}
	}
}
