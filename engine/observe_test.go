// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestEventsOfAnEasyLife follows a database through everything that it does when asked,
// and compares each event with what was done.
func TestEventsOfAnEasyLife(t *testing.T) {
	ctx := context.Background()
	var r recorder
	mem := memfs.New()
	open := func() *engine.DB {
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem, NoAutoWork: true, AutoCheckpoint: -1, Safety: engine.SafetyFull, Observer: r.observer()})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	step := func(want string) []any {
		t.Helper()
		events := r.take()
		if got := names(events); got != want {
			t.Fatalf("events %q, want %q", got, want)
		}
		return events
	}

	db := open()
	if e := step("Open")[0].(engine.OpenEvent); e.DB != db || e.Path != db.Path() || e.Duration <= 0 || e.RecoveredCommits != 0 || e.ReadOnly || e.Err != nil {
		t.Errorf("open: %+v", e)
	}

	putN(t, db, 0, 100, 92)
	e := step("Commit")[0].(engine.CommitEvent)
	if e.DB != db || e.Records != 100 || e.Bytes != 100*100 || e.Err != nil || e.Stall != 0 || e.Work > e.Duration {
		t.Errorf("commit: %+v", e)
	}
	if e.Sync <= 0 || e.Sync > e.Duration {
		t.Errorf("sync took %v of %v", e.Sync, e.Duration)
	}
	if err := db.Update(ctx, func(*engine.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	step("") // nothing was written

	tree := db.Stats().LiveBytes
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	events := step("Segment Work")
	s, w := events[0].(engine.SegmentEvent), events[1].(engine.WorkEvent)
	seg := db.Structure()[0].Segments[0]
	if s.DB != db || s.Inputs != 0 || s.TreeBytes != tree || s.Output != seg || s.Pages != seg.Pages || s.Bytes != seg.Pages*4096 || s.Err != nil || s.Duration <= 0 {
		t.Errorf("flush: %+v; the segment is %+v, the tree was %d", s, seg, tree)
	}
	if w.DB != db || w.By != "flush" || w.Pages != s.Pages || w.Bytes != s.Bytes || w.Duration < s.Duration || w.Err != nil {
		t.Errorf("work: %+v; the flush was %+v", w, s)
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	step("") // nothing was left

	size := db.CheckpointSize()
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	c := step("Checkpoint")[0].(engine.CheckpointEvent)
	if c.DB != db || c.Bytes != size || size != s.Bytes || c.ID == 0 || c.Duration <= 0 || c.Err != nil {
		t.Errorf("checkpoint: %+v, want %d bytes", c, size)
	}

	putN(t, db, 50, 100, 92)
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	step("Commit Segment Work")
	inputs := db.Structure()
	if _, err := db.Work(ctx, engine.WorkOptions{Merge: 2}); err != nil {
		t.Fatal(err)
	}
	events = step("Segment Work")
	s, w = events[0].(engine.SegmentEvent), events[1].(engine.WorkEvent)
	if want := inputs[0].Segments[0].Pages + inputs[1].Segments[0].Pages; s.Inputs != 2 || s.InputPages != want || s.TreeBytes != 0 || s.Output != db.Structure()[0].Segments[0] {
		t.Errorf("merge: %+v, want %d pages of input", s, want)
	}
	if w.By != "work" || w.Pages != s.Pages {
		t.Errorf("work: %+v", w)
	}

	putN(t, db, 0, 7, 1)
	r.take()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	events = step("Segment Work Checkpoint Close")
	if w := events[1].(engine.WorkEvent); w.By != "close" {
		t.Errorf("work: %+v", w)
	}
	if e := events[3].(engine.CloseEvent); e.DB != db || e.Err != nil || e.Duration <= 0 {
		t.Errorf("close: %+v", e)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	step("") // it was closed already
	after := db.Stats()
	if after.Commits != 3 || after.Flushes != 3 || after.Merges != 1 || after.Checkpoints != 2 {
		t.Errorf("stats after the end: %+v", after)
	}
}

// TestEventOfRecovery: opening tells what it read from the log, and a failed Open that it
// failed.
func TestEventOfRecovery(t *testing.T) {
	ctx := context.Background()
	var r recorder
	mem := memfs.New()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		putN(t, db, i*10, 3, 10)
	}
	left := mem.Clone()
	log := db.Stats().LogBytes
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, err = engine.Open(ctx, "/x.lsm", engine.Options{FS: left, Observer: r.observer()})
	if err != nil {
		t.Fatal(err)
	}
	var e engine.OpenEvent
	for _, event := range r.take() {
		if opened, is := event.(engine.OpenEvent); is {
			e = opened
		}
	}
	if e.RecoveredCommits != 5 || e.RecoveredRecords != 15 || e.RecoveredBytes != log {
		t.Errorf("recovery: %+v; the log had %d bytes", e, log)
	}
	if s := db.Stats(); s.RecoveredCommits != 5 || s.RecoveredBytes != log || s.Commits != 0 {
		t.Errorf("stats: %+v", s)
	}
	if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: left, Observer: r.observer()}); !errors.Is(err, engine.ErrBusy) {
		t.Fatal(err)
	}
	if e := r.take()[0].(engine.OpenEvent); e.DB != nil || !errors.Is(e.Err, engine.ErrBusy) || e.Path != db.Path() {
		t.Errorf("a failed open: %+v", e)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestStallEvent: a writer that outruns its own work is held back, and that is told.
func TestStallEvent(t *testing.T) {
	ctx := context.Background()
	var r recorder
	const limit = 16 << 10
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), AutoFlush: limit, Observer: r.observer()})
	if err != nil {
		t.Fatal(err)
	}
	// Nobody flushes until both trees are full; then the next writer has to wait for it.
	if err := db.Set(func(o *engine.Options) { o.NoAutoWork = true }); err != nil {
		t.Fatal(err)
	}
	putN(t, db, 0, 400, 100)
	putN(t, db, 1000, 400, 100)
	if err := db.Set(func(o *engine.Options) { o.NoAutoWork = false }); err != nil {
		t.Fatal(err)
	}
	putN(t, db, 2000, 1, 100)
	events := only[engine.StallEvent](r.take())
	if len(events) == 0 {
		t.Fatal("nothing held the writer back")
	}
	var total time.Duration
	perReason := map[engine.StallReason]int64{}
	for _, e := range events {
		if e.DB != db || !slices.Contains(engine.StallReasons(), e.Reason) || e.Op != "commit" && e.Op != "begin" || e.Duration < 0 {
			t.Errorf("%+v", e)
		}
		total += e.Duration
		perReason[e.Reason]++
	}
	s := db.Stats()
	var sum time.Duration
	for _, reason := range engine.StallReasons() {
		n, d := s.Stalls(reason)
		if n != perReason[reason] {
			t.Errorf("%d stalls for %s, %d events", n, reason, perReason[reason])
		}
		sum += d
	}
	if sum != total || s.StalledNow != 0 {
		t.Errorf("the stats tell %v, the events %v; %d go on", sum, total, s.StalledNow)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestObserversMayLook: what an observer is allowed to call does not wait for the turn
// under which it is called.
func TestObserversMayLook(t *testing.T) {
	ctx := context.Background()
	calls := 0
	look := func(db *engine.DB) {
		calls++
		if s := db.Stats(); s.Commits < 0 || db.Path() != "/x.lsm" || db.Options().PageSize != 4096 {
			t.Errorf("%+v", s)
		}
		db.Structure()
		if _, err := db.Pins(); err != nil {
			t.Error(err)
		}
	}
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), NoAutoWork: true, Observer: &engine.Observer{
		Opened:       func(e engine.OpenEvent) { look(e.DB) },
		Committed:    func(e engine.CommitEvent) { look(e.DB) },
		Flushed:      func(e engine.SegmentEvent) { look(e.DB) },
		Merged:       func(e engine.SegmentEvent) { look(e.DB) },
		Worked:       func(e engine.WorkEvent) { look(e.DB) },
		Checkpointed: func(e engine.CheckpointEvent) { look(e.DB) },
		Closed:       func(e engine.CloseEvent) { e.DB.Stats() },
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		putN(t, db, i, 5, 5)
		if err := db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Optimize(ctx); err != nil {
		t.Fatal(err)
	}
	if calls != 1+2+2+1+3+1 {
		t.Errorf("%d events", calls)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestJoinObservers: each gets what it asked for, in order.
func TestJoinObservers(t *testing.T) {
	if engine.JoinObservers() != nil || engine.JoinObservers(nil, nil) != nil {
		t.Error("nobody is somebody")
	}
	var order []string
	a := &engine.Observer{
		Opened: func(engine.OpenEvent) { order = append(order, "a opened") },
		Closed: func(engine.CloseEvent) { order = append(order, "a closed") },
	}
	b := &engine.Observer{
		Opened:    func(engine.OpenEvent) { order = append(order, "b opened") },
		Committed: func(engine.CommitEvent) { order = append(order, "b committed") },
	}
	if engine.JoinObservers(nil, a, nil) != a {
		t.Error("one alone is not itself")
	}
	db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: memfs.New(), Observer: engine.JoinObservers(a, nil, b)})
	if err != nil {
		t.Fatal(err)
	}
	putN(t, db, 0, 1, 1)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(order, ", "), "a opened, b opened, b committed, a closed"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// TestObservingCostsNoAllocation compares commits with and without an observer.
func TestObservingCostsNoAllocation(t *testing.T) {
	ctx := context.Background()
	measure := func(o *engine.Observer) float64 {
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), NoAutoWork: true, Observer: o})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		key, value := []byte("key"), []byte("value")
		return testing.AllocsPerRun(200, func() {
			tx, err := db.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := tx.Put(key, value); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(ctx); err != nil {
				t.Fatal(err)
			}
		})
	}
	n := 0
	without, with := measure(nil), measure(&engine.Observer{Committed: func(engine.CommitEvent) { n++ }})
	if with != without || n < 200 {
		t.Errorf("%v allocations without an observer, %v with one, which was called %d times", without, with, n)
	}
}
