// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestReadersGiveWayToAWriter: gets, snapshots and cursors let others run now and then while a
// transaction has been open for a while, and never long after there was one. The transaction's own
// cursors do not.
func TestReadersGiveWayToAWriter(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2)) // with one processor nobody gives way
	ctx := context.Background()
	db, err := Open(ctx, "/db", Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	reads := map[string]func(){
		"get":      func() { _, _, err := db.Get(nil, []byte("k")); must(err) },
		"length":   func() { _, _, err := db.ValueLen([]byte("k")); must(err) },
		"cursor":   func() { c, err := db.Cursor(ctx); must(err); must(c.Close()) },
		"snapshot": func() { s, err := db.Snapshot(ctx); must(err); must(s.Close()) },
	}
	open, err := db.Snapshot(ctx)
	must(err)
	defer open.Close()
	moved, err := open.Cursor()
	must(err)
	defer moved.Close()
	reads["get within a snapshot"] = func() { _, _, err := open.Get(nil, []byte("k")); must(err) }
	reads["length within a snapshot"] = func() { _, _, err := open.ValueLen([]byte("k")); must(err) }
	reads["short get within a snapshot"] = func() { _, _, _, err := open.GetShort(nil, []byte("k"), 9); must(err) }
	reads["move of a cursor"] = func() { moved.First() }
	given := db.writer.Turn.Given
	const enough = 10_000 // also where readers are spread over many slots
	for name, read := range reads {
		time.Sleep(20 * time.Millisecond) // soon after a transaction they do
		before := given()
		for range enough {
			read()
		}
		if n := given() - before; n != 0 {
			t.Errorf("%s: readers gave way %d times, and nobody wrote", name, n)
		}
		tx, err := db.Begin(ctx)
		must(err)
		must(tx.Put([]byte("k"), []byte(name)))
		time.Sleep(5 * time.Millisecond)
		own, err := tx.Cursor()
		must(err)
		for range enough {
			own.First()
		}
		must(own.Close())
		if n := given() - before; n != 0 {
			t.Errorf("a cursor of the transaction gave way %d times", n)
		}
		for range enough {
			read()
		}
		must(tx.Commit(ctx))
		if n := given() - before; n == 0 || n > enough/8 {
			t.Errorf("%s: readers gave way %d times in %d", name, n, enough)
		}
	}
}
