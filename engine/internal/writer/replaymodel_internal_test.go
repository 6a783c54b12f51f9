// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// TestReplayIsWhatTheRecordsSay, one by one: of random logs with overwrites, deletes, ranges,
// levels and transactions that were rolled back, and an end that is torn or damaged.
func TestReplayIsWhatTheRecordsSay(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 9))
		d := newDesk(t, noSync)
		d.set(func(v *tuning.Values) { v.AutoFlush, v.MaxLog = 1<<30, 1<<30 })
		for range 1 + rng.IntN(60) {
			d.randomTransaction(rng)
		}
		d.damageEnd(rng)
		want := d.oneByOne()

		w := d.replayed(1<<30, true)
		expectTree(t, w.tree.Freeze(), want)
		d.replayed(int64(1+rng.IntN(64))<<10, true)
		expectRows(t, d.Ledger.Newest(), want)
		d.replayed(int64(1+rng.IntN(64))<<10, false)
		expectRows(t, d.Ledger.Newest(), want)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// randomTransaction commits a few hundred records, or rolls them back, some by levels.
func (d *desk) randomTransaction(rng *rand.Rand) {
	d.t.Helper()
	numKeys := 1 + rng.IntN(1<<(1+rng.IntN(12)))
	key := func() []byte {
		return fmt.Appendf(nil, "%s%05d", "a shared prefix"[:rng.IntN(2)*15], rng.IntN(numKeys))
	}
	var tx Tx
	must(d.t, d.Begin(context.Background(), &tx))
	for range rng.IntN(1 << rng.IntN(11)) {
		var err error
		switch n := rng.IntN(200); {
		case n < 40:
			err = tx.Delete(key())
		case n == 40:
			err = tx.DeleteRange(key(), key())
		case n == 41 && tx.Level() < 5:
			_, err = tx.Begin()
		case n == 42:
			err = tx.RollbackTo(1 + rng.IntN(tx.Level()))
		case n == 43:
			err = tx.CommitTo(1 + rng.IntN(tx.Level()))
		case n == 44 && rng.IntN(60) == 0:
			err = tx.Put(key(), bytes.Repeat(key(), 100<<10)) // read by Load
		default:
			err = tx.Put(key(), bytes.Repeat([]byte{byte(rng.Uint32())}, rng.IntN(1<<rng.IntN(11))))
		}
		must(d.t, err)
	}
	if rng.IntN(5) == 0 {
		must(d.t, tx.Rollback())
		return
	}
	must(d.t, tx.Commit(context.Background()))
}

// damageEnd cuts the log, or changes a byte of it, as a rule near its end.
func (d *desk) damageEnd(rng *rand.Rand) {
	d.t.Helper()
	log := d.Files.Log()
	size, err := log.Size()
	must(d.t, err)
	at := size - rng.Int64N(min(size, 1<<(1+rng.IntN(20)))+1)
	switch rng.IntN(3) {
	case 0:
		must(d.t, log.Truncate(at))
	case 1:
		_, err = log.WriteAt([]byte{byte(rng.Uint32())}, at)
		must(d.t, err)
	}
}

// oneByOne returns what the log holds, of which each record is applied when it is read.
func (d *desk) oneByOne() memtree.View {
	d.t.Helper()
	tree := memtree.New()
	_, _, err := wal.Recover(d.Files.Log(), snapshot.Empty().Log, nil, func(r format.LogRecord) error {
		switch r.Op {
		case format.LogWrite:
			if r.Load != nil {
				return tree.PutFunc(r.Key, r.ValueLen, r.Load)
			}
			tree.Put(r.Key, r.Value)
		case format.LogDelete:
			tree.Delete(r.Key)
		case format.LogDeleteRange:
			tree.DeleteRange(r.Key, r.Value)
		}
		return nil
	})
	must(d.t, err)
	return tree.Freeze()
}

// replayed replays the log from its beginning.
func (d *desk) replayed(autoFlush int64, inMemory bool) *Writer {
	d.t.Helper()
	d.set(func(v *tuning.Values) { v.AutoFlush = autoFlush })
	w := New(d.Config)
	must(d.t, w.First(snapshot.Empty()))
	must(d.t, d.Worker.Turn.Take(context.Background()))
	defer d.Worker.Turn.Release()
	_, err := w.Replay(context.Background(), snapshot.Empty().Log, nil, inMemory)
	must(d.t, err)
	return w
}

// expectTree compares all records of two trees.
func expectTree(t *testing.T, got, want memtree.View) {
	t.Helper()
	must(t, got.Check())
	var a, b memtree.Iter
	a.Init(got)
	b.Init(want)
	okA, okB := a.First(), b.First()
	for ; okA && okB; okA, okB = a.Next(), b.Next() {
		if !bytes.Equal(a.Key(), b.Key()) || a.Kind() != b.Kind() || !bytes.Equal(a.Value(), b.Value()) {
			t.Errorf("key %q of kind %#x, want %q of kind %#x, or another value", a.Key(), a.Kind(), b.Key(), b.Kind())
			return
		}
	}
	if okA != okB {
		t.Errorf("%d records, want %d", got.Len(), want.Len())
	}
}

// expectRows compares the rows that a state shows with those of a tree.
func expectRows(t *testing.T, st *snapshot.State, want memtree.View) {
	t.Helper()
	var c cursor.Cursor
	must(t, c.Init(st.Live, st))
	var it memtree.Iter
	it.Init(want)
	ok := c.First()
	for more := it.First(); more; more = it.Next() {
		if it.Kind()&base.Insert == 0 {
			continue
		}
		if !ok || !bytes.Equal(c.Key(), it.Key()) {
			t.Errorf("key %q, want %q; %v", c.Key(), it.Key(), c.Err())
			return
		}
		if v, err := c.Value(); err != nil || !bytes.Equal(v, it.Value()) {
			t.Errorf("key %q has another value; %v", it.Key(), err)
			return
		}
		ok = c.Next()
	}
	if ok || c.Err() != nil {
		t.Errorf("key %q is there, too; %v", c.Key(), c.Err())
	}
}
