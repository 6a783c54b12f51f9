// SPDX-License-Identifier: Apache-2.0

//go:build invariants

package cursor_test

import (
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestFilterThatLies: a filter that has lost a key's bits, as only a broken memory or a bug can
// do it, ends a build with invariants.
func TestFilterThatLies(t *testing.T) {
	w := newWorld(t, 1)
	tree := memtree.New()
	for _, k := range []string{"a", "b", "c"} {
		tree.Put([]byte(k), nil)
	}
	seg := w.segment(tree.Freeze(), nil, true, nil)
	f := filter.NewBuilder(100)
	f.Add(base.Insert, []byte("a"))
	f.Add(base.Insert, []byte("c"))
	seg.Index.SetFilter(f.Filter())
	st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{{Seg: seg}}}}
	if _, found, err := cursor.GetBelow(nil, []byte("a"), st); !found || err != nil {
		t.Fatal(found, err)
	}
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "a filter hides a record") {
			t.Errorf("the lookup of a key that the filter hides: %q", p)
		}
	}()
	_, found, err := cursor.GetBelow(nil, []byte("b"), st)
	t.Error("no invariant was violated", found, err)
}
