// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"fmt"
	"log"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/store"
)

// The newest two keys below a given one, by way of the interfaces that every store has.
func Example() {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/events", engine.Options{FS: memfs.New()})
	if err != nil {
		log.Fatal(err)
	}
	var s store.Store = store.Engine{DB: db}
	defer s.Close()

	tx, err := s.Begin(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range []string{"2026-01", "2026-02", "2026-03", "2026-04"} {
		if err := tx.Put(ctx, []byte(key), []byte("event of "+key)); err != nil {
			log.Fatal(err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		log.Fatal(err)
	}

	c, err := s.Cursor(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	r := store.Range{Hi: []byte("2026-04"), HasHi: true, HiOpen: true, Reverse: true, Limit: 2}
	for ok := c.Seek(ctx, &r); ok; ok = c.Next(ctx) {
		value, err := c.Value(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", c.Key(), value)
	}
	if err := c.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2026-03: event of 2026-03
	// 2026-02: event of 2026-02
}
