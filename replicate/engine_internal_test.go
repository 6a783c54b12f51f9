// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// restoredNumber restores the newest state, which is one that there was, and returns the number of its transaction.
func restoredNumber(t *testing.T, tg target.Target, o RestoreOptions) uint64 {
	t.Helper()
	o.Engine.FS = memfs.New()
	_, err := Restore(t.Context(), tg, "/restored.lsm", o)
	ok(t, err)
	db, err := engine.Open(t.Context(), "/restored.lsm", o.Engine)
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	got := content(t, db)
	n, err := strconv.ParseUint(got["n"], 10, 64)
	ok(t, err)
	if !maps.Equal(got, numberedModel(n)) {
		t.Fatalf("the restored rows are not those of transaction %d", n)
	}
	return n
}

func TestStartWantsChanges(t *testing.T) {
	db, err := engine.Open(t.Context(), "/my.lsm", engine.Options{FS: memfs.New()})
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	if _, err := Start(db, &target.Memory{}, Options{}); !errors.Is(err, ErrMisuse) {
		t.Error(err)
	}
}

// TestPowerLoss takes power from the machine of the database while it replicates, and goes on there: whatever the
// database has lost, the target can be restored to a state that there was, with all that was acknowledged, until the
// database, which may be at an earlier one, has a generation of its own.
func TestPowerLoss(t *testing.T) {
	rng := seeded(t)
	fsys, tg := memfs.New(), &target.Memory{}
	generations := uint64(0)
	for range 40 {
		o := engine.Options{FS: fsys, Changes: 1 << 20, AutoFlush: 16 << 10, AutoCheckpoint: 32 << 10, Safety: engine.Safety(rng.IntN(2)) + engine.SafetyNormal}
		db, err := engine.Open(t.Context(), "/my.lsm", o)
		ok(t, err)
		ro := quick()
		ro.minLog, ro.Durable = 3000, rng.IntN(2) == 0
		r, err := Start(db, tg, ro)
		ok(t, err)
		var acked uint64
		for range rng.IntN(30) {
			n, err := writeNumbered(t.Context(), db)
			ok(t, err)
			if rng.IntN(3) == 0 {
				ok(t, r.Sync(t.Context()))
				acked = n
			}
		}
		fsys = fsys.Crash(rand.New(rand.NewPCG(rng.Uint64(), 7)), memfs.CrashMode(rng.IntN(3)))
		r.cancel()
		<-r.Done()
		generations = max(generations, r.Status().Generation)
		if acked > 0 {
			if n := restoredNumber(t, tg, RestoreOptions{}); n < acked {
				t.Fatalf("transaction %d was restored, and %d was acknowledged", n, acked)
			}
		}
		ok(t, db.Close()) // of the machine that is lost
	}
	if generations < 2 {
		t.Error("no loss of power began a generation: the test shows little")
	}
}

// TestEngineGoesOn: closing and opening, long values, ranges and work in the background are no reason for another
// generation; a commit without a log is one.
func TestEngineGoesOn(t *testing.T) {
	fsys, tg := memfs.New(), &target.Memory{}
	o := engine.Options{FS: fsys, Changes: 16 << 20, AutoFlush: 64 << 10, Background: engine.BackgroundBoth}
	var db *engine.DB
	open := func() *Replicator {
		var err error
		db, err = engine.Open(t.Context(), "/my.lsm", o)
		ok(t, err)
		r, err := Start(db, tg, quick())
		ok(t, err)
		return r
	}
	long := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MiB
	for run := range 4 {
		r := open()
		for range 50 {
			_, err := writeNumbered(t.Context(), db)
			ok(t, err)
		}
		ok(t, db.Update(t.Context(), func(tx *engine.Tx) error {
			return errors.Join(tx.Put([]byte("long"), long[:len(long)-run]), tx.DeleteRange([]byte("k1"), []byte("k2")))
		}))
		ok(t, r.Stop(t.Context()))
		if s := r.Status(); s.Generation != 1 {
			t.Fatalf("run %d: %+v", run, s)
		}
		want := content(t, db)
		ok(t, db.Close())
		eo := engine.Options{FS: memfs.New()}
		_, err := Restore(t.Context(), tg, "/restored.lsm", RestoreOptions{Engine: eo})
		ok(t, err)
		again, err := engine.Open(t.Context(), "/restored.lsm", eo)
		ok(t, err)
		if got := content(t, again); !maps.Equal(got, want) {
			t.Fatalf("run %d: %d rows were restored, want %d", run, len(got), len(want))
		}
		ok(t, again.Close())
	}
	r := open()
	ok(t, db.Set(func(o *engine.Options) { o.NoLog = true }))
	_, err := writeNumbered(t.Context(), db)
	ok(t, err)
	ok(t, db.Set(func(o *engine.Options) { o.NoLog = false }))
	_, err = writeNumbered(t.Context(), db)
	ok(t, err)
	ok(t, r.Stop(t.Context()))
	if s := r.Status(); s.Generation != 2 {
		t.Errorf("%+v", s)
	}
	want := content(t, db)
	ok(t, db.Close())
	eo := engine.Options{FS: memfs.New()}
	_, err = Restore(t.Context(), tg, "/restored.lsm", RestoreOptions{Engine: eo})
	ok(t, err)
	again, err := engine.Open(t.Context(), "/restored.lsm", eo)
	ok(t, err)
	if got := content(t, again); !maps.Equal(got, want) {
		t.Fatalf("%d rows were restored, want %d", len(got), len(want))
	}
	ok(t, again.Close())
}

// TestEncryptedDatabase: nothing of it gets into a target in clear unless that is wanted.
func TestEncryptedDatabase(t *testing.T) {
	key := keys.Raw(bytes.Repeat([]byte{3}, 32))
	db, err := engine.Open(t.Context(), "/my.lsm", engine.Options{FS: memfs.New(), Changes: 1 << 20, Key: key})
	ok(t, err)
	if _, err := Start(db, &target.Memory{}, quick()); !errors.Is(err, ErrKey) {
		t.Errorf("without a key for the objects: %v", err)
	}
	tg, o := &target.Memory{}, quick()
	o.Key = key
	r, err := Start(db, tg, o)
	ok(t, err)
	for range 20 {
		_, err := writeNumbered(t.Context(), db)
		ok(t, err)
	}
	ok(t, r.Stop(t.Context()))
	ok(t, db.Close())
	if n := restoredNumber(t, tg, RestoreOptions{Key: key, Engine: engine.Options{Key: key}}); n != 20 {
		t.Error(n)
	}
}

// TestClosedDatabase: a database that is closed ends its replicator, after all was uploaded.
func TestClosedDatabase(t *testing.T) {
	tg := &target.Memory{}
	db, err := engine.Open(t.Context(), "/my.lsm", engine.Options{FS: memfs.New(), Changes: 1 << 20})
	ok(t, err)
	r, err := Start(db, tg, quick())
	ok(t, err)
	ok(t, r.Sync(t.Context())) // the snapshot
	_, err = writeNumbered(t.Context(), db)
	ok(t, err)
	ok(t, r.Sync(t.Context())) // a change: so the stream is being read
	n, err := writeNumbered(t.Context(), db)
	ok(t, err)
	ok(t, db.Close())
	ok(t, r.Stop(t.Context()))
	if err := r.Status().Err; !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
	if got := restoredNumber(t, tg, RestoreOptions{}); got != n {
		t.Errorf("transaction %d was restored, want %d", got, n)
	}
}
