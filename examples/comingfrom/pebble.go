// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
)

func pebbleBasics(path string, out io.Writer) {
	db, err := pebble.Open(path, quiet)
	check(err)
	defer db.Close()

	check(db.Set([]byte("user/1"), []byte("Ada"), pebble.Sync))
	check(db.Set([]byte("user/2"), []byte("Grace"), pebble.Sync))
	check(db.Delete([]byte("user/2"), pebble.Sync))

	for _, key := range []string{"user/1", "user/2"} {
		value, closer, err := db.Get([]byte(key))
		if errors.Is(err, pebble.ErrNotFound) {
			fmt.Fprintln(out, key, "is missing")
			continue
		}
		check(err)
		fmt.Fprintln(out, key, "is", string(value))
		check(closer.Close())
	}
}

func pebbleNested(path string, out io.Writer) {
	db, err := pebble.Open(path, quiet)
	check(err)
	defer db.Close()

	batch := db.NewIndexedBatch()
	defer batch.Close()
	check(batch.Set([]byte("user/1"), []byte("Ada"), nil))

	// There are no savepoints: what may be undone goes into a batch of its own,
	// which does not see the outer one. Here it is not applied.
	risky := db.NewBatch()
	check(risky.Delete([]byte("user/1"), nil))
	check(risky.Set([]byte("user/2"), []byte("nobody"), nil))
	check(risky.Close()) // batch.Apply(risky, nil) would keep it

	check(batch.Set([]byte("user/3"), []byte("Barbara"), nil))
	check(batch.Commit(pebble.Sync))

	it, err := db.NewIter(nil)
	check(err)
	for ok := it.First(); ok; ok = it.Next() {
		fmt.Fprintln(out, string(it.Key()), string(it.Value()))
	}
	check(it.Close())
}

func pebbleScan(path string, out io.Writer) {
	db, err := pebble.Open(path, quiet)
	check(err)
	defer db.Close()
	for _, r := range sampleRows {
		check(db.Set([]byte(r.key), []byte(r.value), pebble.NoSync))
	}

	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte("user/"), UpperBound: []byte("user0")})
	check(err)
	for ok := it.First(); ok; ok = it.Next() {
		fmt.Fprintln(out, string(it.Key()), string(it.Value()))
	}
	for ok := it.Last(); ok; ok = it.Prev() {
		fmt.Fprintln(out, string(it.Key()), string(it.Value()))
	}
	check(it.Close())
}

func pebbleSnapshot(path string, out io.Writer) {
	db, err := pebble.Open(path, quiet)
	check(err)
	defer db.Close()
	check(db.Set([]byte("user/1"), []byte("Ada"), pebble.Sync))

	snapshot := db.NewSnapshot()
	defer snapshot.Close()
	check(db.Set([]byte("user/1"), []byte("Augusta"), pebble.Sync))
	check(db.Set([]byte("user/2"), []byte("Grace"), pebble.Sync))

	then, closeThen, err := snapshot.Get([]byte("user/1"))
	check(err)
	defer closeThen.Close()
	now, closeNow, err := db.Get([]byte("user/1"))
	check(err)
	defer closeNow.Close()
	fmt.Fprintln(out, "then", string(then), "now", string(now))
}

func pebbleBulk(path string, out io.Writer) {
	db, err := pebble.Open(path, quiet)
	check(err)
	defer db.Close()

	batch := db.NewBatch()
	defer batch.Close()
	for i := range bulkRows {
		check(batch.Set([]byte(bulkKey(i)), []byte("x"), nil))
	}
	check(batch.Commit(pebble.Sync))
	before := pebbleCount(db)

	check(db.DeleteRange([]byte(bulkKey(1000)), []byte(bulkKey(9000)), pebble.Sync))
	check(db.Compact(context.Background(), []byte(bulkKey(0)), []byte(bulkKey(bulkRows)), false))

	left := pebbleCount(db)
	fmt.Fprintln(out, "deleted", before-left, "left", left)
}

func pebbleCount(db *pebble.DB) (n int) {
	it, err := db.NewIter(nil)
	check(err)
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	check(it.Close())
	return n
}
