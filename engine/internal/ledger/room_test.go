// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestRoomIsWhatMayBeWritten: of free blocks 2 and 4 to 6, which snapshots 11, 13, 14 and 12
// were the last to use.
func TestRoomIsWhatMayBeWritten(t *testing.T) {
	free := []format.FreeEntry{entry(2, 11), entry(4, 13), entry(5, 14), entry(6, 12)}
	for name, tt := range map[string]struct {
		synced base.SnapshotID
		pins   []base.SnapshotID
		begun  int // blocks of a segment that is being written
		free   []base.BlockNo
		end    base.BlockNo
	}{
		"no checkpoint":                        {0, nil, 0, nil, 6},
		"all of them":                          {15, nil, 0, []base.BlockNo{2, 4, 5, 6}, 3},
		"the checkpoint uses one":              {14, nil, 0, []base.BlockNo{2, 4, 6}, 5},
		"the checkpoint uses more":             {12, nil, 0, []base.BlockNo{2}, 6},
		"a pin uses one":                       {15, []base.SnapshotID{14}, 0, []base.BlockNo{2, 4, 6}, 5},
		"an older pin uses all that are newer": {15, []base.SnapshotID{12}, 0, []base.BlockNo{2}, 6},
		"a pin on the newest":                  {15, []base.SnapshotID{20}, 0, []base.BlockNo{2, 4, 5, 6}, 3},
		"one is being written":                 {15, nil, 1, []base.BlockNo{4, 5, 6}, 3},
		"three are":                            {15, nil, 3, []base.BlockNo{6}, 5},
		"all are":                              {15, nil, 4, nil, 6},
	} {
		t.Run(name, func(t *testing.T) {
			levels := []*snapshot.Level{levelIn(3), levelIn(1)}
			k := open(t, found{blocks: 6, free: free, stored: ledger.Stored{Synced: tt.synced}})
			for _, id := range tt.pins {
				k.First(&snapshot.Snapshot{ID: id}, memtree.New())
				k.Acquire()
			}
			k.First(&snapshot.Snapshot{ID: 20, Levels: levels}, memtree.New())
			for range tt.begun {
				k.allocate()
			}
			room := k.Room()
			if !slices.Equal(room.Free, tt.free) || room.End != tt.end || room.Blocks != 6 || !slices.Equal(room.Levels, levels) {
				t.Errorf("room is %v up to %d of %d, want %v up to %d of 6", room.Free, room.End, room.Blocks, tt.free, tt.end)
			}
			if end, ok, err := k.Unused(); end != tt.end || ok != (tt.synced > 0) || err != nil {
				t.Errorf("the file may be cut at %d (%t), want %d (%t)", end, ok, tt.end, tt.synced > 0)
			}
			if end := k.UsedEnd(); end != 3 {
				t.Errorf("in use up to %d, want 3, whatever pins there are", end)
			}
		})
	}
}

// TestFirstBlockIsNeverCutOff: it holds the meta pages.
func TestFirstBlockIsNeverCutOff(t *testing.T) {
	free := []format.FreeEntry{entry(1, 11), entry(2, 11)}
	for name, in := range map[string]found{
		"an empty file":         {},
		"everything in it free": {blocks: 2, free: free, stored: ledger.Stored{Synced: 12}, disk: snapshot.Snapshot{ID: 12}},
	} {
		k := open(t, in)
		if room := k.Room(); room.End != 1 {
			t.Errorf("%s: room up to %d", name, room.End)
		}
		if end := k.UsedEnd(); end != 1 {
			t.Errorf("%s: in use up to %d", name, end)
		}
	}
}

// TestNothingIsCutOffBeforeTheFirstCheckpoint, neither of a database in which nothing was
// published nor of one of which nothing is stored.
func TestNothingIsCutOffBeforeTheFirstCheckpoint(t *testing.T) {
	empty := base.EmptySnapshotID
	for name, tt := range map[string]struct {
		disk, synced base.SnapshotID
		want         bool
	}{
		"nothing published":    {empty, empty, false},
		"nothing stored":       {empty + 1, empty, false},
		"something was stored": {empty + 1, empty + 1, true},
	} {
		k := open(t, found{blocks: 3, stored: ledger.Stored{Synced: tt.synced}, disk: snapshot.Snapshot{ID: tt.disk}})
		if _, ok, err := k.Unused(); ok != tt.want || err != nil {
			t.Errorf("%s: %t, want %t", name, ok, tt.want)
		}
	}
}

// TestBooksFitTheState: what is pinned together with the books is what they are the books of.
func TestBooksFitTheState(t *testing.T) {
	k := open(t, found{})
	l := k.flush()
	reserved := k.allocate()
	st, account := k.PinAccount()
	want := []format.FreeEntry{entry(2, 0)} // as it would be after a crash
	if st != k.Newest() || account.Blocks != 2 || !slices.Equal(account.Free, want) || !slices.Equal(account.Delta, want) ||
		!slices.Equal(account.Reserved, []base.BlockNo{reserved}) {
		t.Errorf("account %+v", account)
	}
	st, c, free := k.PinExport()
	if st != k.Newest() || c.ID != 11 || c.Blocks != 2 || c.PageSize != 1024 || c.BlockSize != 64<<10 ||
		!slices.Equal(c.Free, want) || !slices.Equal(free, want) || len(c.Levels) != 1 || c.Levels[0].LHS != l.Seg.Segment {
		t.Errorf("export %+v, free %v", c, free)
	}
	k.Read(func(b ledger.Books) {
		if b.Newest != st || len(b.Pinned) != 1 || b.Pinned[0].State != st || b.Pinned[0].Pins != 2 || b.Free.Len() != 1 {
			t.Errorf("books %+v", b)
		}
	})
	k.Release(st)
	k.Release(st)
	k.Read(func(b ledger.Books) {
		if len(b.Pinned) != 0 {
			t.Errorf("%d states are pinned", len(b.Pinned))
		}
	})
}
