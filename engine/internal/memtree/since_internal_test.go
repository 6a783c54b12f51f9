// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"fmt"
	"testing"
)

// TestFirstInsertLooksAtChangesOnly: what was not touched since the earlier View is not
// looked at, however much it is.
func TestFirstInsertLooksAtChangesOnly(t *testing.T) {
	tree := New()
	key := func(i int) []byte { return fmt.Appendf(nil, "%08d", i) }
	const n = 100_000
	for i := range n {
		tree.Delete(key(i))
	}
	old := tree.Freeze()
	tree.Delete(key(n))
	for _, at := range []int{-1, 70_001} {
		want := ""
		if at >= 0 {
			want = string(key(at)) + "x"
			tree.Put([]byte(want), nil)
		}
		v := tree.Freeze()
		first, a := v.FirstInsert(key(0), key(n), old.Epoch())
		last, b := v.LastInsert(key(0), key(n), old.Epoch())
		if string(first) != want || string(last) != want {
			t.Errorf("found %q and %q, want %q", first, last, want)
		}
		if a > 20 || b > 20 {
			t.Errorf("looked at %d and %d nodes of %d", a, b, tree.numNodes)
		}
	}
	if key, n := New().Freeze().FirstInsert([]byte{}, []byte("z"), 0); key != nil || n != 0 {
		t.Errorf("an empty tree: %q, %d nodes", key, n)
	}
	if key, n := New().Freeze().LastInsert([]byte{}, []byte("z"), 0); key != nil || n != 0 {
		t.Errorf("an empty tree: %q, %d nodes", key, n)
	}
}
