// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// pagesDB is a database of many pages with a cache for few, and what is in it.
func pagesDB(t *testing.T, o engine.Options) (db *engine.DB, key, value func(i int) []byte, rows int) {
	t.Helper()
	ctx := context.Background()
	o.FS, o.NoAutoWork = memfs.New(), true
	db, err := engine.Open(ctx, "/a.db", o)
	if err != nil {
		t.Fatal(err)
	}
	rows = 3000
	key = func(i int) []byte { return fmt.Appendf(nil, "key-%06d", i) }
	value = func(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "%06d", i), 20+i%7*100) }
	for level := range 3 {
		if err := db.Update(ctx, func(tx *engine.Tx) error {
			for i := level; i < rows; i += 3 {
				if err := tx.Put(key(i), value(i)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return db, key, value, rows
}

// TestUnclosedCursorsKeepTheBudget: cursors that nobody closes hold pages, but no more than the cache
// may have. Everything else goes on, and what they show stays right.
func TestUnclosedCursorsKeepTheBudget(t *testing.T) {
	for _, compression := range []string{"none", "lz4"} {
		const budget = 64 << 10
		db, key, value, rows := pagesDB(t, engine.Options{CacheSize: budget, Compression: compression})
		rng := rand.New(rand.NewPCG(1, 1))
		type open struct {
			c  *engine.Cursor
			at int
		}
		var cursors []open
		check := func(o open) {
			t.Helper()
			v, err := o.c.Value()
			if err != nil || !bytes.Equal(o.c.Key(), key(o.at)) || !bytes.Equal(v, value(o.at)) {
				t.Fatalf("cursor at %d: key %q, %d bytes, %v", o.at, o.c.Key(), len(v), err)
			}
		}
		for i := range 60 {
			c, err := db.Cursor(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			cursors = append(cursors, open{c, rng.IntN(rows - 10)})
			if !c.Seek(key(cursors[i].at), engine.SeekGE) {
				t.Fatal(c.Err())
			}
			for range rng.IntN(5) {
				c.Next()
				cursors[i].at++
			}
			for range 20 {
				j := rng.IntN(rows)
				if v, _, err := db.Get(nil, key(j)); err != nil || !bytes.Equal(v, value(j)) {
					t.Fatal(len(v), err)
				}
			}
			if got := db.Stats().CacheBytes; got > budget {
				t.Fatalf("%d cursors: %d bytes are used, the budget is %d", i, got, budget)
			}
			check(cursors[rng.IntN(len(cursors))])
		}
		if err := db.Close(); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("close with open cursors: %v", err)
		}
		for i := range cursors {
			check(cursors[i])
			if err := cursors[i].c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if n := db.Stats().CacheBytes; n != 0 {
			t.Errorf("%d bytes of the cache are left after Close", n)
		}
	}
}

// TestSeekToTheCurrentKey: Key is good until a seek has ended, also one that is given the key itself.
func TestSeekToTheCurrentKey(t *testing.T) {
	db, key, _, rows := pagesDB(t, engine.Options{CacheSize: 1})
	defer db.Close()
	c, err := db.Cursor(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range rows {
		for _, mode := range []engine.SeekMode{engine.SeekGE, engine.SeekLE, engine.SeekEQ, engine.SeekLEFast} {
			if !c.Seek(key(i), engine.SeekGE) || !c.Seek(c.Key(), mode) || !bytes.Equal(c.Key(), key(i)) {
				t.Fatalf("row %d, mode %d: at %q, %v", i, mode, c.Key(), c.Err())
			}
		}
	}
}

// TestUncachedReadsCostFewAllocations: a miss allocates what describes a page in memory, the table of its
// stretch of the file if it has none, and the page itself only if it belongs to a b-tree.
func TestUncachedReadsCostFewAllocations(t *testing.T) {
	notUnderRace(t)
	db, key, _, rows := pagesDB(t, engine.Options{CacheSize: 64 << 10})
	defer db.Close()
	dst := make([]byte, 0, 8<<10)
	i, misses, bytes := 0, db.Stats().CacheMisses, 0
	const runs = 500
	keys := make([][]byte, rows)
	for i := range keys {
		keys[i] = key(i)
	}
	var n float64
	bytes = allocated(func() {
		n = testing.AllocsPerRun(runs, func() {
			i = (i + 1237) % rows
			if _, found, err := db.Get(dst, keys[i]); !found || err != nil {
				t.Fatal(found, err)
			}
		})
	})
	each := float64(db.Stats().CacheMisses-misses) / runs
	if each < 1 {
		t.Errorf("%.1f misses a read: the cache is too large for the test", each)
	}
	most, mostBytes := 2*each, 2048*each
	if invariant.Expensive { // what checks read lies far apart, so that more tables come and go
		most, mostBytes = most+1, mostBytes+1024
	}
	if t.Logf("%v allocations, %d bytes for %.1f misses", n, bytes/runs, each); n > most || float64(bytes/runs) > mostBytes {
		t.Errorf("%v allocations, %d bytes for %.1f misses", n, bytes/runs, each)
	}
}
