// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// TestTwoWriters: of a database and its copy that replicate to one target, one is stopped, and what is restored is the
// history of the other one.
func TestTwoWriters(t *testing.T) {
	rng := seeded(t)
	for range 10 {
		f, tg := newFakeSource(), &target.Memory{}
		f.commit(randomTx(rng)...)
		r, err := start(f, tg, quick())
		ok(t, err)
		ok(t, r.Sync(t.Context()))
		other := f.clone()
		s, err := start(other, tg, quick())
		ok(t, err)
		var winner *fakeSource
		for n := 0; winner == nil; n++ {
			f.commit(object.Op{Kind: object.OpPut, Key: []byte("who"), Value: []byte("first")})
			other.commit(object.Op{Kind: object.OpPut, Key: []byte("who"), Value: []byte("second")})
			select {
			case <-r.Done():
				winner = other
			case <-s.Done():
				winner = f
			case <-time.After(time.Millisecond):
			}
			if n > 10_000 {
				t.Fatal("both go on")
			}
		}
		won, lost := r, s
		if winner == other {
			won, lost = s, r
		}
		if err := lost.Status().Err; !errors.Is(err, ErrFenced) {
			t.Fatalf("the other one ended with %v", err)
		}
		if err := lost.Sync(t.Context()); !errors.Is(err, ErrFenced) {
			t.Fatalf("Sync of a writer that was replaced: %v", err)
		}
		ok(t, won.Stop(t.Context()))
		if done := restored(t, tg, winner, RestoreOptions{}); done.Seq != uint64(len(winner.txs)) {
			t.Fatalf("%+v", done)
		}
	}
}

// TestZombie: a writer that comes back after another one has begun a generation stops, and what it uploaded is no
// part of what is restored.
func TestZombie(t *testing.T) {
	rng := seeded(t)
	f, tg := newFakeSource(), &target.Memory{}
	f.commit(randomTx(rng)...)
	r, err := start(f, tg, quick())
	ok(t, err)
	ok(t, r.Sync(t.Context()))
	moved := f.clone() // the database was restored elsewhere, and its log does not reach back
	moved.commit(randomTx(rng)...)
	moved.forget(2)
	s, err := start(moved, tg, quick())
	ok(t, err)
	ok(t, s.Sync(t.Context()))
	f.commit(object.Op{Kind: object.OpPut, Key: []byte("zombie")})
	select {
	case <-r.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
	if err := r.Status().Err; !errors.Is(err, ErrFenced) {
		t.Fatal(err)
	}
	moved.commit(randomTx(rng)...)
	ok(t, s.Stop(t.Context()))
	if done := restored(t, tg, moved, RestoreOptions{}); done.Generation != 2 {
		t.Fatalf("%+v", done)
	}
}

// TestEncryption: with a key nothing in the target is readable, and only the key restores it; an encrypted database
// is not uploaded in clear unless that is wanted, and not restored so.
func TestEncryption(t *testing.T) {
	secret := []byte("what nobody else may read, long enough to be found")
	f, tg := newFakeSource(), &target.Memory{}
	f.sealed = true
	put := object.Op{Kind: object.OpPut, Key: secret, Value: secret}
	f.commit(put)
	if _, err := start(f, tg, quick()); !errors.Is(err, ErrKey) {
		t.Fatalf("an encrypted database without a key for the objects: %v", err)
	}
	cheap := keys.Params{Time: 1, MemoryKiB: 64, Lanes: 1}
	for name, key := range map[string]keys.Source{
		"raw": keys.Raw(bytes.Repeat([]byte{7}, 32)), "passphrase": keys.Passphrase([]byte("correct horse"), cheap), "clear": nil,
	} {
		tg := &target.Memory{}
		o := quick()
		o.Key, o.Clear = key, key == nil
		for range 2 { // the second one finds the key of the generation again
			r, err := start(f, tg, o)
			ok(t, err)
			f.commit(put)
			ok(t, r.Stop(t.Context()))
		}
		readable := 0
		for info, err := range tg.List(t.Context(), "", "") {
			ok(t, err)
			data, err := tg.Get(t.Context(), info.Name)
			ok(t, err)
			if bytes.Contains(data, secret[:20]) {
				readable++
			}
		}
		if (readable > 0) != (key == nil) {
			t.Errorf("%s: %d objects are readable", name, readable)
		}
		if key == nil {
			restored(t, tg, f, RestoreOptions{})
			continue
		}
		restored(t, tg, f, RestoreOptions{Key: key, Clear: true})
		restored(t, tg, f, RestoreOptions{Key: key, Engine: engine.Options{Key: keys.Raw(bytes.Repeat([]byte{1}, 32))}})
		for what, bad := range map[string]RestoreOptions{
			"no key": {Clear: true}, "another key": {Key: keys.Raw(bytes.Repeat([]byte{8}, 32)), Clear: true},
			"another passphrase": {Key: keys.Passphrase([]byte("wrong"), cheap), Clear: true}, "into a file in clear": {Key: key},
		} {
			bad.Engine.FS = memfs.New()
			if _, err := Restore(t.Context(), tg, "/r.lsm", bad); !errors.Is(err, ErrKey) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		o.Key = keys.Raw(bytes.Repeat([]byte{8}, 32))
		r, err := start(f, tg, o)
		ok(t, err)
		<-r.Done()
		if err := r.Status().Err; !errors.Is(err, ErrKey) {
			t.Errorf("%s: a writer with another key: %v", name, err)
		}
	}
}

// TestProbeComesFirst: a target that overwrites gets no object.
func TestProbeComesFirst(t *testing.T) {
	f := newFakeSource()
	r, err := start(f, overwriting{&target.Memory{}}, quick())
	ok(t, err)
	<-r.Done()
	if s := r.Status(); !errors.Is(s.Err, target.ErrNotExclusive) || s.Objects != 0 {
		t.Errorf("%+v", s)
	}
}

// TestLateBaseOfAnEarlierRun: the request by which a process that was killed began a generation arrives after the next
// process has gone on with the one before. That one stops, as it cannot tell this from another writer; the next start
// goes on, and nothing is lost.
func TestLateBaseOfAnEarlierRun(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	put(f, "a")
	killed, err := start(f, tg, quick())
	ok(t, err)
	ok(t, killed.Stop(t.Context()))
	r, err := start(f, tg, quick())
	ok(t, err)
	put(f, "b")
	ok(t, r.Sync(t.Context()))
	p, err := killed.begin(t.Context(), 1, 1, time.Time{})
	ok(t, err)
	p.snapshot.close()
	put(f, "c")
	select {
	case <-r.Done():
	case <-soon(t).Done():
		t.Fatal("it does not stop")
	}
	if err := r.Status().Err; !errors.Is(err, ErrFenced) {
		t.Errorf("it has stopped because of %v", err)
	}
	put(f, "d")
	next, err := start(f, tg, quick())
	ok(t, err)
	ok(t, next.Stop(soon(t)))
	if done := restored(t, tg, f, RestoreOptions{}); done.Generation != 2 {
		t.Errorf("restored %+v", done)
	}
}
