// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// overwriting accepts a second object of a name.
type overwriting struct{ *target.Memory }

func (o overwriting) Create(_ context.Context, name string, data []byte) error {
	o.Put(name, data)
	return nil
}

// TestDamageIsNamed damages and removes each object in turn: restoring gives the right rows, or an error that names
// the object; of damage to the log it gives all before it; and the next replicator makes a target that can be
// restored.
func TestDamageIsNamed(t *testing.T) {
	rng := seeded(t)
	f, tg := newFakeSource(), &target.Memory{}
	f.commit(randomTx(rng)...)
	o := quick()
	o.minLog = 4000
	r, err := start(f, tg, o)
	ok(t, err)
	for range 60 {
		f.commit(randomTx(rng)...)
		f.commit(randomTx(rng)...)
		ok(t, r.Sync(t.Context()))
	}
	ok(t, r.Stop(t.Context()))
	var names []string
	for info, err := range tg.List(t.Context(), "", "") {
		ok(t, err)
		names = append(names, info.Name)
	}
	named, unharmed := 0, 0
	for i, name := range names {
		data, err := tg.Get(t.Context(), name)
		ok(t, err)
		bad := bytes.Clone(data)
		bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		for _, missing := range []bool{true, false} {
			hurt := copyOf(t, tg)
			if missing {
				ok(t, hurt.Delete(t.Context(), name))
			} else {
				hurt.Put(name, bad)
			}
			newest := missing && strings.Contains(name, "/log/") && i+1 < len(names) && !strings.Contains(names[i+1], "/log/")
			ro := RestoreOptions{Engine: engine.Options{FS: memfs.New()}}
			done, err := Restore(t.Context(), hurt, "/restored.lsm", ro)
			switch {
			case err == nil:
				unharmed++
				compare(t, ro.Engine, f, done.Seq)
				if done.Seq != uint64(len(f.txs)) && !newest { // nothing refers to the newest object
					t.Fatalf("without %s: restored %+v", name, done)
				}
			case missing && strings.HasSuffix(name, "/index") && errors.Is(err, ErrNothing): // it was the only snapshot
				named++
			case !strings.Contains(err.Error(), name) && !strings.Contains(err.Error(), name[:strings.LastIndex(name, "/")+1]):
				t.Fatalf("%s is damaged, and the error is: %v", name, err)
			case !errors.Is(err, ErrDamaged):
				t.Fatalf("%s: %v", name, err)
			default:
				named++
				if _, err := ro.Engine.FS.Stat("/restored.lsm"); err == nil {
					t.Fatal("there is a file after an error")
				}
			}
			if i%8 != 0 {
				continue
			}
			later := f.clone()
			r, err := start(later, hurt, o)
			ok(t, err)
			later.commit(randomTx(rng)...)
			ok(t, r.Sync(t.Context()))
			for s := r.Status(); s.Snapshot <= uint64(len(later.txs))-2 && s.Generation == 1; s = r.Status() { // the next snapshot leads past it
				later.commit(randomTx(rng)...)
				ok(t, r.Sync(t.Context()))
			}
			ok(t, r.Stop(t.Context()))
			if done := restored(t, hurt, later, RestoreOptions{}); done.Seq != uint64(len(later.txs)) {
				t.Fatalf("%+v", done)
			}
		}
	}
	if named == 0 || unharmed == 0 {
		t.Errorf("%d errors named the object, %d states needed it not", named, unharmed)
	}
}

// TestForeignObjects: an object that is sound, and not the one that its chain or its index means, is refused.
func TestForeignObjects(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	f.commit(object.Op{Kind: object.OpPut, Key: []byte("a"), Value: []byte("b")})
	r, err := start(f, tg, quick())
	ok(t, err)
	ok(t, r.Sync(t.Context()))
	f.commit(object.Op{Kind: object.OpPut, Key: []byte("c"), Value: []byte("d")})
	ok(t, r.Stop(t.Context()))
	g, err := history{t: tg}.open(t.Context(), 1)
	ok(t, err)
	l, _, err := g.log(t.Context(), 2, 0)
	ok(t, err)
	l.Prev[0]++
	data, err := l.Encode(1, nil)
	ok(t, err)
	hurt := copyOf(t, tg)
	hurt.Put(object.LogName(1, 2, 0), data)
	if _, err := Restore(t.Context(), hurt, "/r.lsm", RestoreOptions{Engine: engine.Options{FS: memfs.New()}}); !errors.Is(err, ErrDamaged) ||
		!strings.Contains(err.Error(), object.LogName(1, 2, 0)) {
		t.Errorf("a log object that follows another one: %v", err)
	}
	c, err := g.newestSnapshot(t.Context(), func(complete) bool { return true }, func(err error) { t.Error(err) })
	ok(t, err)
	part := c.info.id.Part(0)
	data, err = object.Encode(object.KindPart, part, object.AppendRow(nil, []byte("a"), []byte("x")), nil)
	ok(t, err)
	hurt = copyOf(t, tg)
	hurt.Put(part, data)
	if _, err := Restore(t.Context(), hurt, "/r.lsm", RestoreOptions{Engine: engine.Options{FS: memfs.New()}}); !errors.Is(err, ErrDamaged) {
		t.Errorf("a part with other rows: %v", err)
	}
}

func copyOf(t *testing.T, tg *target.Memory) *target.Memory {
	t.Helper()
	c := &target.Memory{}
	for info, err := range tg.List(t.Context(), "", "") {
		ok(t, err)
		data, err := tg.Get(t.Context(), info.Name)
		ok(t, err)
		c.Put(info.Name, data)
	}
	return c
}

// TestRetention: of hours of commits, with gaps, every moment that is kept can be restored, to exactly what was
// committed then, after each snapshot; and what is older goes.
func TestRetention(t *testing.T) {
	rng := seeded(t)
	synctest.Test(t, func(t *testing.T) {
		f, tg := newFakeSource(), &target.Memory{}
		o := Options{Interval: time.Second, SnapshotEvery: 10 * time.Minute, Keep: time.Hour, raw: 2000}
		var r *Replicator
		began := time.Now()
		for time.Since(began) < 5*time.Hour {
			if r == nil {
				var err error
				r, err = start(f, tg, o)
				ok(t, err)
			}
			f.commit(randomTx(rng)...)
			time.Sleep(time.Duration(1+rng.IntN(60)) * time.Second)
			if rng.IntN(60) == 0 {
				ok(t, r.Stop(t.Context()))
				r = nil
				if rng.IntN(2) == 0 { // the next one begins a generation
					f.commit(randomTx(rng)...)
					f.forget(uint64(len(f.txs)))
				}
			}
			if rng.IntN(40) == 0 && time.Since(began) > 20*time.Minute && r != nil {
				ok(t, r.Sync(t.Context()))
				back := min(time.Hour, time.Since(began)-15*time.Minute)
				for _, ago := range []time.Duration{back, time.Duration(rng.Int64N(int64(back)))} { // the oldest needs the most
					at := time.Now().Add(-ago)
					eo := engine.Options{FS: memfs.New()}
					done, err := Restore(t.Context(), tg, "/restored.lsm", RestoreOptions{Time: at, Engine: eo})
					if err != nil {
						t.Fatalf("%v ago: %v", ago, err)
					}
					if done.Time.After(at) {
						t.Fatalf("restored %+v, which is after %v", done, at)
					}
					isOf(t, eo, f, at)
				}
			}
		}
		if r != nil {
			ok(t, r.Stop(t.Context()))
		}
		oldest, total := time.Now(), 0
		h := history{t: tg}
		list, err := h.generations(t.Context())
		ok(t, err)
		for _, num := range list {
			g, err := h.open(t.Context(), num)
			ok(t, err)
			_, err = g.newestSnapshot(t.Context(), func(c complete) bool {
				if total++; c.Time.Before(oldest) {
					oldest = c.Time
				}
				return false
			}, func(err error) { t.Error(err) })
			ok(t, err)
		}
		if age := time.Since(oldest); age > 2*time.Hour || total > 20 {
			t.Errorf("%d snapshots are left, the oldest of them %v old", total, age)
		}
	})
}

// isOf wants a restored database to have the rows of a moment: of the transactions up to then, those of the last
// second and what was not uploaded while no replicator ran may be missing.
func isOf(t *testing.T, o engine.Options, f *fakeSource, at time.Time) {
	t.Helper()
	db, err := engine.Open(t.Context(), "/restored.lsm", o)
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	got := content(t, db)
	newest := uint64(0)
	for i, when := range f.times {
		if !when.After(at) {
			newest = uint64(i) + 1
		}
	}
	for seq := newest; seq+4 > newest && seq > 0; seq-- {
		if maps.Equal(got, f.model(seq)) {
			return
		}
	}
	t.Fatalf("at %v, transaction %d, %d other rows were restored", at, newest, len(got))
}

// TestLongTransaction: one that is longer than an object is cut, goes on after the writer was ended in the middle,
// and is restored as one.
func TestLongTransaction(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	f.commit(object.Op{Kind: object.OpPut, Key: []byte("a"), Value: []byte("b")})
	var ops []object.Op
	for n := range 70 {
		ops = append(ops, object.Op{Kind: object.OpPut, Key: []byte{byte(n)}, Value: bytes.Repeat([]byte{byte(n)}, 1<<20)})
	}
	o := quick()
	o.raw = 1 << 20
	stop := make(chan struct{})
	logs := 0
	o.steps = func(s string) {
		if s == "log" {
			if logs++; logs == 2 {
				close(stop)
			}
		}
	}
	r, err := start(f, tg, o)
	ok(t, err)
	ok(t, r.Sync(t.Context()))
	f.commit(ops...)
	<-stop
	r.cancel()
	<-r.done
	if done := restored(t, tg, f, RestoreOptions{}); done.Seq != 1 {
		t.Fatalf("a part of a transaction was restored: %+v", done)
	}
	o.steps = nil
	r, err = start(f, tg, o)
	ok(t, err)
	f.commit(object.Op{Kind: object.OpDelete, Key: []byte("a")})
	ok(t, r.Stop(t.Context()))
	if s := r.Status(); s.Generation != 1 {
		t.Fatalf("%+v", s)
	}
	if done := restored(t, tg, f, RestoreOptions{}); done.Seq != 3 {
		t.Fatalf("%+v", done)
	}
	if done := restored(t, tg, f, RestoreOptions{Seq: 2}); done.Seq != 2 {
		t.Fatalf("%+v", done)
	}
	parts := 0
	for range (&generation{h: history{t: tg}, num: 1}).logs(t.Context(), 1) {
		parts++
	}
	if parts != 4 {
		t.Errorf("%d log objects", parts)
	}
}
