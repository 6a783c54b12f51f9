// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestPins holds states of different ages and wants the report to say what each of them
// costs, and that it costs nothing once it is let go.
func TestPins(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), NoAutoWork: true, AutoCheckpoint: -1, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pins := func() engine.PinReport {
		t.Helper()
		r, err := db.Pins()
		if err != nil {
			t.Fatal(err)
		}
		s := db.Stats()
		var count int64
		for _, p := range r.Pins {
			count += p.Count
		}
		if s.Pins != count || s.PinnedBlocks != r.HeldBlocks || s.PinnedTreeBytes != r.HeldTreeBytes || (len(r.Pins) > 0 && r.Pins[0].Age > 0) != (s.OldestPin > 0) {
			t.Errorf("stats and pins differ: %+v, %+v", s, r)
		}
		return r
	}
	snapshot := func() *engine.Snapshot {
		t.Helper()
		s, err := db.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if r := pins(); len(r.Pins) != 0 || r.HeldBlocks != 0 || r.HeldTreeBytes != 0 || r.ForeignReader {
		t.Errorf("nobody holds anything: %+v", r)
	}

	putN(t, db, 0, 2000, 100)
	tree := db.Stats().LiveBytes
	old := snapshot()
	cur, err := old.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	if r := pins(); len(r.Pins) != 1 || r.Pins[0].Count != 2 || r.Pins[0].Age != 0 || r.Pins[0].Commit != 1 || r.HeldTreeBytes != 0 {
		t.Errorf("the newest state costs nothing: %+v", r)
	}

	// The tree that the snapshot shows is flushed, and stays in memory for it.
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if r := pins(); len(r.Pins) != 1 || r.Pins[0].Age <= 0 || r.Pins[0].Age > time.Hour || r.HeldTreeBytes != tree || r.HeldBlocks != 0 {
		t.Errorf("after the flush of a tree of %d bytes: %+v", tree, r)
	}

	// What a second snapshot shows is merged away: its blocks are free, but not for use.
	putN(t, db, 1000, 2000, 100)
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	young := snapshot()
	before := db.Stats()
	if _, err := db.Work(ctx, engine.WorkOptions{Merge: 2}); err != nil {
		t.Fatal(err)
	}
	if r := pins(); r.HeldBlocks != 0 {
		t.Errorf("blocks that the newest checkpoint refers to are not held by pins: %+v", r)
	}
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	r := pins()
	if len(r.Pins) != 2 || r.Pins[0].Snapshot >= r.Pins[1].Snapshot || r.Pins[0].Age < r.Pins[1].Age || r.Pins[1].Age <= 0 || r.Pins[0].Count != 2 || r.Pins[1].Count != 1 {
		t.Errorf("two states, the older one first: %+v", r)
	}
	freed := db.Stats().FreeBlocks - before.FreeBlocks
	if freed < 3 || r.HeldBlocks != freed || r.HeldBytes != freed*64<<10 || r.Pins[0].HeldBlocks != 0 || r.Pins[1].HeldBlocks != freed {
		t.Errorf("%d blocks were freed: %+v", freed, r)
	}

	// The old one is older, but shows nothing of what was merged: it does not hold it.
	if err := young.Close(); err != nil {
		t.Fatal(err)
	}
	if r := pins(); len(r.Pins) != 1 || r.HeldBlocks != 0 || r.HeldTreeBytes != tree {
		t.Errorf("without the younger one: %+v", r)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if r := pins(); len(r.Pins) != 1 || r.Pins[0].Count != 1 || r.HeldBlocks != 0 || r.HeldTreeBytes != tree {
		t.Errorf("the cursor alone: %+v", r)
	}
	if err := cur.Close(); err != nil {
		t.Fatal(err)
	}
	if r := pins(); len(r.Pins) != 0 || r.HeldBlocks != 0 || r.HeldTreeBytes != 0 {
		t.Errorf("nobody holds anything any more: %+v", r)
	}

	// A transaction holds the state that it began from.
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if r := pins(); len(r.Pins) != 1 || r.Pins[0].Age != 0 {
		t.Errorf("a transaction: %+v", r)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
}

// TestPinsOfAForeignReader: a read-only process that was there before is told of.
func TestPinsOfAForeignReader(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	// Such a process holds this lock while it reads.
	f, err := mem.Open("/x.lsm", vfs.ReadOnly, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Lock(vfs.SlotROTrans, vfs.Shared); err != nil {
		t.Fatal(err)
	}
	if r, err := db.Pins(); err != nil || !r.ForeignReader {
		t.Errorf("%+v, %v", r, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := db.Pins(); err != nil || r.ForeignReader {
		t.Errorf("%+v, %v", r, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pins(); err == nil {
		t.Error("a closed database tells who holds it")
	}
}
