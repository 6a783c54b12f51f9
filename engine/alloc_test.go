// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestReadsCostNoAllocation: with pages in the cache and a buffer that is large enough,
// neither a lookup nor a step of a cursor allocates, however many levels there are.
func TestReadsCostNoAllocation(t *testing.T) {
	for _, compression := range []string{"none", "lz4"} {
		t.Run(compression, func(t *testing.T) { readsCostNoAllocation(t, compression) })
	}
}

func readsCostNoAllocation(t *testing.T, compression string) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/a.db", engine.Options{FS: memfs.New(), NoAutoWork: true, Compression: compression})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const n = 3000
	key := func(i int) []byte { return fmt.Appendf(nil, "key-%06d", i) }
	for level := range 4 { // three levels and the live tree
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for i := level; i < n; i += 4 {
				if err := tx.Put(key(i), bytes.Repeat([]byte{byte(i)}, 100)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if level < 3 {
			if err := db.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = key(i)
	}
	dst := make([]byte, 0, 200)
	i := 0
	next := func() []byte { i = (i + 1237) % n; return keys[i] }
	none := func(what string, runs int, f func()) {
		t.Helper()
		if got := testing.AllocsPerRun(runs, f); got != 0 {
			t.Errorf("%s: %v allocations", what, got)
		}
	}
	get := func() {
		v, found, err := db.Get(dst, next())
		if err != nil || !found || len(v) != 100 || v[0] != byte(i) {
			t.Fatalf("get %q: %d bytes, found %v, %v", keys[i], len(v), found, err)
		}
	}
	for range n {
		get() // the cache
	}
	none("DB.Get", 500, get)
	missing := []byte("key-000001x")
	none("DB.Get of a missing key", 500, func() {
		if _, found, err := db.Get(dst, missing); found || err != nil {
			t.Fatal(found, err)
		}
	})

	s, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	none("Snapshot.Get", 500, func() {
		if _, found, err := s.Get(dst, next()); !found || err != nil {
			t.Fatal(found, err)
		}
	})
	if !engine.RaceDetector {
		shortScansCostTwoAllocations(t, db, next)
	}
	c, err := s.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.First()
	none("Cursor.Next", 1000, func() {
		if !c.Next() {
			t.Fatal(c.Err())
		}
		if v, err := c.Value(); err != nil || len(v) != 100 {
			t.Fatal(len(v), err)
		}
	})
	c.First()
	var row engine.Row
	none("Cursor.NextRow", 1000, func() {
		if !c.NextRow(&row) || len(row.Key) != 10 || len(row.Value) != 100 {
			t.Fatal(row, c.Err())
		}
	})
	c.Last()
	none("Cursor.Prev", 1000, func() {
		if !c.Prev() {
			t.Fatal(c.Err())
		}
	})
	none("Cursor.Seek", 500, func() {
		if !c.Seek(next(), engine.SeekGE) {
			t.Fatal(c.Err())
		}
	})
}

// shortScansCostTwoAllocations: those are the Snapshot and the Cursor that the caller gets. What a
// cursor needs beyond that is used again.
func shortScansCostTwoAllocations(t *testing.T, db *engine.DB, key func() []byte) {
	t.Helper()
	scan := func(c *engine.Cursor, err error) {
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for ok := c.Seek(key(), engine.SeekGE); ok && rows < 100; ok = c.Next() {
			if _, err := c.Value(); err != nil {
				t.Fatal(err)
			}
			rows++
		}
		if err := errors.Join(c.Err(), c.Close()); rows == 0 || err != nil {
			t.Fatal(rows, err)
		}
	}
	ctx := context.Background()
	most := func(what string, want float64, f func()) {
		t.Helper()
		if got := testing.AllocsPerRun(500, f); got > want {
			t.Errorf("%s and 100 rows: %v allocations, want at most %v", what, got, want)
		}
	}
	most("Snapshot, Cursor", 2, func() {
		s, err := db.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		scan(s.Cursor())
		s.Close()
	})
	most("Cursor", 1, func() { scan(db.Cursor(ctx)) })
}
