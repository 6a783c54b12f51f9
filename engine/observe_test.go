package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// recorder keeps every event in the order in which it came.
type recorder struct {
	mu     sync.Mutex
	events []any
}

func (r *recorder) observer() *engine.Observer {
	return &engine.Observer{
		Opened:       func(e engine.OpenEvent) { r.add(e) },
		Committed:    func(e engine.CommitEvent) { r.add(e) },
		Flushed:      func(e engine.SegmentEvent) { r.add(e) },
		Merged:       func(e engine.SegmentEvent) { r.add(e) },
		Worked:       func(e engine.WorkEvent) { r.add(e) },
		Checkpointed: func(e engine.CheckpointEvent) { r.add(e) },
		Stalled:      func(e engine.StallEvent) { r.add(e) },
		Failed:       func(e engine.FailEvent) { r.add(e) },
		Poisoned:     func(e engine.PoisonEvent) { r.add(e) },
		Closed:       func(e engine.CloseEvent) { r.add(e) },
	}
}

func (r *recorder) add(e any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// take returns the events so far and forgets them.
func (r *recorder) take() []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.events
	r.events = nil
	return out
}

// names returns the types of events, in order.
func names(events []any) string {
	var out []string
	for _, e := range events {
		out = append(out, strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", e), "engine."), "Event"))
	}
	return strings.Join(out, " ")
}

// only returns the events of one type.
func only[E any](events []any) []E {
	var out []E
	for _, e := range events {
		if e, ok := e.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

func putN(t *testing.T, db *engine.DB, from, n, size int) {
	t.Helper()
	err := db.Update(context.Background(), func(tx *engine.Tx) error {
		for i := range n {
			if err := tx.Put(fmt.Appendf(nil, "%08d", from+i), bytes.Repeat([]byte{'v'}, size)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

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

// TestEventsOfFailures fails what can fail, and wants events and counters to say so.
func TestEventsOfFailures(t *testing.T) {
	ctx := context.Background()
	boom := syscall.EIO
	start := func(o engine.Options) (*engine.DB, *faultfs.FS, *recorder) {
		t.Helper()
		fs := faultfs.Wrap(memfs.New())
		r := &recorder{}
		o.FS, o.Observer = fs, r.observer()
		db, err := engine.Open(ctx, "/x.lsm", o)
		if err != nil {
			t.Fatal(err)
		}
		putN(t, db, 0, 10, 10)
		r.take()
		return db, fs, r
	}
	put := func(db *engine.DB) error {
		return db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("k"), []byte("v")) })
	}

	t.Run("commit", func(t *testing.T) {
		db, fs, r := start(engine.Options{})
		fs.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-log", Err: boom})
		if err := put(db); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		fs.Clear()
		e := only[engine.CommitEvent](r.take())
		if len(e) != 1 || !errors.Is(e[0].Err, boom) || e[0].Records != 1 {
			t.Errorf("events %+v", e)
		}
		if s := db.Stats(); s.CommitErrors != 1 || s.Commits != 1 || s.Records != 10 || s.Poisoned {
			t.Errorf("stats %+v", s)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("sync of the log", func(t *testing.T) {
		db, fs, r := start(engine.Options{Safety: engine.SafetyFull})
		fs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: "-log", Err: boom})
		if err := put(db); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		events := r.take()
		if got := names(events); got != "Poison Commit" {
			t.Fatalf("events %q", got)
		}
		if e := events[0].(engine.PoisonEvent); e.DB != db || !errors.Is(e.Err, boom) {
			t.Errorf("%+v", e)
		}
		if err := put(db); !errors.Is(err, engine.ErrIO) {
			t.Errorf("a write after it: %v", err)
		}
		if !db.Stats().Poisoned {
			t.Error("the stats do not tell")
		}
		_ = db.Close()
		if events := r.take(); names(events) != "Close" || events[0].(engine.CloseEvent).Err == nil {
			t.Errorf("events %q", names(events))
		}
	})
	t.Run("flush", func(t *testing.T) {
		db, fs, r := start(engine.Options{})
		fs.Add(faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Err: boom})
		if err := db.Flush(ctx); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		fs.Clear()
		events := r.take()
		if got := names(events); got != "Segment Work" || !errors.Is(events[0].(engine.SegmentEvent).Err, boom) || !errors.Is(events[1].(engine.WorkEvent).Err, boom) {
			t.Errorf("events %+v", events)
		}
		if s := db.Stats(); s.WorkErrors != 1 || s.Flushes != 0 || s.WriteErrors != 1 {
			t.Errorf("stats %+v", s)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("checkpoint", func(t *testing.T) {
		db, fs, r := start(engine.Options{})
		if err := db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		r.take()
		fs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: ".lsm", Err: boom})
		if _, err := db.Checkpoint(ctx); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		events := r.take()
		if got := names(events); got != "Checkpoint Poison" || !errors.Is(events[0].(engine.CheckpointEvent).Err, boom) {
			t.Errorf("events %+v", events)
		}
		if s := db.Stats(); s.CheckpointErrors != 1 || s.Checkpoints != 0 || !s.Poisoned || s.WriteErrors != 1 {
			t.Errorf("stats %+v", s)
		}
		_ = db.Close()
	})
	t.Run("reading", func(t *testing.T) {
		db, fs, _ := start(engine.Options{CacheSize: 1})
		putN(t, db, 0, 1000, 100)
		if err := db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		fs.Add(faultfs.Rule{On: faultfs.Read, Suffix: ".lsm", Err: boom})
		if _, _, err := db.Get(nil, []byte("00000500")); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if s := db.Stats(); s.ReadErrors != 1 || s.BadPages != 0 {
			t.Errorf("stats %+v", s)
		}
		fs.Clear()
		fs.Add(faultfs.Rule{On: faultfs.Read, Suffix: ".lsm", Damage: func(p []byte, _ int64) { p[len(p)/2] ^= 4 }})
		if _, _, err := db.Get(nil, []byte("00000900")); !errors.Is(err, engine.ErrCorrupt) {
			t.Fatal(err)
		}
		fs.Clear()
		if s := db.Stats(); s.ReadErrors != 1 || s.BadPages != 1 {
			t.Errorf("stats %+v", s)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("background", func(t *testing.T) {
		fs := faultfs.Wrap(memfs.New())
		failed := make(chan engine.FailEvent, 100)
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: fs, AutoFlush: 32 << 10, Background: engine.BackgroundMerger,
			Observer: &engine.Observer{Failed: func(e engine.FailEvent) {
				select {
				case failed <- e:
				default:
				}
			}}})
		if err != nil {
			t.Fatal(err)
		}
		fs.Add(faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Err: boom, Match: func(op faultfs.Op) bool { return op.Off >= 8192 }})
		putN(t, db, 0, 500, 100)
		select {
		case e := <-failed:
			if e.DB != db || !errors.Is(e.Err, boom) || e.Op != "merger" && e.Op != "commit" {
				t.Errorf("%+v", e)
			}
		case <-time.After(time.Minute):
			t.Error("nobody was told that the background work failed")
		}
		fs.Clear()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
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
