// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
)

// A transaction by hand, committed.
func ExampleTx_Commit() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()

	tx, err := db.Begin(ctx)
	check(err)
	check(tx.Put([]byte("key"), []byte("value")))
	_, seen, err := db.Get(nil, []byte("key"))
	check(err)
	fmt.Println("seen by others before the commit:", seen)
	check(tx.Commit(ctx))
	_, seen, err = db.Get(nil, []byte("key"))
	check(err)
	fmt.Println("and after it:", seen)
	// Output:
	// seen by others before the commit: false
	// and after it: true
}

// A transaction that is rolled back has never been.
func ExampleTx_Rollback() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()

	tx, err := db.Begin(ctx)
	check(err)
	check(tx.Put([]byte("key"), []byte("value")))
	check(tx.Rollback())
	n, err := count(ctx, db)
	check(err)
	fmt.Println(n, "keys")
	// Output: 0 keys
}

// Levels of a transaction: the inner one is undone, the outer one is kept.
func ExampleTx_RollbackTo() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()

	tx, err := db.Begin(ctx) // level 1
	check(err)
	check(tx.Put([]byte("outer"), nil))
	level, err := tx.Begin()
	check(err)
	check(tx.Put([]byte("inner"), nil))
	check(tx.RollbackTo(level)) // level 2 stays open
	check(tx.Put([]byte("second try"), nil))
	check(tx.CommitTo(level - 1))
	check(tx.Commit(ctx))

	for _, key := range []string{"outer", "inner", "second try"} {
		_, found, err := db.Get(nil, []byte(key))
		check(err)
		fmt.Println(key, found)
	}
	// Output:
	// outer true
	// inner false
	// second try true
}

// One record removes any number of keys: all strictly between two others.
func ExampleTx_DeleteRange() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()

	check(fill(ctx, db, 1000))
	check(db.Update(ctx, func(tx *engine.Tx) error {
		return tx.DeleteRange(binary.BigEndian.AppendUint64(nil, 10), binary.BigEndian.AppendUint64(nil, 991))
	}))
	n, err := count(ctx, db)
	check(err)
	fmt.Println(n, "keys")
	// Output: 20 keys
}
