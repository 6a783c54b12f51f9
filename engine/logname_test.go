// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// afterNames is longer than a session waits until it makes the names of its files durable.
const afterNames = 10 * time.Millisecond

// closedDatabase returns a database of 1,000 rows that was closed, and its file system.
func closedDatabase(t *testing.T, by engine.Safety) *memfs.FS {
	t.Helper()
	mem := memfs.New()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: mem, Safety: by})
	ok(t, putRange(context.Background(), db, 0, 1000, 1))
	ok(t, db.Close())
	return mem
}

// TestFirstCommitsDoNotSyncTheNameOfTheLog, nor do they write to the database file. A moment later the
// name is durable, and then the file says that its log is in use.
func TestFirstCommitsDoNotSyncTheNameOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, mem := context.Background(), closedDatabase(t, engine.SafetyNormal)
		ffs := faultfs.Wrap(mem)
		closed, err := mem.ReadFile("/x.lsm")
		ok(t, err)
		db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
		before := ffs.Count(faultfs.SyncDir)
		for i := range 3 {
			ok(t, putRange(ctx, db, 1000+i, 1001+i, 2))
		}
		now, err := mem.ReadFile("/x.lsm")
		ok(t, err)
		if n := ffs.Count(faultfs.SyncDir) - before; n != 0 || string(now) != string(closed) {
			t.Errorf("%d syncs of the directory; the file is the same: %t", n, string(now) == string(closed))
		}
		// A copy of both files at this moment has everything.
		openBothWays(t, mem.Clone(), "/x.lsm", engine.Options{}, 1003)

		time.Sleep(afterNames)
		synctest.Wait()
		if n := ffs.Count(faultfs.SyncDir) - before; n != 1 {
			t.Errorf("%d syncs of the directory a moment later, want 1", n)
		}
		left := mem.Clone()
		ok(t, left.Remove("/x.lsm-log"))
		openBothWays(t, left, "/x.lsm", engine.Options{}, -1, "/x.lsm-log", "allow_missing_log")
		left = mem.Clone()
		move(t, left, "/x.lsm", "/y.lsm")
		openBothWays(t, left, "/y.lsm", engine.Options{}, 1003)
		ok(t, db.Close())
		openBothWays(t, mem, "/x.lsm", engine.Options{}, 1003)
	})
}

// TestNameOfTheLogIsDurableWhenItMatters: for a commit that is synced, a checkpoint, a session without a
// log, and a database that was closed empty, whose first meta page is still to be written.
func TestNameOfTheLogIsDurableWhenItMatters(t *testing.T) {
	set := func(change func(*engine.Options)) func(db *engine.DB) error {
		return func(db *engine.DB) error { return db.Set(change) }
	}
	commit := func(db *engine.DB) error { return putRange(context.Background(), db, 1000, 1001, 2) }
	checkpoint := func(db *engine.DB) error {
		if err := db.Flush(context.Background()); err != nil {
			return err
		}
		_, err := db.Checkpoint(context.Background())
		return err
	}
	for name, tt := range map[string]struct {
		o     engine.Options
		empty bool
		by    engine.Safety // of the session before
		steps []func(db *engine.DB) error
		rows  int // that no loss of power takes
	}{
		"full":           {o: engine.Options{Safety: engine.SafetyFull}, steps: []func(*engine.DB) error{commit}, rows: 1001},
		"full from then": {steps: []func(*engine.DB) error{commit, set(func(o *engine.Options) { o.Safety = engine.SafetyFull }), commit}, rows: 1001},
		"a checkpoint":   {steps: []func(*engine.DB) error{commit, checkpoint}, rows: 1001},
		"no log":         {o: engine.Options{NoLog: true}, steps: []func(*engine.DB) error{commit}, rows: 1000},
		"normal from off": {o: engine.Options{Safety: engine.SafetyOff}, rows: 1001,
			steps: []func(*engine.DB) error{commit, set(func(o *engine.Options) { o.Safety = engine.SafetyNormal })}},
		"empty":                 {empty: true, steps: []func(*engine.DB) error{commit}},
		"written without syncs": {by: engine.SafetyOff, steps: []func(*engine.DB) error{commit}, rows: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			mem := closedDatabase(t, tt.by)
			if tt.empty {
				mem = memfs.New()
				ok(t, mustOpen(t, "/x.lsm", engine.Options{FS: mem}).Close())
			}
			ffs := faultfs.Wrap(mem)
			tt.o.FS = ffs
			db := mustOpen(t, "/x.lsm", tt.o)
			before := ffs.Count(faultfs.SyncDir)
			for _, step := range tt.steps {
				ok(t, step(db))
			}
			if ffs.Count(faultfs.SyncDir) == before {
				t.Error("the name of the log is not durable")
			}
			lost := mem.Crash(rand.New(rand.NewPCG(1, 1)), memfs.CrashLoseAll)
			openBothWays(t, lost, "/x.lsm", engine.Options{}, tt.rows)
			ok(t, db.Close())
		})
	}
}

// TestPowerLossBeforeTheNameOfTheLogIsDurable loses the power before each operation of a session whose
// first commits do not sync the name of its log: what is left opens, with the first of its commits.
func TestPowerLossBeforeTheNameOfTheLogIsDurable(t *testing.T) {
	const fates = 12
	type loss struct {
		fs      *memfs.FS
		commits int // that had begun
		when    string
	}
	var lost []loss
	synctest.Test(t, func(t *testing.T) {
		ctx, mem, commits := context.Background(), closedDatabase(t, engine.SafetyNormal), 0
		ffs, rng := faultfs.Wrap(mem), rand.New(rand.NewPCG(1, 2))
		ffs.OnOp(func(op faultfs.Op) {
			lost = append(lost, loss{mem.Crash(rng, memfs.CrashLoseAll), commits, fmt.Sprint(op)})
			for range fates {
				lost = append(lost, loss{mem.Crash(rng, memfs.CrashRandom), commits, fmt.Sprint(op)})
			}
		})
		db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
		for _, pause := range []time.Duration{0, 0, 0, afterNames, 0} {
			time.Sleep(pause)
			synctest.Wait()
			commits++
			ok(t, putRange(ctx, db, 999+commits, 1000+commits, 2))
		}
		ok(t, db.Close())
	})
	gone := 0
	for _, l := range lost {
		db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: l.fs})
		if err != nil {
			t.Fatalf("power lost before %s, with %d commits: %v", l.when, l.commits, err)
		}
		rows := readAll(t, db)
		for i := range len(rows) {
			if _, is := rows[string(appendKey(nil, i))]; !is {
				t.Fatalf("power lost before %s: %d rows, and row %d is missing", l.when, len(rows), i)
			}
		}
		if len(rows) < 1000 || len(rows) > 1000+l.commits {
			t.Fatalf("power lost before %s, with %d commits: %d rows", l.when, l.commits, len(rows))
		}
		if len(rows) < 1000+l.commits {
			gone++
		}
		ok(t, db.Close())
	}
	if len(lost) < 20*fates || gone < 2*fates {
		t.Errorf("%d losses of power, %d of them took commits", len(lost), gone)
	}
}

// TestNameOfTheLogThatCannotBeSynced fails the commits that come after the attempt, not before, until
// the directory can be synced; and no goroutine is left of a database that is closed early.
func TestNameOfTheLogThatCannotBeSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, mem := context.Background(), closedDatabase(t, engine.SafetyNormal)
		ffs := faultfs.Wrap(mem)
		db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
		ffs.Add(faultfs.Rule{On: faultfs.SyncDir, Nth: 1, Err: syscall.EIO})
		ffs.Add(faultfs.Rule{On: faultfs.SyncDir, Nth: 2, Err: syscall.EIO})
		ok(t, putRange(ctx, db, 1000, 1001, 2))
		time.Sleep(afterNames)
		synctest.Wait()
		if err := putRange(ctx, db, 1001, 1002, 2); !errors.Is(err, syscall.EIO) {
			t.Errorf("a commit after a directory could not be synced: %v", err)
		}
		ok(t, putRange(ctx, db, 1002, 1003, 2))
		left := mem.Clone()
		ok(t, left.Remove("/x.lsm-log"))
		if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: left}); err == nil || !strings.Contains(err.Error(), "/x.lsm-log") {
			t.Errorf("the file does not say that its log is in use: %v", err)
		}
		ok(t, db.Close())
		openBothWays(t, mem, "/x.lsm", engine.Options{}, 1002)

		db = mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
		ok(t, putRange(ctx, db, 1003, 1004, 2))
		ok(t, db.Close()) // before the moment has come
	})
}

// TestLogOfACommitThatFailedDoesNotComeBack: the commit record is in the file though writing it has failed,
// and so has taking it back. When the database is closed the log is gone for good.
func TestLogOfACommitThatFailedDoesNotComeBack(t *testing.T) {
	ctx, mem := context.Background(), closedDatabase(t, engine.SafetyNormal)
	ffs := faultfs.Wrap(mem)
	db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
	ffs.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-log", Nth: 1, Part: 1, Err: syscall.EIO})
	ffs.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-log", Nth: 2, Err: syscall.EIO, Forever: true})
	if err := putRange(ctx, db, 1000, 1001, 2); !errors.Is(err, syscall.EIO) {
		t.Fatalf("a commit that cannot be written: %v", err)
	}
	openBothWays(t, mem.Clone(), "/x.lsm", engine.Options{}, 1001) // so it is there until then
	ok(t, db.Close())
	rng := rand.New(rand.NewPCG(1, 3))
	for range 40 {
		openBothWays(t, mem.Crash(rng, memfs.CrashRandom), "/x.lsm", engine.Options{}, 1000)
	}
}

// unsynced returns a file system with a copy of a database of 1,000 rows that is in the cache only.
func unsynced(t *testing.T) *memfs.FS {
	t.Helper()
	data, err := closedDatabase(t, engine.SafetyNormal).ReadFile("/x.lsm")
	ok(t, err)
	mem := memfs.New()
	f, err := mem.Open("/x.lsm", vfs.ReadWrite|vfs.Create, 0o600)
	ok(t, err)
	_, err = f.WriteAt(data, 0)
	ok(t, err)
	ok(t, f.Close())
	return mem
}

// TestCopyInTheCacheIsSyncedWhenItMatters: a database that was copied just now is durable, like the name of
// its log, before anything is promised that rests on it.
func TestCopyInTheCacheIsSyncedWhenItMatters(t *testing.T) {
	ctx := context.Background()
	commit := func(db *engine.DB) { ok(t, putRange(ctx, db, 1000, 1001, 2)) }
	for name, tt := range map[string]struct {
		o    engine.Options
		work func(db *engine.DB)
		rows int
	}{
		"a synced commit": {engine.Options{Safety: engine.SafetyFull}, commit, 1001},
		"a moment later": {engine.Options{}, func(db *engine.DB) {
			commit(db)
			time.Sleep(afterNames)
			synctest.Wait()
		}, 1000},
		"a checkpoint": {engine.Options{}, func(db *engine.DB) {
			commit(db)
			ok(t, db.Flush(ctx))
			_, err := db.Checkpoint(ctx)
			ok(t, err)
		}, 1001},
		"no log": {engine.Options{NoLog: true}, commit, 1000},
		"syncs from then": {engine.Options{Safety: engine.SafetyOff}, func(db *engine.DB) {
			commit(db)
			ok(t, db.Set(func(o *engine.Options) { o.Safety = engine.SafetyNormal }))
		}, 1001},
		"closed": {engine.Options{}, func(db *engine.DB) {
			commit(db)
			ok(t, db.Close())
		}, 1001},
	} {
		synctest.Test(t, func(t *testing.T) {
			mem := unsynced(t)
			rng := rand.New(rand.NewPCG(1, 1))
			if n := len(mem.Crash(rng, memfs.CrashLoseAll).Names()); n != 0 {
				t.Fatalf("%d files are durable before", n)
			}
			tt.o.FS = mem
			db := mustOpen(t, "/x.lsm", tt.o)
			tt.work(db)
			lost := mem.Crash(rng, memfs.CrashLoseAll)
			ok(t, db.Close())
			t.Log(name)
			openBothWays(t, lost, "/x.lsm", engine.Options{MustExist: true}, tt.rows)
		})
	}
}

// TestSyncOfACopyThatFailsNextToACheckpoint: a sync that was begun a moment after the first commit fails,
// which the system reports once. No checkpoint is stored that rests on a second one.
func TestSyncOfACopyThatFailsNextToACheckpoint(t *testing.T) {
	ctx, mem := context.Background(), unsynced(t)
	ffs := faultfs.Wrap(mem)
	db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
	failing := ffs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: "x.lsm", Err: syscall.EIO, Drop: 4096})
	begun, end, later := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var syncs atomic.Int64
	ffs.OnOp(func(op faultfs.Op) {
		if op.Kind != faultfs.Sync || op.Name != "/x.lsm" {
			return
		}
		if syncs.Add(1) > 1 {
			<-later
			return
		}
		close(begun)
		<-end
	})
	ok(t, putRange(ctx, db, 1000, 1001, 2))
	<-begun
	ok(t, db.Flush(ctx))
	stored := make(chan error, 1)
	go func() { _, err := db.Checkpoint(ctx); stored <- err }()
	time.Sleep(5 * afterNames) // for the checkpoint to come so far
	if n := syncs.Load(); n != 1 || len(stored) != 0 {
		t.Errorf("%d syncs are running, %d checkpoints have ended", n, len(stored))
	}
	close(end)
	for db.Poisoned() == nil {
		time.Sleep(time.Millisecond)
	}
	close(later)
	if err := <-stored; !errors.Is(err, syscall.EIO) || failing.Hits() != 1 || db.Poisoned() == nil {
		t.Errorf("the checkpoint: %v; %d syncs failed; poisoned by %v", err, failing.Hits(), db.Poisoned())
	}
	if err := db.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("closing: %v", err)
	}
	ffs.OnOp(nil)
	db = mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
	ok(t, putRange(ctx, db, 1001, 1002, 2))
	ok(t, db.Close())
	lost := mem.Crash(rand.New(rand.NewPCG(1, 1)), memfs.CrashLoseAll)
	openBothWays(t, lost, "/x.lsm", engine.Options{MustExist: true}, 1002)
}

// TestCopyThatCannotBeSynced ends all writing, as every sync of the file that fails does, and what was
// committed is there when it is opened again.
func TestCopyThatCannotBeSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, mem := context.Background(), unsynced(t)
		ffs := faultfs.Wrap(mem)
		db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
		ffs.Add(faultfs.Rule{On: faultfs.Sync, Err: syscall.EIO, Drop: 4096})
		ok(t, putRange(ctx, db, 1000, 1001, 2))
		time.Sleep(afterNames)
		synctest.Wait()
		if err := putRange(ctx, db, 1001, 1002, 2); !errors.Is(err, syscall.EIO) || db.Poisoned() == nil {
			t.Errorf("a commit after a sync that has failed: %v; poisoned by %v", err, db.Poisoned())
		}
		if err := db.Close(); !errors.Is(err, syscall.EIO) {
			t.Errorf("closing: %v", err)
		}
		ffs.Clear()
		db = mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
		if n := len(readAll(t, db)); n != 1001 {
			t.Errorf("%d rows after opening again", n)
		}
		lost := mem.Crash(rand.New(rand.NewPCG(1, 1)), memfs.CrashLoseAll)
		ok(t, db.Close())
		openBothWays(t, lost, "/x.lsm", engine.Options{MustExist: true}, 1001)
	})
}
