// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// TestCheckpointBegunBeforeGetsANewNumber: no two checkpoints that were ever put on a page
// have one number, and nothing is stored twice without a reason.
func TestCheckpointBegunBeforeGetsANewNumber(t *testing.T) {
	k := open(t, found{stored: ledger.Stored{Synced: base.EmptySnapshotID, NewestID: base.EmptySnapshotID, Meta: 2}})
	if e := k.Next(); e.Checkpoint != nil || e.Durable != 2 {
		t.Fatalf("of an empty database checkpoint %v is to be stored, after page %d", e.Checkpoint, e.Durable)
	}
	l := k.flush()
	e := k.Next()
	if e.Checkpoint == nil || e.Checkpoint.ID != 11 || len(e.Checkpoint.Levels) != 1 || e.Checkpoint.Blocks != 1 {
		t.Fatalf("checkpoint %+v", e.Checkpoint)
	}
	k.Failed(e, checkpoint.Nothing)
	e = k.Next()
	if e.Checkpoint == nil || e.Checkpoint.ID != 12 {
		t.Fatalf("after a failure checkpoint %+v, want number 12", e.Checkpoint)
	}
	k.expectLevels(12, l) // the state has the number, too
	if _, err := k.Done(e, refOf(e)); err != nil {
		t.Fatal(err)
	}
	if e := k.Next(); e.Checkpoint != nil {
		t.Errorf("checkpoint %d is to be stored again", e.Checkpoint.ID)
	}
	k.Restore()
	if e = k.Next(); e.Checkpoint == nil || e.Checkpoint.ID != 13 {
		t.Errorf("checkpoint %+v, want number 13", e.Checkpoint)
	}
}

// TestNewNumberIsAboveAllOfThePages: a page may have held a checkpoint that a crash has undone.
func TestNewNumberIsAboveAllOfThePages(t *testing.T) {
	k := open(t, found{stored: ledger.Stored{Synced: 11, NewestID: 40}, disk: snapshot.Snapshot{ID: 12}})
	if e := k.Next(); e.Checkpoint == nil || e.Checkpoint.ID != 41 {
		t.Errorf("checkpoint %+v, want number 41", e.Checkpoint)
	}
	if got := k.Stored().NewestID; got != 41 {
		t.Errorf("the newest number is %d", got)
	}
}

// TestStoredSaysHowFarACheckpointCame: the durable page changes once the other one is durable,
// and only what is on both pages counts as synced.
func TestStoredSaysHowFarACheckpointCame(t *testing.T) {
	was := ledger.Stored{Meta: 1, NewestID: 11, Synced: 11, Ref: format.CheckpointRef{ID: 11}, Written: 100}
	ref := format.CheckpointRef{ID: 12, Sum: [2]uint32{12, 7}}
	for name, tt := range map[string]struct {
		end  func(k *books, e ledger.Export)
		want ledger.Stored
	}{
		"begun": {func(*books, ledger.Export) {},
			ledger.Stored{Meta: 1, NewestID: 12, Synced: 11, Ref: was.Ref, Written: 100}},
		"failed before any page was durable": {func(k *books, e ledger.Export) { k.Failed(e, checkpoint.Nothing) },
			ledger.Stored{Meta: 1, Restore: true, NewestID: 12, Synced: 11, Ref: was.Ref, Written: 100}},
		"failed after the first page": {func(k *books, e ledger.Export) { k.Failed(e, checkpoint.First) },
			ledger.Stored{Meta: 2, Restore: true, NewestID: 12, Synced: 11, Ref: was.Ref, Written: 100}},
		"done": {func(k *books, e ledger.Export) {
			if pages, err := k.Done(e, ref); pages != 30 || err != nil {
				t.Errorf("%d pages became durable, want 30; %v", pages, err)
			}
		}, ledger.Stored{Meta: 2, NewestID: 12, Synced: 12, Ref: ref, Written: 130}},
		"done after one that failed": {func(k *books, e ledger.Export) {
			k.Failed(e, checkpoint.First)
			e = k.Next()
			if _, err := k.Done(e, ref); err != nil {
				t.Error(err)
			}
		}, ledger.Stored{Meta: 1, NewestID: 13, Synced: 13, Ref: ref, Written: 130}},
	} {
		t.Run(name, func(t *testing.T) {
			k := open(t, found{stored: was, disk: snapshot.Snapshot{ID: 12}})
			k.file.SetWritten(130)
			e := k.Next()
			if e.Durable != 1 || e.Checkpoint.Written != 130 {
				t.Fatalf("export %+v of %+v", e, e.Checkpoint)
			}
			tt.end(k, e)
			if got := k.Stored(); got != tt.want {
				t.Errorf("stored is %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestFirstCheckpointIsNotSynced: the empty checkpoint is on one page alone, so nothing may
// be reused on its strength.
func TestFirstCheckpointIsNotSynced(t *testing.T) {
	k := open(t, found{})
	ref := format.CheckpointRef{ID: base.EmptySnapshotID}
	k.StoredFirst(2, base.EmptySnapshotID, ref)
	if got, want := k.Stored(), (ledger.Stored{Meta: 2, NewestID: base.EmptySnapshotID, Ref: ref}); got != want {
		t.Errorf("stored is %+v, want %+v", got, want)
	}
}

// TestPagesSinceTheCheckpoint: what was written is counted from the newest checkpoint on, also
// when the count has begun again at 0.
func TestPagesSinceTheCheckpoint(t *testing.T) {
	for name, tt := range map[string]struct {
		stored, written uint32
		want            int64
	}{
		"nothing": {50, 50, 0}, "some": {50, 80, 30}, "past the end of the count": {1<<32 - 10, 20, 30},
	} {
		k := open(t, found{stored: ledger.Stored{Written: tt.stored}})
		k.file.SetWritten(tt.written)
		if got := k.Unstored(); got != tt.want {
			t.Errorf("%s: %d pages, want %d", name, got, tt.want)
		}
		if got := k.UnstoredBefore(&format.Checkpoint{Written: tt.stored + 5}); got != 5 {
			t.Errorf("%s: %d pages before a checkpoint, want 5", name, got)
		}
	}
}

// TestDueByEitherLimit: a checkpoint is due when one of the limits is reached, and never if
// the newest one holds everything.
func TestDueByEitherLimit(t *testing.T) {
	const page, log = 10 * 1024, 500 // written to the file, and freed of the log
	for name, tt := range map[string]struct {
		limits ledger.Limits
		stored base.SnapshotID
		want   bool
	}{
		"no limit":                     {ledger.Limits{}, 11, false},
		"the file":                     {ledger.Limits{File: page}, 11, true},
		"not yet the file":             {ledger.Limits{File: page + 1}, 11, false},
		"the log":                      {ledger.Limits{Log: log}, 11, true},
		"not yet the log":              {ledger.Limits{Log: log + 1}, 11, false},
		"the file, not yet the log":    {ledger.Limits{File: page, Log: log + 1}, 11, true},
		"the log, not yet the file":    {ledger.Limits{File: page + 1, Log: log}, 11, true},
		"none of both":                 {ledger.Limits{File: page + 1, Log: log + 1}, 11, false},
		"everything is stored already": {ledger.Limits{File: 1, Log: 1}, 12, false},
	} {
		disk := snapshot.Snapshot{ID: 12, Log: format.LogPos{Off: 700}}
		k := open(t, found{stored: ledger.Stored{Synced: tt.stored, Written: 5}, disk: disk})
		k.file.SetWritten(15)
		k.Show(ledger.Commit{Regions: [3]wal.Region{2: {Start: 200, End: 1000}}})
		if got := k.Due(tt.limits); got != tt.want {
			t.Errorf("%s: due %t, want %t", name, got, tt.want)
		}
	}
}

// TestDueByFreedBlocks: a checkpoint is due when it would free so many blocks that they are worth
// it, and a part of the file.
func TestDueByFreedBlocks(t *testing.T) {
	const block = 64 << 10
	for name, tt := range map[string]struct {
		blocks uint32 // of the file
		limit  int64
		want   bool
	}{
		"as many as the limit":          {20, 2 * block, true},
		"less":                          {20, 2*block + 1, false},
		"no limit":                      {20, 0, false},
		"less than a part of the file":  {3 * 16, 2 * block, false},
		"as many as a part of the file": {2 * 16, 2 * block, true},
	} {
		old := levelIn(3, 4)
		disk := snapshot.Snapshot{ID: 12, Levels: []*snapshot.Level{old}}
		k := open(t, found{blocks: tt.blocks, stored: ledger.Stored{Meta: 1, Synced: 12}, disk: disk})
		limits := ledger.Limits{Blocks: tt.limit}
		if k.Due(limits) {
			t.Errorf("%s: due before anything was given up", name)
		}
		k.publish(&ledger.Change{Inputs: []*snapshot.Level{old}})
		if got := k.Due(limits); got != tt.want {
			t.Errorf("%s: due %t, want %t", name, got, tt.want)
		}
		k.store()
		k.flush()
		if k.Due(limits) {
			t.Errorf("%s: due after a checkpoint", name)
		}
	}
}

// TestOlderLogStaysWhileOthersRead: a foreign reader may recover from the log before the new
// checkpoint, and so may one of which nobody knows.
func TestOlderLogStaysWhileOthersRead(t *testing.T) {
	for name, tt := range map[string]struct {
		foreign bool
		err     error
		want    int64
	}{
		"nobody":            {false, nil, 700},
		"a foreign reader":  {true, nil, 300},
		"nobody knows that": {false, errFail, 300},
	} {
		k := open(t, found{stored: ledger.Stored{Synced: 11}, disk: snapshot.Snapshot{ID: 12, Log: format.LogPos{Off: 700}}})
		k.KeepLog(format.LogPos{Off: 300})
		k.foreign, k.foreignErr = tt.foreign, tt.err
		e := k.Next()
		if _, err := k.Done(e, refOf(e)); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", name, err)
		}
		if at, known := k.Reclaimable(); at.Off != tt.want || !known {
			t.Errorf("%s: the log may be written over up to %d (%t), want %d", name, at.Off, known, tt.want)
		}
		if got := k.Stored().Synced; got != 12 {
			t.Errorf("%s: checkpoint %d is synced", name, got)
		}
	}
}
