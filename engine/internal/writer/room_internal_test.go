// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

const limit = 64 << 10 // of the tree

// noSync has commits not synced and work not done.
func noSync(v *tuning.Values) { v.Sync, v.AutoWork, v.AutoFlush = tuning.Checkpoints, false, limit }

// TestFillIsTheLargerOfTreeAndLog: the size of the tree against its limit, and the log that
// holds it against a quarter of what is allowed.
func TestFillIsTheLargerOfTreeAndLog(t *testing.T) {
	d := newDesk(t, noSync)
	near := func(when string, want float64) {
		t.Helper()
		d.hold(func() {
			if got := d.Fill(d.Ledger.Newest()); math.Abs(got-want) > 0.03 {
				t.Errorf("%s: %.3f, want about %.3f", when, got, want)
			}
		})
	}
	near("an empty tree", 0)
	must(t, d.put("a", limit/2))
	tree := float64(d.tree.Size()) / limit
	if tree < 0.5 || tree > 0.7 {
		t.Fatalf("a tree with a value of half its limit is %v full", tree)
	}
	near("half a tree", tree)
	log := d.LogSize()
	d.set(func(v *tuning.Values) { v.MaxLog = log * 20 }) // a quarter of which is five times what the log has
	near("a log that is less full", tree)
	d.set(func(v *tuning.Values) { v.MaxLog = log * 5 })
	near("a log that is a little fuller", 0.8)
	d.set(func(v *tuning.Values) { v.MaxLog = log * 2 })
	near("a log that is fuller", 2)
	d.set(func(v *tuning.Values) { v.MaxLog = -1 })
	near("a log without bound", tree)
	// What the old tree holds of the log does not count.
	d.hold(func() { must(t, d.rotate()) })
	d.set(func(v *tuning.Values) { v.MaxLog = log * 2 })
	near("after the tree was set aside", 0)
	must(t, d.put("b", 1000))
	d.hold(func() {
		if got := d.liveLog(d.Ledger.Newest()); got < 1000 || got > 2000 {
			t.Errorf("%d bytes of the log hold the live tree, want a little over 1000", got)
		}
	})
}

// TestMemoryThatIsHeldCounts in part: that of nodes which cursors of a transaction keep.
func TestMemoryThatIsHeldCounts(t *testing.T) {
	d := newDesk(t, noSync)
	var tx Tx
	must(t, d.Begin(context.Background(), &tx))
	for i := range 5000 {
		must(t, tx.Put(fmt.Append(nil, i), nil))
		_, err := tx.View()
		must(t, err)
	}
	held := int64(d.tree.Footprint())
	if want := (held - heldLeast) / heldFactor; d.liveBytes() != want || want <= int64(d.tree.Size()) {
		t.Errorf("%d bytes count of %d, want %d; the tree has %d", d.liveBytes(), held, want, d.tree.Size())
	}
	must(t, tx.Rollback())
}

// TestFullTreeIsSetAsideByItsCommit, unless one waits already.
func TestFullTreeIsSetAsideByItsCommit(t *testing.T) {
	d := newDesk(t, noSync)
	must(t, d.put("a", limit/2))
	if d.Ledger.Newest().HasOld {
		t.Fatal("set aside half full")
	}
	must(t, d.put("b", limit/2))
	st := d.Ledger.Newest()
	if !st.HasOld || st.OldSeq != 2 || d.tree.Size() != 0 || st.Tree != d.tree {
		t.Fatalf("an old tree: %t, up to commit %d", st.HasOld, st.OldSeq)
	}
	must(t, d.put("c", 2*limit))
	if st := d.Ledger.Newest(); st.OldSeq != 2 || st.Live.Empty() {
		t.Errorf("the old tree reaches up to commit %d, want 2 still", st.OldSeq)
	}
}

// TestTreesAreFullAtThreeTimesTheLimit, of which the live one has at least one.
func TestTreesAreFullAtThreeTimesTheLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		old, live int // in parts of a tenth of the limit; old 0: there is none
		want      bool
	}{
		"only a live one":             {0, 9, false},
		"two full ones":               {11, 12, false},
		"an old one of twice its due": {22, 12, true},
		"a live one of twice its due": {11, 22, true},
		"a large old one":             {50, 5, false},
	} {
		d := newDesk(t, noSync)
		if tt.old > 0 {
			must(t, d.put("a", tt.old*limit/10))
		}
		must(t, d.put("b", tt.live*limit/10))
		if got, _ := d.full(); got != tt.want || d.Ledger.Newest().HasOld != (tt.old > 0) {
			t.Errorf("%s: full: %t, want %t; an old one: %t", name, got, tt.want, d.Ledger.Newest().HasOld)
		}
	}
}

// TestLiveTreeAloneIsNeverInTheWay: it can be set aside.
func TestLiveTreeAloneIsNeverInTheWay(t *testing.T) {
	d := newDesk(t, noSync)
	var tx Tx
	must(t, d.Begin(context.Background(), &tx))
	must(t, tx.Put([]byte("a"), make([]byte, 5*limit)))
	if d.liveBytes() < memoryFactor*limit || d.treesFull() {
		t.Errorf("%d bytes; full: %t", d.liveBytes(), d.treesFull())
	}
	must(t, tx.Rollback())
}

// TestFullLogWaitsForItsCheckpoint: a full log waits for its checkpoint, in whichever goroutine that is made.
func TestFullLogWaitsForItsCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, noSync)
		d.Worker.HasCheckpointer = true
		d.Worker.Start()
		defer d.Worker.Stop()
		must(t, d.put("a", limit/4))
		must(t, d.Worker.Checkpointer.Take(context.Background()))
		d.set(func(v *tuning.Values) { v.MaxLog, v.AutoWork = d.LogSize()/2, true })
		var tx Tx
		done := make(chan error, 1)
		go func() { done <- d.Begin(context.Background(), &tx) }()
		synctest.Wait()
		if len(done) != 0 {
			t.Error("it begins before the checkpoint is made")
		}
		d.Worker.Checkpointer.Release()
		must(t, <-done)
		must(t, tx.Rollback())
		if _, log := d.full(); log {
			t.Error("the log is full still")
		}
	})
}

// TestLogIsFullAtTwiceItsBound, if it has one, and of what is needed of it.
func TestLogIsFullAtTwiceItsBound(t *testing.T) {
	d := newDesk(t, noSync)
	must(t, d.put("a", 10<<10))
	log := d.LogSize()
	for name, tt := range map[string]struct {
		bound int64
		want  bool
	}{
		"no bound": {-1, false}, "none either": {0, false}, "just twice": {log / 2, true}, "less than twice": {log/2 + 1, false},
	} {
		d.set(func(v *tuning.Values) { v.MaxLog = tt.bound })
		if _, got := d.full(); got != tt.want {
			t.Errorf("%s: full: %t, want %t", name, got, tt.want)
		}
	}
	// What a checkpoint has freed is not needed, though the file is as long.
	d.set(func(v *tuning.Values) { v.MaxLog = -1 }) // with a bound the flush would make a checkpoint
	must(t, d.Flush(context.Background(), "flush", d.Worker.NewRequest("flush", worker.ByFlush, nil)))
	d.set(func(v *tuning.Values) { v.MaxLog = log / 2 })
	if _, full := d.full(); !full {
		t.Error("a flush alone frees the log")
	}
	_, err := d.Worker.Checkpoint(context.Background(), "checkpoint")
	must(t, err)
	if _, full := d.full(); full || d.LogSize() < log {
		t.Errorf("after a checkpoint the log of %d bytes is full", d.LogSize())
	}
}

// TestTransactionMakesRoomFirst: it flushes full trees, and for a full log makes a checkpoint;
// or it is refused.
func TestTransactionMakesRoomFirst(t *testing.T) {
	trees := func(d *desk) {
		must(t, d.put("a", 2*limit))
		must(t, d.put("b", 2*limit))
	}
	both := func(d *desk) {
		must(t, d.put("a", 2*limit))
		must(t, d.put("b", limit/4))
		d.set(func(v *tuning.Values) { v.MaxLog = d.LogSize() / 2 })
	}
	log := func(d *desk) {
		must(t, d.put("a", limit/4))
		d.set(func(v *tuning.Values) { v.MaxLog = d.LogSize() / 2 })
	}
	for name, tt := range map[string]struct {
		fill     func(d *desk)
		inactive bool
		data     error // of a write to the database file
		want     error
		stall    worker.Reason // if flushes is not 0
		flushes  int64
		stored   int64 // checkpoints
		hasOld   bool
	}{
		"nothing is full":          {fill: func(*desk) {}},
		"the trees are full":       {fill: trees, flushes: 1, hasOld: true, stall: worker.StallFlush},
		"the log is full":          {fill: log, flushes: 1, stored: 1, stall: worker.StallCheckpoint},
		"the log, and an old tree": {fill: both, flushes: 2, stored: 2, stall: worker.StallCheckpoint},
		"it is none of its tasks":  {fill: trees, inactive: true, hasOld: true},
		"no room on the disk":      {fill: trees, data: syscall.ENOSPC, want: errs.ErrFull, hasOld: true},
		"the log, and no room":     {fill: log, data: errFail, want: errs.ErrIO, hasOld: true},
	} {
		d := newDesk(t, noSync)
		tt.fill(d)
		d.set(func(v *tuning.Values) { v.AutoWork = !tt.inactive })
		d.fs.data = tt.data
		var tx Tx
		err := d.Begin(context.Background(), &tx)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if err == nil {
			must(t, tx.Rollback())
		}
		k := &d.Worker.Counters
		f, c, old := k.Flushes.Load(), k.Checkpoints.Load(), d.Ledger.Newest().HasOld
		if f != tt.flushes || c != tt.stored || old != tt.hasOld {
			t.Errorf("%s: %d flushes, %d checkpoints, an old tree: %t; want %d, %d, %t", name, f, c, old, tt.flushes, tt.stored, tt.hasOld)
		}
		if n := k.Stalls[tt.stall].Count.Load(); tt.flushes > 0 && n != 1 {
			t.Errorf("%s: %d waits for reason %d", name, n, tt.stall)
		}
		if d.Turn.TakenAt() != 0 || d.Worker.Turn.TakenAt() != 0 || d.inside.Load() != 0 {
			t.Errorf("%s: a turn is kept, or %d are inside", name, d.inside.Load())
		}
	}
}

// TestFlushTakesWhatWasCommittedBefore into the levels, an old tree that waits included.
func TestFlushTakesWhatWasCommittedBefore(t *testing.T) {
	d := newDesk(t, noSync)
	must(t, d.put("a", 2*limit))
	must(t, d.put("b", 10))
	end := d.log.End()
	r := d.Worker.NewRequest("flush", worker.ByFlush, nil)
	must(t, d.Flush(context.Background(), "flush", r))
	if r.Phase != worker.PhaseFlush || r.PagesWritten == 0 {
		t.Errorf("the request has written %d pages in phase %q", r.PagesWritten, r.Phase)
	}
	st := d.Ledger.Newest()
	if st.HasOld || !st.Live.Empty() || len(st.Disk.Levels) != 2 || st.Disk.Seq != 2 || st.Disk.Log.Off != end.Off {
		t.Errorf("an old tree: %t; %d levels up to commit %d and %d of the log, want 2, 2, %d", st.HasOld, len(st.Disk.Levels),
			st.Disk.Seq, st.Disk.Log.Off, end.Off)
	}
	// With nothing in the trees there is nothing to flush.
	tree := d.tree
	must(t, d.Flush(context.Background(), "flush", d.Worker.NewRequest("flush", worker.ByFlush, nil)))
	if got := d.Ledger.Newest(); got.Disk.ID != st.Disk.ID || d.tree != tree {
		t.Errorf("state %d after %d, another tree: %t", got.Disk.ID, st.Disk.ID, d.tree != tree)
	}
}

// TestLongLogIsCut to twice its bound, or to the least with which it can begin again.
func TestLongLogIsCut(t *testing.T) {
	d := newDesk(t, noSync)
	must(t, d.put("a", 1<<20))
	must(t, d.Flush(context.Background(), "flush", d.Worker.NewRequest("flush", worker.ByFlush, nil)))
	_, err := d.Worker.Checkpoint(context.Background(), "checkpoint")
	must(t, err)
	must(t, d.put("b", 10)) // begins at the start of the file
	must(t, d.Flush(context.Background(), "flush", d.Worker.NewRequest("flush", worker.ByFlush, nil)))
	_, err = d.Worker.Checkpoint(context.Background(), "checkpoint")
	must(t, err)
	for _, tt := range []struct{ bound, want int64 }{{-1, 1 << 20}, {200 << 10, 400 << 10}, {1000, format.LogMinWrap}} {
		d.set(func(v *tuning.Values) { v.MaxLog = tt.bound })
		var tx Tx
		must(t, d.Begin(context.Background(), &tx))
		must(t, tx.Rollback())
		if size, err := d.Files.Log().Size(); err != nil || size < tt.want || size > tt.want+4096 {
			t.Errorf("with a bound of %d the log has %d bytes, want %d; %v", tt.bound, size, tt.want, err)
		}
	}
}
