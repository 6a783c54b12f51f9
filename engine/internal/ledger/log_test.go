// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// TestLogUseCountsFromTheNewestCheckpoint: what comes before it is not needed, and a
// checkpoint of the newest state would free what its levels hold.
func TestLogUseCountsFromTheNewestCheckpoint(t *testing.T) {
	one := [3]wal.Region{2: {Start: 200, End: 1000}}
	wrapped := [3]wal.Region{{Start: 600, End: 1000}, {}, {Start: 0, End: 300}}
	for name, tt := range map[string]struct {
		regions [3]wal.Region
		stored  int64 // where the newest checkpoint ends, or -1 if there is none of this session
		levels  int64 // up to where the levels of the newest state reach
		want    ledger.LogUse
	}{
		"as opened":                              {one, -1, 200, ledger.LogUse{Needed: 800}},
		"as opened, and something is flushed":    {one, -1, 500, ledger.LogUse{Needed: 800, Freed: 300}},
		"all is flushed":                         {one, -1, 1000, ledger.LogUse{Needed: 800, Freed: 800}},
		"stored":                                 {one, 500, 500, ledger.LogUse{Needed: 500}},
		"stored, and more is flushed":            {one, 500, 700, ledger.LogUse{Needed: 500, Freed: 200}},
		"all is stored":                          {one, 1000, 1000, ledger.LogUse{}},
		"it has begun at its start again":        {wrapped, 600, 600, ledger.LogUse{Needed: 700}},
		"the levels reach past where it wrapped": {wrapped, 700, 100, ledger.LogUse{Needed: 600, Freed: 400}},
		"nothing in it":                          {[3]wal.Region{}, -1, 0, ledger.LogUse{}},
	} {
		k := open(t, found{stored: ledger.Stored{Synced: 11}, disk: snapshot.Snapshot{ID: 12, Log: format.LogPos{Off: max(tt.stored, 0)}}})
		if tt.stored >= 0 {
			k.store()
		}
		k.First(&snapshot.Snapshot{ID: 13, Log: format.LogPos{Off: tt.levels}}, memtree.New())
		k.Show(ledger.Commit{Regions: tt.regions})
		if got := k.LogUse(); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
		if k.LogRegions() != tt.regions {
			t.Errorf("%s: regions %v", name, k.LogRegions())
		}
	}
}

// TestLogIsReclaimableOnlyIfItsPlaceIsKnown: of a log that goes on, up to where the checkpoint
// ends; of another one, nothing before the first checkpoint.
func TestLogIsReclaimableOnlyIfItsPlaceIsKnown(t *testing.T) {
	k := open(t, found{stored: ledger.Stored{Synced: 11}, disk: snapshot.Snapshot{ID: 12, Log: format.LogPos{Off: 700}}})
	expect := func(when string, off int64, known bool) {
		t.Helper()
		if at, ok := k.Reclaimable(); at.Off != off || ok != known {
			t.Errorf("%s: up to %d (%t), want %d (%t)", when, at.Off, ok, off, known)
		}
	}
	expect("a log that was not looked at", 0, false)
	k.KeepLog(format.LogPos{Off: 300})
	expect("a log that goes on", 300, true)
	k.ForgetLog()
	expect("a log of something else", 0, false)
	k.store()
	expect("after a checkpoint", 700, true)
	regions := [3]wal.Region{2: {Start: 16, End: 16}}
	k.NewLog(format.LogPlace{}, regions)
	expect("a new log", 0, false)
	if st := k.Newest(); st.Disk.Log.Off != 0 || st.Disk.ID != 12 || k.LogRegions() != regions {
		t.Errorf("the new log: levels up to %d of it, state %d, regions %v", st.Disk.Log.Off, st.Disk.ID, k.LogRegions())
	}
	if got := k.LogUse(); got != (ledger.LogUse{}) {
		t.Errorf("of a new log %+v is in use", got)
	}
}
