// SPDX-License-Identifier: Apache-2.0

package replicate_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// A database is replicated to a folder, and restored from there.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := engine.Open(ctx, filepath.Join(dir, "my.lsm"), engine.Options{Changes: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	t, err := target.OpenDir(filepath.Join(dir, "target"))
	if err != nil {
		log.Fatal(err)
	}
	r, err := replicate.Start(db, t, replicate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("user/1"), []byte("Ada")) }); err != nil {
		log.Fatal(err)
	}
	if err := r.Stop(ctx); err != nil { // everything is in the target
		log.Fatal(err)
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}

	again := filepath.Join(dir, "again.lsm")
	if _, err := replicate.Restore(ctx, t, again, replicate.RestoreOptions{}); err != nil {
		log.Fatal(err)
	}
	db, err = engine.Open(ctx, again, engine.Options{ReadOnly: true})
	if err != nil {
		log.Fatal(err)
	}
	value, _, err := db.Get(nil, []byte("user/1"))
	fmt.Println(string(value), err)
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
	// Output: Ada <nil>
}
