// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

func putKey(f *fakeSource, key string) {
	f.commit(object.Op{Kind: object.OpPut, Key: []byte(key), Value: []byte(key)})
}

// soon is a context that ends a test that would wait for ever.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestZombieAfterRetention: a writer that was replaced stops also when the generation after its own has been removed.
func TestZombieAfterRetention(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	putKey(f, "a")
	r, err := start(f, tg, quick())
	ok(t, err)
	ok(t, r.Sync(soon(t)))
	other := f.clone()
	o := quick()
	o.Keep = time.Millisecond
	for range 4 {
		putKey(other, "b")
		putKey(other, "c")
		other.forget(uint64(len(other.txs)))
		s, err := start(other, tg, o)
		ok(t, err)
		ok(t, s.Stop(soon(t)))
		ok(t, sleep(t.Context(), 5*time.Millisecond))
	}
	if _, err := tg.Get(t.Context(), object.BaseName(2)); !errors.Is(err, target.ErrNotFound) {
		t.Fatalf("generation 2 is there, so the test shows nothing: %v", err)
	}
	putKey(f, "zombie")
	if err := r.Sync(soon(t)); !errors.Is(err, ErrFenced) {
		t.Errorf("Sync: %v", err)
	}
	f.forget(uint64(len(f.txs)))
	if err := r.Stop(soon(t)); !errors.Is(err, ErrFenced) {
		t.Errorf("Stop: %v", err)
	}
}

// TestLostPartOfATransaction: where the target has a part of a transaction that the database has lost, a new
// generation begins.
func TestLostPartOfATransaction(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	putKey(f, "a")
	var ops []object.Op
	for n := range 3 {
		ops = append(ops, object.Op{Kind: object.OpPut, Key: []byte{byte(n)}, Value: bytes.Repeat([]byte{1}, object.PartBytes/2)})
	}
	o := quick()
	o.raw = 1 << 20
	ctx, cancel := context.WithCancel(t.Context())
	logs := 0
	o.steps = func(s string) {
		if s != "log" {
			return
		}
		if logs++; logs == 2 { // the first part is there
			cancel()
			time.Sleep(50 * time.Millisecond)
		}
	}
	r, err := start(f, tg, o)
	ok(t, err)
	ok(t, r.Sync(soon(t)))
	lost := f.clone() // what is left after the power has failed
	f.commit(ops...)
	_ = r.Stop(ctx)
	putKey(lost, "other")
	r, err = start(lost, tg, quick())
	ok(t, err)
	ok(t, r.Sync(soon(t)))
	if s := r.Status(); s.Generation != 2 {
		t.Errorf("%+v", s)
	}
	ok(t, r.Stop(soon(t)))
	restored(t, tg, lost, RestoreOptions{})
}

// TestLateRequestAfterPowerLoss: a log object that was under way when the power failed, with what the database has
// lost, leads to a new generation, and not to the end of replication.
func TestLateRequestAfterPowerLoss(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	putKey(f, "a")
	r, err := start(f, tg, quick())
	ok(t, err)
	ok(t, r.Stop(soon(t)))
	lost := f.clone()
	putKey(f, "b")
	g, err := history{t: tg}.open(t.Context(), 1)
	ok(t, err)
	l := object.Log{First: 2, Last: 2, Pos: f.pos[2], Whole: true, Time: time.Now(), Prev: g.digest}
	l.Data = object.AppendOp(object.AppendOp(nil, f.txs[1][0]), object.Op{Kind: object.OpEnd, Seq: 2})
	data, err := l.Encode(1, nil)
	ok(t, err)
	o := quick()
	var once sync.Once
	o.steps = func(s string) {
		if s == "log" {
			once.Do(func() { tg.Put(object.LogName(1, 2, 0), data) })
		}
	}
	putKey(lost, "other")
	r, err = start(lost, tg, o)
	ok(t, err)
	ok(t, r.Stop(soon(t)))
	if s := r.Status(); s.Generation != 2 {
		t.Errorf("%+v", s)
	}
	restored(t, tg, lost, RestoreOptions{})
}

// TestRestartAfterASnapshot: with nothing committed since the newest snapshot, a replicator goes on with its state.
func TestRestartAfterASnapshot(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	putKey(f, "a")
	o := quick()
	o.Interval, o.SnapshotEvery = 50*time.Millisecond, 200*time.Millisecond
	r, err := start(f, tg, o)
	ok(t, err)
	ok(t, r.Sync(soon(t)))
	for range 10 {
		putKey(f, "x")
	}
	for ctx := soon(t); r.Status().Snapshot < 11; {
		ok(t, sleep(ctx, time.Millisecond))
	}
	ok(t, r.Stop(soon(t)))
	for n := range 3 {
		r, err = start(f, tg, quick())
		ok(t, err)
		ok(t, r.Stop(soon(t)))
		if s := r.Status(); s.Generation != 1 || s.Failures != 0 || s.Uploaded != uint64(len(f.txs)) {
			t.Errorf("restart %d: %+v", n, s)
		}
		putKey(f, "more")
	}
	r, err = start(f, tg, quick())
	ok(t, err)
	ok(t, r.Stop(soon(t)))
	restored(t, tg, f, RestoreOptions{})
}

// complete returns the complete snapshots of the first generation, newest first, and how many attempts there are.
func completeSnapshots(t *testing.T, tg target.Target) (list []complete, attempts int) {
	t.Helper()
	g, err := history{t: tg}.open(t.Context(), 1)
	ok(t, err)
	_, err = g.newestSnapshot(t.Context(), func(c complete) bool { list = append(list, c); return false }, func(err error) { t.Error(err) })
	ok(t, err)
	all, err := g.snapshots(t.Context())
	ok(t, err)
	return list, len(all)
}

// TestSettle: after runs that are short, the snapshot that was due is there, and nothing of what is not kept.
func TestSettle(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	for n := range 6 {
		putKey(f, "a")
		o := quick()
		o.Keep, o.SnapshotEvery = time.Millisecond, time.Millisecond
		o.steps = func(s string) {
			if s == "part" {
				time.Sleep(5 * time.Millisecond)
			}
		}
		r, err := start(f, tg, o)
		ok(t, err)
		ok(t, sleep(t.Context(), 2*time.Millisecond))
		ok(t, r.Settle(soon(t)))
		ok(t, r.Stop(soon(t)))
		list, attempts := completeSnapshots(t, tg)
		if len(list) != attempts || attempts > 2 || list[0].Pos.Seq != uint64(n+1) {
			t.Fatalf("run %d: %d snapshots of %d attempts", n, len(list), attempts)
		}
	}
	restored(t, tg, f, RestoreOptions{})
}

// TestIdle: while nothing is committed, no snapshot is made, and the one that is there stays.
func TestIdle(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	putKey(f, "a")
	o := quick()
	o.Keep, o.SnapshotEvery = 4*time.Millisecond, 2*time.Millisecond
	r, err := start(f, tg, o)
	ok(t, err)
	ok(t, r.Sync(soon(t)))
	before := r.Status().Objects
	ok(t, sleep(t.Context(), 50*time.Millisecond))
	if after := r.Status().Objects; after != before {
		t.Errorf("%d objects were uploaded at rest", after-before)
	}
	if s := r.Status(); s.Lag != 0 {
		t.Errorf("a lag of %v at rest", s.Lag)
	}
	ok(t, r.Stop(soon(t)))
}

// TestRetentionOfOneState: of two snapshots of one state, the later one stays.
func TestRetentionOfOneState(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	putKey(f, "a")
	o := quick()
	o.Keep = time.Hour
	r, err := start(f, tg, o)
	ok(t, err)
	ok(t, r.Stop(soon(t)))
	list, _ := completeSnapshots(t, tg)
	first := list[0]
	for _, age := range []time.Duration{3 * time.Hour, 2 * time.Hour, time.Minute} {
		s, err := f.snapshot(t.Context())
		ok(t, err)
		ready := make(chan logEnd, 1)
		ready <- logEnd{digest: first.Log}
		ok(t, r.putSnapshot(t.Context(), first.g, s, &object.Index{Pos: first.Pos, Time: time.Now().Add(-age)}, ready))
	}
	list, _ = completeSnapshots(t, tg)
	var ages []time.Duration
	for _, c := range list {
		ages = append(ages, time.Since(c.Time).Round(time.Minute))
	}
	if len(list) < 3 {
		t.Errorf("what is left is %v old", ages)
	}
}
