// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"errors"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// following are options of tests.
func following(fsys vfs.FS) FollowOptions {
	return FollowOptions{Poll: time.Millisecond, pause: time.Millisecond, Engine: engine.Options{FS: fsys}}
}

// shows compares a replica with the model at what it has applied.
func shows(t *testing.T, fo *Follower, f *fakeSource) {
	t.Helper()
	seq := fo.Status().Applied
	if got, want := content(t, fo.DB()), f.model(seq); !maps.Equal(got, want) {
		t.Fatalf("transaction %d: the replica has %d rows, want %d", seq, len(got), len(want))
	}
}

func TestFollow(t *testing.T) {
	rng := seeded(t)
	f, tg := newFakeSource(), &target.Memory{}
	if _, err := Follow(t.Context(), tg, "/replica.lsm", following(memfs.New())); !errors.Is(err, ErrNothing) {
		t.Fatalf("nothing to follow: %v", err)
	}
	f.commit(randomTx(rng)...)
	o := quick()
	o.minLog = 2000
	r, err := start(f, tg, o)
	ok(t, err)
	ok(t, r.Sync(t.Context()))
	fo, err := Follow(t.Context(), tg, "/replica.lsm", following(memfs.New()))
	ok(t, err)
	for range 30 {
		for range rng.IntN(30) {
			f.commit(randomTx(rng)...)
		}
		ok(t, r.Sync(t.Context()))
		ok(t, fo.CatchUp(t.Context()))
		if s := fo.Status(); s.Applied != uint64(len(f.txs)) || s.Lag != 0 || s.Err != nil {
			t.Fatalf("%+v", s)
		}
		shows(t, fo, f)
	}
	// Snapshots that are made while it follows are compared with it.
	first := fo.Status().Verified
	for deadline := time.Now().Add(20 * time.Second); fo.Status().Verified == first; {
		if time.Now().After(deadline) {
			t.Fatal("no state of the replica was compared with a snapshot")
		}
		f.commit(randomTx(rng)...)
		ok(t, r.Sync(t.Context()))
		ok(t, fo.CatchUp(t.Context()))
	}
	ok(t, r.Stop(t.Context()))
	ok(t, fo.Close())
}

// TestFollowerJumps: a new generation, and a log that was removed, are no reason to begin again.
func TestFollowerJumps(t *testing.T) {
	rng := seeded(t)
	f, tg, fsys := newFakeSource(), &target.Memory{}, memfs.New()
	f.commit(randomTx(rng)...)
	r, err := start(f, tg, quick())
	ok(t, err)
	ok(t, r.Stop(t.Context()))
	fo, err := Follow(t.Context(), tg, "/replica.lsm", following(fsys))
	ok(t, err)
	for range 40 {
		f.commit(randomTx(rng)...)
	}
	f.forget(20) // another generation
	r, err = start(f, tg, quick())
	ok(t, err)
	f.commit(randomTx(rng)...)
	ok(t, r.Stop(t.Context()))
	ok(t, fo.CatchUp(t.Context()))
	if s := fo.Status(); s.Generation != 2 || s.Applied != 42 {
		t.Fatalf("%+v", s)
	}
	shows(t, fo, f)
	ok(t, fo.Close())

	o := quick() // the follower is away while what it needs is removed
	o.Keep, o.minLog = time.Nanosecond, 1
	r, err = start(f, tg, o)
	ok(t, err)
	from := r.Status().Snapshot
	for r.Status().Snapshot <= max(from, 42) {
		f.commit(randomTx(rng)...)
		ok(t, r.Sync(t.Context()))
	}
	ok(t, r.Stop(t.Context()))
	ok(t, tg.Delete(t.Context(), object.LogName(2, 43, 0)))
	fo, err = Follow(t.Context(), tg, "/replica.lsm", following(fsys))
	ok(t, err)
	for fo.Status().Applied != uint64(len(f.txs)) { // the first looks may find the missing object
		_ = fo.CatchUp(t.Context())
	}
	shows(t, fo, f)
	ok(t, fo.Close())
}

// TestDivergedReplica: a replica to which something else has written is found out at the next snapshot.
func TestDivergedReplica(t *testing.T) {
	rng := seeded(t)
	f, tg := newFakeSource(), &target.Memory{}
	f.commit(randomTx(rng)...)
	o := quick()
	o.minLog = 1
	r, err := start(f, tg, o)
	ok(t, err)
	ok(t, r.Sync(t.Context()))
	fo, err := Follow(t.Context(), tg, "/replica.lsm", following(memfs.New()))
	ok(t, err)
	ok(t, fo.DB().Update(t.Context(), func(tx *engine.Tx) error { return tx.Put([]byte("zzz"), []byte("mine")) }))
	deadline := time.After(20 * time.Second)
	for ended := false; !ended; {
		f.commit(randomTx(rng)...) // then a snapshot of the state at rest follows
		ok(t, r.Sync(t.Context()))
		select {
		case <-fo.Done():
			ended = true
		case <-deadline:
			t.Fatal("nobody noticed")
		case <-time.After(300 * time.Millisecond):
		}
	}
	if err := fo.Status().Err; !errors.Is(err, ErrDiverged) {
		t.Fatal(err)
	}
	ok(t, r.Stop(t.Context()))
	ok(t, fo.Close())
}

// TestReplicaAfterACrash takes the files of a replica at random steps, as a process that was killed leaves them or as
// a loss of power does: opened by itself the database is a state that there was, never a mixture; and a follower goes
// on from there.
func TestReplicaAfterACrash(t *testing.T) {
	rng := seeded(t)
	f, tg := newFakeSource(), &target.Memory{}
	f.commit(randomTx(rng)...)
	o := quick()
	o.minLog = 3000
	fsys := memfs.New()
	for n := range 60 {
		if rng.IntN(6) == 0 {
			f.forget(f.pos[len(f.pos)-1].Seq) // mostly a new generation: the follower jumps
		}
		r, err := start(f, tg, o)
		ok(t, err)
		for range 1 + rng.IntN(5) {
			f.commit(randomTx(rng)...)
			ok(t, r.Sync(t.Context()))
		}
		ok(t, r.Stop(t.Context()))
		var left *memfs.FS
		at := rng.IntN(14)
		fo := following(fsys)
		fo.steps = func(string) {
			if at--; at == 0 {
				if rng.IntN(2) == 0 {
					left = fsys.Clone()
				} else {
					left = fsys.Crash(rand.New(rand.NewPCG(rng.Uint64(), 3)), memfs.CrashMode(rng.IntN(3)))
				}
			}
		}
		follower, err := Follow(t.Context(), tg, "/replica.lsm", fo)
		ok(t, err)
		ok(t, follower.CatchUp(t.Context()))
		shows(t, follower, f)
		ok(t, follower.Close())
		if left == nil {
			continue
		}
		fsys = left
		if _, err := fsys.Stat("/replica.lsm"); err == nil {
			isAState(t, fsys.Clone(), f, n)
		}
	}
}

// isAState wants a database to have the rows of some state.
func isAState(t *testing.T, fsys vfs.FS, f *fakeSource, n int) {
	t.Helper()
	db, err := engine.Open(t.Context(), "/replica.lsm", engine.Options{FS: fsys})
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	got := content(t, db)
	for seq := range uint64(len(f.txs)) + 1 {
		if maps.Equal(got, f.model(seq)) {
			return
		}
	}
	t.Fatalf("crash %d: the replica has rows of no state: %v", n, got)
}
