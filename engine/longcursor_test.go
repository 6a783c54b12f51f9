// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestLongCursor holds a cursor while everything is overwritten many times, and measures
// what that costs: the file may grow by what the cursor shows, once, and not with every
// version that comes and goes meanwhile; and it is reusable when the cursor is closed.
func TestLongCursor(t *testing.T) {
	ctx := context.Background()
	const keys, rounds = 4000, 12
	run := func(hold bool) (blocks int64, db *engine.DB, c *engine.Cursor) {
		o := smallSizes
		o.FS = memfs.New()
		db, err := engine.Open(ctx, "/x.lsm", o)
		ok(t, err)
		overwrite := func(generation int) {
			for i := 0; i < keys; i += 100 {
				ok(t, putRange(ctx, db, i, i+100, generation))
			}
			_, err := db.Checkpoint(ctx)
			ok(t, err)
		}
		for g := range 4 {
			overwrite(g)
		}
		if hold {
			ok(t, db.View(ctx, func(s *engine.Snapshot) error {
				c, err = s.Cursor()
				return err
			}))
			if !c.First() {
				t.Fatal(c.Err())
			}
		}
		for g := range rounds {
			overwrite(10 + g)
		}
		return db.Stats().Blocks, db, c
	}
	without, db, _ := run(false)
	ok(t, db.Close())
	with, db, c := run(true)
	t.Logf("%d overwrites of %d keys: %d blocks without a cursor, %d with one", rounds, keys, without, with)
	if with > 2*without+4 {
		t.Errorf("a held cursor lets the file grow to %d blocks, %d without it", with, without)
	}
	n := 0
	for more := c.First(); more; more = c.Next() {
		n++
		if v, err := c.Value(); err != nil || v[0] != '3' {
			t.Fatalf("the cursor shows %q (%v), which is of another state than the one it was opened on", v, err)
		}
	}
	if n != keys || c.Err() != nil {
		t.Errorf("the cursor shows %d rows: %v", n, c.Err())
	}
	expectSound(t, db)
	ok(t, c.Close())
	if db.Stats().Pins != 0 {
		t.Errorf("%d pins after the cursor was closed", db.Stats().Pins)
	}
	// What it kept is used again before the file grows much further, which it does at first
	// because transactions are larger now; then it does not grow any more.
	overwrite := func(rounds int) int64 {
		for g := range rounds {
			ok(t, putRange(ctx, db, 0, keys, 50+g))
			_, err := db.Checkpoint(ctx)
			ok(t, err)
		}
		return db.Stats().Blocks
	}
	settled := overwrite(12)
	if settled > with+with/4 {
		t.Errorf("the file has grown from %d to %d blocks after the cursor was closed", with, settled)
	}
	if blocks := overwrite(24); blocks > settled {
		t.Errorf("the file goes on growing, from %d to %d blocks", settled, blocks)
	}
	ok(t, db.Optimize(ctx))
	expectSound(t, db)
	ok(t, db.Close())
}

// TestLongCursorAndTree holds a cursor on the tree in memory while small transactions go
// on: each of them makes copies of a few nodes, which are to be used again.
func TestLongCursorAndTree(t *testing.T) {
	ctx := context.Background()
	heap := func(hold bool) int64 {
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), NoLog: true})
		ok(t, err)
		ok(t, putRange(ctx, db, 0, 2000, 1))
		if hold {
			s, err := db.Snapshot(ctx)
			ok(t, err)
			defer func() { ok(t, s.Close()); ok(t, db.Close()) }()
		} else {
			defer func() { ok(t, db.Close()) }()
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range 20000 {
			ok(t, putRange(ctx, db, i%2000, i%2000+1, 2))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		return int64(after.HeapAlloc) - int64(before.HeapAlloc)
	}
	without, with := heap(false), heap(true)
	t.Logf("20000 transactions: heap grows by %d KB, by %d KB with a snapshot held", without>>10, with>>10)
	// All copies that were ever made are some 30 MB; the heap also holds what other tests
	// have left, so a few MB say nothing.
	if with > 12<<20 {
		t.Errorf("a held snapshot lets memory grow by %d KB, %d KB without it", with>>10, without>>10)
	}
}
