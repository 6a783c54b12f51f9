// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
)

func numbered(i int) []byte { return fmt.Appendf(nil, "key-%06d", i) }

func putAll(t *Tree, from, to int) {
	for i := from; i < to; i++ {
		t.Put(numbered(i), nil)
	}
}

// ruledOut returns how many keys of a range the filter of a View rules out, which GetHashed then
// does not find.
func ruledOut(v View, from, to int) int {
	n := 0
	for i := from; i < to; i++ {
		if _, r := v.GetHashed(numbered(i), filter.Hash(numbered(i))); r == Unknown {
			n++
		}
	}
	return n
}

// TestFilterComesWithTheRecords: a small tree has none; the filter of a larger one knows also
// what came before it, and rules almost all other keys out. It counts as memory of the tree.
func TestFilterComesWithTheRecords(t *testing.T) {
	tree := NewFor(1 << 20)
	putAll(tree, 0, filterFrom)
	if v := tree.Freeze(); v.HasFilter() {
		t.Error("a small tree has a filter")
	}
	before := tree.Footprint()
	putAll(tree, filterFrom, filterFrom+1)
	if got := tree.Footprint() - before; got < 1<<20/filterPart {
		t.Errorf("the memory of the tree has grown by %d bytes with the filter", got)
	}
	putAll(tree, filterFrom, 5000)
	v := tree.Freeze()
	if !v.HasFilter() {
		t.Fatal("no filter")
	}
	if n := ruledOut(v, 0, 5000); n != 0 {
		t.Errorf("%d keys that are there are ruled out", n)
	}
	absent := 0
	for i := 5000; i < 10_000; i++ {
		if v.filter.Absent(filter.Hash(numbered(i))) {
			absent++
		}
	}
	if absent < 4900 {
		t.Errorf("of 5000 keys that are not there %d are ruled out", absent)
	}
	plain := New()
	putAll(plain, 0, 2*filterFrom)
	if v := plain.Freeze(); v.HasFilter() {
		t.Error("a tree that is for none has a filter")
	}
}

// TestFilterAndRanges: once a range is deleted, keys that are in no record are known, so the filter
// is not asked, until the deletion is rolled back.
func TestFilterAndRanges(t *testing.T) {
	tree := NewFor(1 << 20)
	putAll(tree, 0, 1000)
	earlier := tree.Freeze()
	mark := tree.Mark()
	tree.DeleteRange([]byte("m"), []byte("n"))
	v := tree.Freeze()
	if v.HasFilter() || !earlier.HasFilter() {
		t.Error("the filter is asked about deleted ranges, or not asked about a state without")
	}
	if _, r := v.Get([]byte("middle")); r != Deleted {
		t.Error("a key in a deleted range is not deleted")
	}
	tree.RollbackTo(mark)
	if v := tree.Freeze(); !v.HasFilter() || ruledOut(v, 0, 1000) != 0 {
		t.Error("after the rollback the filter is not asked, or rules out keys")
	}
}

// TestRollbackToBeforeTheFilter: a filter that was made when records of an earlier state were gone
// does not know them, so it is none for that state.
func TestRollbackToBeforeTheFilter(t *testing.T) {
	tree := NewFor(1 << 20)
	putAll(tree, 0, filterFrom-100)
	mark := tree.Mark()
	tree.DeleteRange([]byte("a"), []byte("z"))
	putAll(tree, 10_000, 10_000+2*filterFrom)
	if tree.filter == nil || !tree.filter.Absent(filter.Hash(numbered(1))) {
		t.Fatal("the test has not made the filter that it is about")
	}
	tree.RollbackTo(mark)
	putAll(tree, 1000, 1000+filterFrom)
	v := tree.Freeze()
	if !v.HasFilter() {
		t.Fatal("no filter after the rollback")
	}
	if n := ruledOut(v, 0, filterFrom-100) + ruledOut(v, 1000, 1000+filterFrom); n != 0 {
		t.Errorf("%d keys that are there are ruled out", n)
	}
}

// TestFilterOfABatch: what a batch puts into a tree is in its filter, too, in order or not.
func TestFilterOfABatch(t *testing.T) {
	for _, step := range []int{1, 7919} {
		tree := NewFor(1 << 20)
		b := NewBatch(tree)
		for i := range 3000 {
			b.Put(numbered(i*step%3000), nil)
		}
		b.Apply()
		if v := tree.Freeze(); !v.HasFilter() || ruledOut(v, 0, 3000) != 0 {
			t.Errorf("step %d: there is no filter, or it rules out keys that are there", step)
		}
	}
}

// TestFilterThatLies: a filter that has lost a record, as only a broken memory or a bug can do it,
// ends a build with invariants.
func TestFilterThatLies(t *testing.T) {
	tree := NewFor(1 << 20)
	putAll(tree, 0, 1000)
	tree.filter = filter.NewLive(1 << 10)
	v := tree.Freeze()
	defer func() {
		if failed := recover() != nil; failed != invariant.Expensive {
			t.Errorf("the assertion failed: %t, want %t", failed, invariant.Expensive)
		}
	}()
	v.GetHashed(numbered(1), filter.Hash(numbered(1)))
}

// TestFiltersCostNoAllocation: a search that a filter saves, and one that it does not.
func TestFiltersCostNoAllocation(t *testing.T) {
	tree := NewFor(1 << 20)
	putAll(tree, 0, 1000)
	v := tree.Freeze()
	for _, i := range []int{1, 1001} {
		key := numbered(i)
		if n := testing.AllocsPerRun(100, func() { v.GetHashed(key, filter.Hash(key)) }); n != 0 {
			t.Errorf("key %d: %v allocations", i, n)
		}
	}
}
