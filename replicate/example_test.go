// SPDX-License-Identifier: Apache-2.0

package replicate_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go"
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

// A service that uses database/sql replicates its database while it works, and is sure of a commit that matters.
func Example_service() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := sql.Open("lsmlite", filepath.Join(dir, "my.lsm")+"?changes=64mb")
	if err != nil {
		log.Fatal(err)
	}
	t, err := target.OpenDir(filepath.Join(dir, "target")) // or s3target.Open
	if err != nil {
		log.Fatal(err)
	}
	conn, err := db.Conn(ctx) // keeps the database open as long as it is replicated
	if err != nil {
		log.Fatal(err)
	}
	var r *replicate.Replicator
	err = conn.Raw(func(dc any) error {
		r, err = replicate.Start(dc.(lsmlite.Conn).Engine(), t, replicate.Options{})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}

	if _, err := db.ExecContext(ctx, "INSERT INTO kv VALUES ('order/1', 'paid')"); err != nil {
		log.Fatal(err)
	}
	if err := r.Sync(ctx); err != nil { // the order can be restored now
		log.Fatal(err)
	}
	again := filepath.Join(dir, "again.lsm")
	if _, err := replicate.Restore(ctx, t, again, replicate.RestoreOptions{}); err != nil {
		log.Fatal(err)
	}

	// At the end of the service, when nothing writes any more.
	if err := r.Stop(ctx); err != nil {
		log.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		log.Fatal(err)
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}

	restored, err := sql.Open("lsmlite", again+"?mode=ro&value_type=text")
	if err != nil {
		log.Fatal(err)
	}
	var order string
	fmt.Println(restored.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = 'order/1'").Scan(&order), order)
	if err := restored.Close(); err != nil {
		log.Fatal(err)
	}
	// Output: <nil> paid
}
