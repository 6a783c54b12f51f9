// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

var seedFlag = flag.Uint64("seed", 0, "seed of random tests; 0 takes another one each time")

// seeded returns a source of random numbers, and shows in a failure how to repeat the test.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat: go test . -run '^%s$' -seed=%d", t.Name(), seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 1))
}

// quick are options of tests: nothing waits for long, and parts are small.
func quick() Options {
	return Options{Interval: time.Millisecond, RetryEvery: time.Millisecond, pause: time.Millisecond, raw: 2000, SnapshotEvery: time.Hour}
}

// restored restores a state and compares it with the model.
func restored(t *testing.T, tg target.Target, f *fakeSource, o RestoreOptions) Restored {
	t.Helper()
	o.Engine.FS = memfs.New()
	done, err := Restore(t.Context(), tg, "/restored.lsm", o)
	ok(t, err)
	compare(t, o.Engine, f, done.Seq)
	return done
}

// compare compares a restored database with the model.
func compare(t *testing.T, o engine.Options, f *fakeSource, seq uint64) {
	t.Helper()
	db, err := engine.Open(t.Context(), "/restored.lsm", o)
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	if got, want := content(t, db), f.model(seq); !maps.Equal(got, want) {
		t.Fatalf("transaction %d: %d rows were restored, want %d:\n%v\n%v", seq, len(got), len(want), got, want)
	}
}

func TestRestoreEqualsTheModel(t *testing.T) {
	rng := seeded(t)
	f, tg := newFakeSource(), &target.Memory{}
	for range 50 {
		f.commit(randomTx(rng)...)
	}
	o := quick()
	o.minLog = 2000
	r, err := start(f, tg, o)
	ok(t, err)
	ok(t, r.Sync(t.Context()))
	for range 400 {
		f.commit(randomTx(rng)...)
		if rng.IntN(20) == 0 {
			ok(t, r.Sync(t.Context()))
		}
	}
	for r.Status().Snapshot == 50 { // the log has become longer than the first snapshot
		ok(t, sleep(t.Context(), time.Millisecond))
		f.commit(randomTx(rng)...)
	}
	ok(t, r.Stop(t.Context()))
	done := restored(t, tg, f, RestoreOptions{})
	if done.Seq != uint64(len(f.txs)) || done.Generation != 1 {
		t.Fatalf("restored %+v", done)
	}
	for range 10 {
		seq := 50 + rng.Uint64N(401)
		if done := restored(t, tg, f, RestoreOptions{Seq: seq}); done.Seq != seq {
			t.Fatalf("restored %+v, want transaction %d", done, seq)
		}
	}
}

// TestGoesOn: a replicator that begins again goes on in the same generation, with nothing but the target to know from.
func TestGoesOn(t *testing.T) {
	rng := seeded(t)
	f, tg := newFakeSource(), &target.Memory{}
	for run := range 6 {
		r, err := start(f, tg, quick())
		ok(t, err)
		for range rng.IntN(30) {
			f.commit(randomTx(rng)...)
		}
		ok(t, r.Stop(t.Context()))
		if s := r.Status(); s.Generation != 1 || s.Uploaded != uint64(len(f.txs)) {
			t.Fatalf("run %d: %+v", run, s)
		}
	}
	restored(t, tg, f, RestoreOptions{})
}

// TestGapBeginsAGeneration: a log that does not reach back begins a generation with a snapshot, and the old one can
// still be restored.
func TestGapBeginsAGeneration(t *testing.T) {
	rng := seeded(t)
	f, tg := newFakeSource(), &target.Memory{}
	r, err := start(f, tg, quick())
	ok(t, err)
	for range 20 {
		f.commit(randomTx(rng)...)
	}
	ok(t, r.Stop(t.Context()))
	for range 20 {
		f.commit(randomTx(rng)...)
	}
	f.forget(30)
	r, err = start(f, tg, quick())
	ok(t, err)
	for range 20 {
		f.commit(randomTx(rng)...)
	}
	ok(t, r.Stop(t.Context()))
	if s := r.Status(); s.Generation != 2 || s.Gaps != 1 {
		t.Fatalf("%+v", s)
	}
	if done := restored(t, tg, f, RestoreOptions{}); done.Generation != 2 || done.Seq != 60 {
		t.Fatalf("%+v", done)
	}
	if done := restored(t, tg, f, RestoreOptions{Generation: 1}); done.Generation != 1 || done.Seq != 20 {
		t.Fatalf("%+v", done)
	}
}

func TestSyncEndsWithItsContext(t *testing.T) {
	f := newFakeSource()
	r, err := start(f, failing{&target.Memory{}}, quick())
	ok(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.Stop(ctx); err == nil {
		t.Fatal("everything is in a target that is not there")
	}
}

// failing is a target that cannot be reached.
type failing struct{ target.Target }

func (failing) Create(context.Context, string, []byte) error { return fmt.Errorf("no route") }
