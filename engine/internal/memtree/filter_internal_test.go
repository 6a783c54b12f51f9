// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"fmt"
	"math/rand/v2"
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

// TestNoFilterIsMadeForRanges: a tree in which a range was deleted gets no filter, nor does one that it has
// learn anything. After a rollback to before the range the tree gets one that knows all records.
func TestNoFilterIsMadeForRanges(t *testing.T) {
	tree := NewFor(1 << 20)
	putAll(tree, 0, filterFrom-100)
	mark := tree.Mark()
	tree.DeleteRange([]byte("a"), []byte("z"))
	putAll(tree, 10_000, 10_000+2*filterFrom)
	if tree.filter != nil {
		t.Error("a filter is made that nobody asks")
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
	tree.DeleteRange([]byte("x"), []byte("y"))
	putAll(tree, 20_000, 21_000)
	known := 0
	for i := 20_000; i < 21_000; i++ {
		if !tree.filter.Absent(filter.Hash(numbered(i))) {
			known++
		}
	}
	if known > 100 {
		t.Errorf("the filter knows %d of 1000 records that came after the range", known)
	}
}

// TestFilterStaysAfterARollback: transactions that are rolled back, each to a state in which there were not enough
// records for a filter yet, do not make it again and again.
func TestFilterStaysAfterARollback(t *testing.T) {
	tree := NewFor(1 << 20)
	putAll(tree, 0, filterFrom)
	key, made := numbered(filterFrom), 0
	var last *filter.Live
	for range 100 {
		mark := tree.Mark()
		tree.Put(key, nil)
		if tree.filter != last {
			last = tree.filter
			made++
		}
		tree.RollbackTo(mark)
		tree.Release(mark)
	}
	if made != 1 {
		t.Errorf("the filter was made %d times", made)
	}
	if v := tree.Freeze(); !v.HasFilter() || ruledOut(v, 0, filterFrom) != 0 {
		t.Error("after the rollbacks there is no filter, or it rules out keys that are there")
	}
}

// TestFilterKnowsEveryState: after any puts, deletions, deleted ranges, marks and rollbacks the filter of a View,
// if it has one, rules out no record.
func TestFilterKnowsEveryState(t *testing.T) {
	asked := 0
	for seed := range uint64(800) {
		rng := rand.New(rand.NewPCG(seed, 12))
		tree := NewFor(1 << 14)
		tree.filterFrom = 1 + rng.IntN(20)
		ranges := rng.IntN(3)
		var marks []Mark
		for range 100 {
			switch k, key := rng.IntN(20), numbered(rng.IntN(1000)); {
			case k < 3:
				marks = append(marks, tree.Mark())
			case k < 6 && len(marks) > 0:
				i := rng.IntN(len(marks))
				tree.RollbackTo(marks[i])
				marks = marks[:i+1]
			case k == 6 && len(marks) > 0:
				i := rng.IntN(len(marks))
				tree.Release(marks[i])
				marks = marks[:i]
			case k < 7+ranges:
				tree.DeleteRange(key, numbered(rng.IntN(1000)))
			case k < 11:
				tree.Delete(key)
			default:
				tree.Put(key, nil)
			}
			v := tree.Freeze()
			if !v.HasFilter() {
				continue
			}
			var it Iter
			it.Init(v)
			for ok := it.First(); ok; ok = it.Next() {
				if asked++; v.filter.Absent(filter.Hash(it.Key())) {
					t.Fatalf("seed %d: the filter does not know %q", seed, it.Key())
				}
			}
		}
	}
	if asked < 100_000 {
		t.Errorf("filters were asked for %d records only", asked)
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
