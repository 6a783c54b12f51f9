// SPDX-License-Identifier: Apache-2.0

package memtree_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

func TestSavepoints(t *testing.T) {
	tree := memtree.New()
	apply(t, tree, "put a 1;put b 2")
	base := tree.Freeze()
	outer := tree.Mark()
	apply(t, tree, "put a 3;del b;range d f")
	inner := tree.Mark()
	apply(t, tree, "range 0 z")
	for range 3 {
		tree.RollbackTo(inner)
		if got, want := dump(tree.Freeze()), "a:I=3 b:P d:S f:E"; got != want {
			t.Errorf("inner: got %s, want %s", got, want)
		}
		apply(t, tree, "put e 5;range a f")
	}
	held := tree.Freeze()
	tree.RollbackTo(outer)
	if got, want := dump(tree.Freeze()), "a:I=1 b:I=2"; got != want {
		t.Errorf("outer: got %s, want %s", got, want)
	}
	apply(t, tree, "put q 1;put a 9")
	if got, want := dump(held), "a:IS=3 f:E"; got != want {
		t.Errorf("view frozen before the rollback: got %s, want %s", got, want)
	}
	if got, want := dump(base), "a:I=1 b:I=2"; got != want {
		t.Errorf("view frozen first: got %s, want %s", got, want)
	}
	mustPanic(t, "rollback to a mark that a rollback ended", func() { tree.RollbackTo(inner) })
	tree.Release(outer)
	mustPanic(t, "release of a released mark", func() { tree.Release(outer) })
	late := tree.Mark()
	tree.Reclaim(late.Epoch() + 1)
	mustPanic(t, "rollback to a reclaimed mark", func() { tree.RollbackTo(late) })
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s does not panic", what)
		}
	}()
	f()
}

// TestRollbackIsUnchanged verifies that a rolled-back tree freezes to an equal View and
// has its size back.
func TestRollbackIsUnchanged(t *testing.T) {
	tree := memtree.New()
	for i := range 5000 {
		tree.Put(fmt.Appendf(nil, "%06d", i*7), []byte("value"))
	}
	v := tree.Freeze()
	m := tree.Mark()
	size, footprint := tree.Size(), 0
	for round := range 50 {
		for i := range 2000 {
			tree.Put(fmt.Appendf(nil, "%06d", i*11+round), bytes.Repeat([]byte("w"), 500))
		}
		tree.DeleteRange([]byte("001"), []byte("02"))
		inner := tree.Mark()
		tree.Put([]byte("x"), []byte("y"))
		tree.RollbackTo(inner)
		tree.RollbackTo(m)
		if w := tree.Freeze(); w.Epoch() != v.Epoch() || w.Len() != v.Len() || tree.Size() != size {
			t.Fatalf("epoch %d, %d records, size %d; expected %d, %d, %d",
				w.Epoch(), w.Len(), tree.Size(), v.Epoch(), v.Len(), size)
		}
		if round == 0 {
			footprint = tree.Footprint()
		}
	}
	if f := tree.Footprint(); f > footprint+footprint/4 {
		t.Errorf("footprint grows by rollbacks from %d to %d", footprint, f)
	}
}
