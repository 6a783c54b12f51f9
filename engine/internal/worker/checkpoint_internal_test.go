// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// found returns the number of the checkpoint that both meta pages hold.
func (d *desk) found() int64 {
	d.t.Helper()
	l, err := checkpoint.Load(d.data, d.Path)
	must(d.t, err)
	if l.NumValid != 2 || !l.Pair() {
		d.t.Errorf("%d valid pages, a pair: %t", l.NumValid, l.Pair())
		return 0
	}
	return int64(l.Checkpoint.ID)
}

// TestCheckpointHoldsTheNewestState on both meta pages, once.
func TestCheckpointHoldsTheNewestState(t *testing.T) {
	var stored []Stored
	d := newDesk(t, func(c *Config, _ *tuning.Values) {
		c.Events.Checkpointed = func(s Stored) { stored = append(stored, s) }
	})
	d.flush(500, 200)
	pages, err := d.Checkpoint(context.Background(), "checkpoint")
	if err != nil || pages < 100 || d.found() != 11 {
		t.Errorf("%d pages are durable, checkpoint %d; %v", pages, d.found(), err)
	}
	if len(stored) != 1 || stored[0].ID != 11 || stored[0].Bytes != pages*1024 || d.Counters.Checkpoints.Load() != 1 {
		t.Errorf("stored %+v, %d counted", stored, d.Counters.Checkpoints.Load())
	}
	if got, want := d.pace.stored.Load(), d.File.Written(); got != want {
		t.Errorf("%d pages count as stored, want %d", got, want)
	}
	if pages, err = d.Checkpoint(context.Background(), "checkpoint"); pages != 0 || err != nil || len(stored) != 1 {
		t.Errorf("again %d pages, %v", pages, err)
	}
}

// TestWorkMakesTheCheckpointThatIsDue, or has it made by the goroutine that is there for it.
func TestWorkMakesTheCheckpointThatIsDue(t *testing.T) {
	for name, tt := range map[string]struct {
		auto  int64
		other bool
		made  int64
	}{
		"due":                   {50 << 10, false, 1},
		"not due yet":           {500 << 10, false, 0},
		"never":                 {0, false, 0},
		"another goroutine's":   {50 << 10, true, 0},
		"not that one's either": {500 << 10, true, 0},
	} {
		d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoCheckpoint = tt.auto })
		if tt.other {
			d.bg.checkpointer = make(chan struct{}, 1)
		}
		d.flush(500, 200)
		if got := d.Counters.Checkpoints.Load(); got != tt.made {
			t.Errorf("%s: %d checkpoints, want %d", name, got, tt.made)
		}
		if due := tt.auto > 0 && tt.auto < 100<<10; tt.other && (len(d.bg.checkpointer) == 1) != due {
			t.Errorf("%s: the checkpointer is woken: %t", name, !due)
		}
	}
}

// TestFailedSyncEndsWriting, and no other failure of a checkpoint does.
func TestFailedSyncEndsWriting(t *testing.T) {
	for name, tt := range map[string]struct {
		write, sync error
		want        error
		poisoned    bool
	}{
		"a sync":      {nil, errFail, errs.ErrIO, true},
		"a write":     {errFail, nil, errs.ErrIO, false},
		"a full disk": {syscall.ENOSPC, nil, errs.ErrFull, false},
	} {
		d := newDesk(t, nil)
		d.flush(500, 200)
		d.data.write, d.data.sync = tt.write, tt.sync
		if _, err := d.Checkpoint(context.Background(), "checkpoint"); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if (d.poisoned != nil) != tt.poisoned || d.Counters.CheckpointErrors.Load() != 1 || !d.Ledger.Stored().Restore {
			t.Errorf("%s: poisoned by %v; %d errors are counted", name, d.poisoned, d.Counters.CheckpointErrors.Load())
		}
		d.data.write, d.data.sync = nil, nil
		_, err := d.Checkpoint(context.Background(), "checkpoint")
		if tt.poisoned {
			if err == nil {
				t.Errorf("%s: another checkpoint is stored", name)
			}
		} else if err != nil || d.found() != 12 {
			t.Errorf("%s: checkpoint %d, %v; want 12", name, d.found(), err)
		}
	}
}

// TestFailedCheckpointIsTriedAgain by a commit, when its pause is over.
func TestFailedCheckpointIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := errFail
		d := newDesk(t, func(c *Config, v *tuning.Values) {
			c.Host.BeforeStore = func() error { return fail }
			v.AutoCheckpoint = 50 << 10
		})
		d.setAside(500, 200)
		d.live.fill = 1
		d.AfterCommit(1)
		if d.Ledger.Newest().HasOld || !d.failures.failing[checkpointTask].Load() || d.failures.failing[flushTask].Load() {
			t.Fatalf("an old tree: %t; the checkpoint fails: %t", d.Ledger.Newest().HasOld, d.failures.failing[checkpointTask].Load())
		}
		fail = nil
		d.AfterCommit(1)
		if got := d.Counters.Checkpoints.Load(); got != 0 {
			t.Errorf("%d checkpoints before the pause is over", got)
		}
		time.Sleep(firstPause)
		d.AfterCommit(1)
		if d.Counters.Checkpoints.Load() != 1 || d.failures.failing[checkpointTask].Load() || d.found() != 12 {
			t.Errorf("%d checkpoints after it; it fails still: %t", d.Counters.Checkpoints.Load(), d.failures.failing[checkpointTask].Load())
		}
		if err := d.KeptError(context.Background()); !errors.Is(err, errFail) {
			t.Errorf("a transaction is told %v", err)
		}
	})
}

// TestStoreAllTakesEveryClaimBack, whether there is something to store or not: nothing needs the
// log any more.
func TestStoreAllTakesEveryClaimBack(t *testing.T) {
	for name, change := range map[string]func(d *desk){
		"something to store": func(d *desk) { d.flush(50, 200) },
		"nothing to store":   func(*desk) {},
		"a commit since":     func(d *desk) { d.notes.Claim(5) },
	} {
		d := newDesk(t, nil)
		d.flush(50, 200)
		_, err := d.Checkpoint(context.Background(), "checkpoint")
		must(t, err)
		change(d)
		d.holdTurn(func() { must(t, d.StoreAll(context.Background())) })
		l, err := checkpoint.Load(d.data, d.Path)
		must(t, err)
		if !l.Pair() || l.Pages[0].Note.LogInUse || l.Pages[1].Note.LogInUse || l.Checkpoint.ID != d.Ledger.Newest().Disk.ID {
			t.Errorf("%s: checkpoint %d of %d; notes %+v and %+v", name, l.Checkpoint.ID, d.Ledger.Newest().Disk.ID,
				l.Pages[0].Note, l.Pages[1].Note)
		}
	}
}

// TestNothingIsStoredUnderAWrongName: the names of the files are looked at first.
func TestNothingIsStoredUnderAWrongName(t *testing.T) {
	d := newDesk(t, func(c *Config, _ *tuning.Values) { c.Host.BeforeStore = func() error { return errFail } })
	d.flush(50, 200)
	if _, err := d.Checkpoint(context.Background(), "checkpoint"); !errors.Is(err, errFail) || d.Ledger.Stored().Synced != 10 {
		t.Errorf("%v; checkpoint %d is synced", err, d.Ledger.Stored().Synced)
	}
}

// TestFreelistFitsIntoACheckpoint: entries that do not are written into a segment.
func TestFreelistFitsIntoACheckpoint(t *testing.T) {
	d := newDesk(t, func(_ *Config, v *tuning.Values) { v.MaxFreelist = 4 })
	for range 3 {
		d.flush(3000, 200) // over nine blocks each
	}
	d.holdTurn(func() { // a merge whose result is not the newest level, and holds no entries
		j, err := d.newJob(plan{lo: 1, hi: 3})
		must(t, err)
		must(t, d.runToEnd(context.Background(), j))
	})
	if len(d.levels()) != 2 || d.Ledger.Unrecorded() <= 4 {
		t.Fatalf("%d levels, %d entries", len(d.levels()), d.Ledger.Unrecorded())
	}
	if _, err := d.Checkpoint(context.Background(), "checkpoint"); err != nil {
		t.Fatal(err)
	}
	levels := d.levels()
	if n := d.Ledger.Unrecorded(); n > 4 || len(levels) != 3 || !levels[0].FreelistOnly || numUserLevels(levels) != 2 {
		t.Errorf("%d entries are recorded nowhere; %d levels, %d of them of users", n, len(levels), numUserLevels(levels))
	}
	if d.Counters.Pages[ForFreelist].Load() == 0 {
		t.Error("no page is counted for that")
	}
	d.expectRows(3000)
}

// TestLevelsAreCountedWithoutFreelists: a level of free-list entries alone is none to merge for.
func TestLevelsAreCountedWithoutFreelists(t *testing.T) {
	lists := []*snapshot.Level{{FreelistOnly: true}, {}, {}, {FreelistOnly: true}}
	if got := numUserLevels(lists); got != 2 {
		t.Errorf("%d levels of users, want 2", got)
	}
	if allFreelist(lists) || !allFreelist(lists[:1]) || !allFreelist(nil) {
		t.Error("free lists are not recognized")
	}
}

// TestStoreChangedThatFails takes the change back before another one can be made, which would be lost.
func TestStoreChangedThatFails(t *testing.T) {
	d := newDesk(t, nil)
	d.flush(10, 10)
	ctx, changed, undone := context.Background(), 0, 0
	change := func() error { changed++; return nil }
	undo := func() {
		if undone++; d.Turn.Try() || d.Checkpointer.Try() {
			t.Error("the turns are free while the change is taken back")
		}
	}
	d.data.write = errFail
	if err := d.StoreChanged(ctx, "change", change, undo); !errors.Is(err, errFail) || changed != 1 || undone != 1 {
		t.Errorf("%v; changed %d times, and back %d times", err, changed, undone)
	}
	d.data.write = nil
	if err := d.StoreChanged(ctx, "change", change, undo); err != nil || changed != 2 || undone != 1 {
		t.Errorf("%v; changed %d times, and back %d times", err, changed, undone)
	}
	if err := d.StoreChanged(ctx, "change", func() error { return errFail }, undo); !errors.Is(err, errFail) || undone != 1 {
		t.Errorf("%v; back %d times", err, undone)
	}
	d.found()
}
