// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// logged makes a desk whose log holds commits: rows that are written twice, of which every
// third is deleted, and all but the first ten of another kind in one range.
func logged(t *testing.T, rows int) *desk {
	t.Helper()
	d := newDesk(t, noSync)
	d.set(func(v *tuning.Values) { v.AutoFlush = 1 << 30 })
	for round := range 2 {
		for i := 0; i < rows; i += 10 {
			var tx Tx
			must(t, d.Begin(context.Background(), &tx))
			for j := i; j < i+10; j++ {
				must(t, tx.Put(fmt.Appendf(nil, "%04d", j), bytes.Repeat([]byte{byte(round)}, 500)))
				must(t, tx.Put(fmt.Appendf(nil, "x%04d", j), nil))
			}
			must(t, tx.Commit(context.Background()))
		}
	}
	var tx Tx
	must(t, d.Begin(context.Background(), &tx))
	for i := 0; i < rows; i += 3 {
		must(t, tx.Delete(fmt.Appendf(nil, "%04d", i)))
	}
	must(t, tx.DeleteRange([]byte("x0009"), []byte("y")))
	must(t, tx.Commit(context.Background()))
	return d
}

// again opens the log of a desk once more, from its beginning.
func (d *desk) again(autoFlush int64, inMemory bool) *Writer {
	d.t.Helper()
	d.set(func(v *tuning.Values) { v.AutoFlush = autoFlush })
	w := New(d.Config)
	must(d.t, w.First(snapshot.Empty()))
	must(d.t, d.Worker.Turn.Take(context.Background()))
	defer d.Worker.Turn.Release()
	rec, err := w.Replay(context.Background(), snapshot.Empty().Log, nil, inMemory)
	must(d.t, err)
	if rec.End.Off != d.log.End().Off {
		d.t.Errorf("the log ends at %d, want %d", rec.End.Off, d.log.End().Off)
	}
	return w
}

// expectLogged looks whether the newest state holds what logged has committed.
func (d *desk) expectLogged(rows int) {
	d.t.Helper()
	st := d.Ledger.Newest()
	var c cursor.Cursor
	must(d.t, c.Init(st.Live, st))
	ok := c.First()
	expect := func(key string, value []byte) {
		d.t.Helper()
		if !ok || string(c.Key()) != key {
			d.t.Fatalf("key %q, want %q; %v", c.Key(), key, c.Err())
		}
		if v, err := c.Value(); err != nil || !bytes.Equal(v, value) {
			d.t.Fatalf("key %q has another value; %v", key, err)
		}
		ok = c.Next()
	}
	for i := range rows {
		if i%3 > 0 {
			expect(fmt.Sprintf("%04d", i), bytes.Repeat([]byte{1}, 500))
		}
	}
	for i := range 10 {
		expect(fmt.Sprintf("x%04d", i), nil)
	}
	if ok {
		d.t.Errorf("key %q is there, too", c.Key())
	}
}

// TestLogLeadsToWhatWasCommitted, in memory alone, or with trees that are flushed as they grow.
func TestLogLeadsToWhatWasCommitted(t *testing.T) {
	const rows = 600
	for name, tt := range map[string]struct {
		autoFlush int64
		inMemory  bool
		levels    bool // some are written
		most      int  // bytes that the tree has in the end
	}{
		"all in one tree":               {1 << 30, true, false, 2 << 20},
		"in memory, folded as it grows": {64 << 10, true, false, 450 << 10},
		"flushed as it grows":           {64 << 10, false, true, 128 << 10},
	} {
		d := logged(t, rows)
		w := d.again(tt.autoFlush, tt.inMemory)
		d.expectLogged(rows)
		st := d.Ledger.Newest()
		if (len(st.Disk.Levels) > 0) != tt.levels || st.HasOld || w.tree.Size() > tt.most {
			t.Errorf("%s: %d levels, a tree of %d bytes, want at most %d", name, len(st.Disk.Levels), w.tree.Size(), tt.most)
		}
	}
}

// TestBringInLeavesNothingInTheLog that the file does not hold, durably on both pages.
func TestBringInLeavesNothingInTheLog(t *testing.T) {
	d := logged(t, 50)
	d.hold(func() {
		must(t, d.Worker.Turn.Take(context.Background()))
		defer d.Worker.Turn.Release()
		must(t, d.BringIn(context.Background(), worker.ByClose))
	})
	st := d.Ledger.Newest()
	if st.HasOld || !st.Live.Empty() || d.Ledger.Stored().Synced != st.Disk.ID || st.Disk.Log.Off != d.log.End().Off {
		t.Errorf("an old tree: %t; checkpoint %d of %d is synced", st.HasOld, d.Ledger.Stored().Synced, st.Disk.ID)
	}
	l, err := checkpoint.Load(d.Files.Data(), d.Path)
	must(t, err)
	if !l.Pair() || l.Pages[0].Note.LogInUse || l.Pages[1].Note.LogInUse || l.Checkpoint.ID != st.Disk.ID {
		t.Errorf("checkpoint %d of %d; notes %+v and %+v", l.Checkpoint.ID, st.Disk.ID, l.Pages[0].Note, l.Pages[1].Note)
	}
	d.expectLogged(50)
}
