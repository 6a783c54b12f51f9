// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/store"
)

// TestNextStopsAtTheEndOfARange puts thousands of deleted keys before and after the only
// two that are left. A walk over a range that ends with one of those must not read what
// lies beyond it.
func TestNextStopsAtTheEndOfARange(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/db", engine.Options{
		FS: memfs.New(), PageSize: 256, BlockSize: 64 << 10, NoAutoWork: true, CacheSize: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	const n = 3000
	name := func(i int) []byte { return fmt.Appendf(nil, "%06d", i) }
	err = db.Update(ctx, func(tx *engine.Tx) error {
		for i := range n {
			if err := tx.Put(name(i), nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = db.Flush(ctx)
	}
	if err == nil {
		err = db.Update(ctx, func(tx *engine.Tx) error {
			for i := range n {
				if i == n/2 || i == n/2+1 {
					continue
				}
				if err := tx.Delete(name(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil {
		err = db.Flush(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := store.Engine{DB: db}
	for _, reverse := range []bool{false, true} {
		for _, limit := range []int{0, 2} {
			r := store.Range{Lo: name(n / 2), HasLo: true, Hi: name(n/2 + 1), HasHi: true, Reverse: reverse, Limit: limit}
			if limit > 0 { // which ends it, and no other end
				r.HasLo, r.HasHi = !reverse, reverse
			}
			c, err := s.Cursor(ctx)
			if err != nil {
				t.Fatal(err)
			}
			before := db.Stats().PagesRead
			found := 0
			for ok := c.Seek(ctx, &r); ok; ok = c.Next(ctx) {
				found++
			}
			read := db.Stats().PagesRead - before
			if err := c.Err(); err != nil || found != 2 {
				t.Fatalf("found %d keys, %v", found, err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			if read > 20 {
				t.Errorf("reverse %v, limit %d: %d pages were read", reverse, limit, read)
			}
		}
	}
	// What the test relies on: to look beyond means to read on.
	c, err := s.Cursor(ctx)
	if err != nil {
		t.Fatal(err)
	}
	before := db.Stats().PagesRead
	for ok := c.Seek(ctx, &store.Range{Lo: name(n / 2), HasLo: true}); ok; ok = c.Next(ctx) {
	}
	if read := db.Stats().PagesRead - before; read < 100 {
		t.Errorf("a look beyond reads %d pages only", read)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
