// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/inspect"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestPins pins two old states beside the newest one, of which the older shows a block and
// a tree that nobody else needs.
func TestPins(t *testing.T) {
	list, err := freelist.New(4, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	list.Publish([]base.BlockNo{1, 2}, nil, 11)
	list.Publish([]base.BlockNo{3, 4}, []base.BlockNo{2}, 12) // used by snapshots up to 12
	tree := memtree.New()
	tree.Put([]byte("key"), make([]byte, 100))
	view := tree.Freeze()
	now := time.Unix(1000, 0)
	state := func(id base.SnapshotID, seq uint64, live memtree.View) *snapshot.State {
		return &snapshot.State{Disk: &snapshot.Snapshot{ID: id}, Seq: seq, Live: live}
	}
	newest := state(14, 9, memtree.View{})
	books := ledger.Books{
		Newest: newest, Free: list, Synced: 13,
		Pinned: []snapshot.Pinned{
			{State: state(12, 5, view), Pins: 2, Replaced: now.Add(-time.Minute).UnixNano()},
			{State: state(13, 7, memtree.View{}), Pins: 1, Replaced: now.Add(time.Hour).UnixNano()}, // the clock was set back
			{State: newest, Pins: 3},
		},
	}
	size := int64(view.Size())
	want := []inspect.Pin{
		{Snapshot: 12, Commit: 5, Count: 2, Age: time.Minute, HeldBlocks: 1, HeldTreeBytes: size},
		{Snapshot: 13, Commit: 7, Count: 1},
		{Snapshot: 14, Commit: 9, Count: 3},
	}
	if h := inspect.Pins(books, now); !slices.Equal(h.Pins, want) || h.Blocks != 1 || h.TreeBytes != size {
		t.Errorf("got %+v\nwant %+v", h, want)
	}
	// A tree that the newest state shows is held by nobody else, nor is a block that no
	// durable checkpoint has given up.
	newest.Live, books.Synced = view, 12
	if h := inspect.Pins(books, now); h.Blocks != 0 || h.TreeBytes != 0 || h.Pins[0].HeldBlocks != 0 {
		t.Errorf("held by the newest state as well: %+v", h)
	}
}
