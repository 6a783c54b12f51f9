// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestForeignReaderThatComesInBetween begins to read the newest checkpoint just after it was asked about, and another
// one is stored before a block is chosen: what the former uses is not given away.
func TestForeignReaderThatComesInBetween(t *testing.T) {
	b := open(t, found{blocks: 3, free: []format.FreeEntry{entry(2, 12)}, stored: ledger.Stored{Synced: 12}, disk: snapshot.Snapshot{ID: 13}})
	b.asked = func() { b.store() }
	if got := b.allocate(); got != 4 {
		t.Errorf("block %d, which checkpoint 12 uses; want a new one", got)
	}
	if got := b.allocate(); got != 2 {
		t.Errorf("block %d, want the one that nobody uses any more", got)
	}
}

// TestReadersOfOtherProcesses hold on to a checkpoint: what it uses is neither given away nor cut off.
func TestReadersOfOtherProcesses(t *testing.T) {
	fsys := memfs.New()
	file := func(name string) vfs.File {
		f, err := fsys.Open(name, vfs.ReadWrite|vfs.Create, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	b := open(t, found{blocks: 5, free: []format.FreeEntry{entry(4, 12), entry(5, 11)}, stored: ledger.Stored{Synced: 12},
		disk: snapshot.Snapshot{ID: 16}})
	page := file("/db-live")
	w := b.LetRead(live.WriterConfig{Locks: file("/db").(vfs.RangeLocker), Page: page}, wal.Place{})
	newest := b.LiveCheckpoint()
	if newest.ID != 12 {
		t.Fatalf("checkpoint %d is shown", newest.ID)
	}
	if err := w.Begin(0, wal.Place{}, newest); err != nil {
		t.Fatal(err)
	}
	r := live.NewReader(live.ReaderConfig{Locks: file("/db").(vfs.RangeLocker), Page: page,
		Find: func(base.SnapshotID) (bool, error) { return true, nil }})
	h, err := r.Attach()
	if err != nil {
		t.Fatal(err)
	}
	e := b.Next()
	b.HalfStored(e)
	if p, err := r.Read(); p.Checkpoint.ID != 16 || err != nil || b.Stored().Synced != 12 {
		t.Errorf("checkpoint %d is shown, %v, while %d is synced", p.Checkpoint.ID, err, b.Stored().Synced)
	}
	if _, err := b.Done(e, refOf(e)); err != nil {
		t.Fatal(err)
	}
	expect := func(end base.BlockNo, free ...base.BlockNo) {
		t.Helper()
		room := b.Room()
		cut, _, err := b.Unused()
		if room.End != end || cut != end || !slices.Equal(room.Free, free) || err != nil {
			t.Errorf("room is %v up to %d, and the file may be cut at %d; want %v up to %d", room.Free, room.End, cut, free, end)
		}
	}
	expect(4, 5)
	if got := b.allocate(); got != 5 {
		t.Errorf("block %d, want 5", got)
	}
	if err := h.Release(); err != nil {
		t.Fatal(err)
	}
	expect(5, 4)
	if got := b.allocate(); got != 4 {
		t.Errorf("block %d, want 4", got)
	}
}
