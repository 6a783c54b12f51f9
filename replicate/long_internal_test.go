// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// weighed is a target that looks at what the program has in memory each time that a log object is read.
type weighed struct {
	*target.Memory
	mu    sync.Mutex
	most  uint64
	reads atomic.Int64
	fails atomic.Int64 // the read of a part after which each fails
}

var errWeighed = errors.New("the network is gone")

func (w *weighed) Get(ctx context.Context, name string) ([]byte, error) {
	if !strings.Contains(name, "/log/") {
		return w.Memory.Get(ctx, name)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.fails.Load(); w.reads.Add(1) > n && n > 0 {
		return nil, errWeighed
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	w.most = max(w.most, m.HeapAlloc)
	return w.Memory.Get(ctx, name)
}

// longTransaction puts a transaction of many parts into a target, over few keys.
func longTransaction(t *testing.T, parts int) (*fakeSource, *target.Memory) {
	t.Helper()
	f, tg := newFakeSource(), &target.Memory{}
	put(f, "a")
	r, err := start(f, tg, quick())
	ok(t, err)
	ok(t, r.Sync(t.Context()))
	value := bytes.Repeat([]byte{7}, 1<<20)
	var ops []object.Op
	for n := range parts * object.PartBytes >> 20 {
		ops = append(ops, object.Op{Kind: object.OpPut, Key: []byte{byte(n % 10)}, Value: value})
	}
	f.commit(ops...)
	put(f, "b")
	ok(t, r.Stop(t.Context()))
	return f, tg
}

// TestRestoreOfALongTransaction: it takes memory for some parts of it, not for all.
func TestRestoreOfALongTransaction(t *testing.T) {
	f, tg := longTransaction(t, 9)
	w := &weighed{Memory: tg}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	path := t.TempDir() + "/restored.lsm"
	done, err := Restore(t.Context(), w, path, RestoreOptions{})
	ok(t, err)
	if done.Seq != 3 {
		t.Errorf("restored up to %d", done.Seq)
	}
	if most := w.most - before.HeapAlloc; most > 7*object.PartBytes {
		t.Errorf("a transaction of 9 parts took %d bytes", most)
	}
	db, err := engine.Open(t.Context(), path, engine.Options{})
	ok(t, err)
	if got, want := content(t, db), f.model(3); !maps.Equal(got, want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	ok(t, db.Close())
}

// TestFollowerOfALongTransaction: parts whose end has not come are read once; one that is changed or missing when it is
// read again is damage, which is named; a network that fails in the middle is waited for; and nobody sees a part of it.
func TestFollowerOfALongTransaction(t *testing.T) {
	f, tg := longTransaction(t, 3)
	w := &weighed{Memory: copyOf(t, tg)}
	last, after := object.LogName(1, 2, 3), object.LogName(1, 3, 0)
	ok(t, w.Delete(t.Context(), last))
	ok(t, w.Delete(t.Context(), after))
	o := following(memfs.New())
	o.Poll = time.Hour
	fo, err := Follow(t.Context(), w, "/replica.lsm", o)
	ok(t, err)
	ok(t, fo.CatchUp(t.Context()))
	ok(t, fo.CatchUp(t.Context()))
	if n := w.reads.Load(); n != 3 {
		t.Errorf("%d log objects were read, want 3", n)
	}
	shows(t, fo, f)

	data, err := tg.Get(t.Context(), last)
	ok(t, err)
	w.Put(last, data)
	w.fails.Store(5) // the last part, and one of the parts before it
	if err := fo.CatchUp(t.Context()); !errors.Is(err, errWeighed) {
		t.Errorf("without a network: %v", err)
	}
	shows(t, fo, f)
	w.fails.Store(0)

	name := object.LogName(1, 2, 1)
	w.Put(name, data)
	if err := fo.CatchUp(t.Context()); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
		t.Errorf("another object in place of a part: %v", err)
	}
	shows(t, fo, f)
	data, err = tg.Get(t.Context(), name)
	ok(t, err)
	w.Put(name, data)
	ok(t, fo.CatchUp(t.Context()))
	if s := fo.Status(); s.Applied != 2 {
		t.Errorf("%+v", s)
	}
	shows(t, fo, f)
	ok(t, fo.Close())
}

// TestPartThatChanges: the parts of a transaction are verified, and then read once more.
func TestPartThatChanges(t *testing.T) {
	_, tg := longTransaction(t, 2)
	g, err := history{t: tg}.open(t.Context(), 1)
	ok(t, err)
	db, err := engine.Open(t.Context(), "/x.lsm", engine.Options{FS: memfs.New()})
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	name, seen := object.LogName(1, 2, 1), 0
	for l, err := range g.chain(t.Context(), 1, g.digest) {
		ok(t, err)
		if seen++; seen > 1 {
			break
		}
		other := *l
		other.Log = &object.Log{First: 2, Part: 1, Last: 1, Pos: object.Position{Seq: 1}, Time: l.Time, Prev: l.before[0], Data: []byte{1}}
		data, err := other.Encode(1, nil)
		ok(t, err)
		tg.Put(name, data)
		if _, err := apply(t.Context(), db, l, 0, 0); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
			t.Errorf("%v", err)
		}
	}
	if seen == 0 {
		t.Error("there is no such transaction")
	}
}
