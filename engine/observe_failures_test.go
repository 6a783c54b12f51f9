// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

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
