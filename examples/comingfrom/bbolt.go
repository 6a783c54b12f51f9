// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/engine"
	bolt "go.etcd.io/bbolt"
)

var bucket = []byte("kv")

func bboltBasics(path string, out io.Writer) {
	db, err := bolt.Open(path, 0o600, nil)
	check(err)
	defer db.Close()

	check(db.Update(func(tx *bolt.Tx) error {
		kv, err := tx.CreateBucketIfNotExists(bucket)
		check(err)
		check(kv.Put([]byte("user/1"), []byte("Ada")))
		check(kv.Put([]byte("user/2"), []byte("Grace")))
		return kv.Delete([]byte("user/2"))
	}))

	check(db.View(func(tx *bolt.Tx) error {
		for _, key := range []string{"user/1", "user/2"} {
			if value := tx.Bucket(bucket).Get([]byte(key)); value != nil {
				fmt.Fprintln(out, key, "is", string(value))
			} else {
				fmt.Fprintln(out, key, "is missing")
			}
		}
		return nil
	}))
}

func bboltNested(path string, out io.Writer) {
	db, err := bolt.Open(path, 0o600, nil)
	check(err)
	defer db.Close()

	check(db.Update(func(tx *bolt.Tx) error {
		kv, err := tx.CreateBucketIfNotExists(bucket)
		check(err)
		check(kv.Put([]byte("user/1"), []byte("Ada")))

		// There are no savepoints: what may be undone is kept apart until it is
		// known to stay.
		risky := func() ([]func() error, error) {
			return []func() error{
				func() error { return kv.Delete([]byte("user/1")) },
				func() error { return kv.Put([]byte("user/2"), []byte("nobody")) },
			}, fmt.Errorf("not after all")
		}
		if changes, err := risky(); err == nil {
			for _, change := range changes {
				check(change())
			}
		}

		return kv.Put([]byte("user/3"), []byte("Barbara"))
	}))

	check(db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(key, value []byte) error {
			_, err := fmt.Fprintln(out, string(key), string(value))
			return err
		})
	}))
}

func bboltScan(path string, out io.Writer) {
	db, err := bolt.Open(path, 0o600, nil)
	check(err)
	defer db.Close()
	check(db.Update(func(tx *bolt.Tx) error {
		kv, err := tx.CreateBucketIfNotExists(bucket)
		check(err)
		for _, r := range sampleRows {
			check(kv.Put([]byte(r.key), []byte(r.value)))
		}
		return nil
	}))

	check(db.View(func(tx *bolt.Tx) error {
		c := tx.Bucket(bucket).Cursor()
		prefix, after := []byte("user/"), []byte("user0")
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			fmt.Fprintln(out, string(k), string(v))
		}
		k, v := c.Last()
		if next, _ := c.Seek(after); next != nil {
			k, v = c.Prev()
		}
		for ; bytes.HasPrefix(k, prefix); k, v = c.Prev() {
			fmt.Fprintln(out, string(k), string(v))
		}
		return nil
	}))
}

func bboltSnapshot(path string, out io.Writer) {
	// A read transaction that is open while the file has to grow would block the writer
	// in the same goroutine, unless enough is mapped from the start.
	db, err := bolt.Open(path, 0o600, &bolt.Options{InitialMmapSize: 1 << 20})
	check(err)
	defer db.Close()
	put := func(key, value string) {
		check(db.Update(func(tx *bolt.Tx) error {
			kv, err := tx.CreateBucketIfNotExists(bucket)
			check(err)
			return kv.Put([]byte(key), []byte(value))
		}))
	}
	get := func(tx *bolt.Tx) string { return string(tx.Bucket(bucket).Get([]byte("user/1"))) }
	put("user/1", "Ada")

	snapshot, err := db.Begin(false)
	check(err)
	defer snapshot.Rollback()
	put("user/1", "Augusta")
	put("user/2", "Grace")

	check(db.View(func(tx *bolt.Tx) error {
		_, err := fmt.Fprintln(out, "then", get(snapshot), "now", get(tx))
		return err
	}))
}

func bboltBulk(path string, out io.Writer) {
	db, err := bolt.Open(path, 0o600, nil)
	check(err)
	defer db.Close()

	check(db.Update(func(tx *bolt.Tx) error {
		kv, err := tx.CreateBucketIfNotExists(bucket)
		check(err)
		for i := range bulkRows {
			check(kv.Put([]byte(bulkKey(i)), []byte("x")))
		}
		return nil
	}))

	deleted := 0
	check(db.Update(func(tx *bolt.Tx) error {
		// There is no range delete, and a cursor may skip keys when others are deleted.
		var keys [][]byte
		c := tx.Bucket(bucket).Cursor()
		before := []byte(bulkKey(9000))
		for k, _ := c.Seek([]byte(bulkKey(1000))); k != nil && bytes.Compare(k, before) < 0; k, _ = c.Next() {
			keys = append(keys, k)
		}
		for _, k := range keys {
			check(tx.Bucket(bucket).Delete(k))
			deleted++
		}
		return nil
	}))

	compacted, err := bolt.Open(path+".compact", 0o600, nil)
	check(err)
	defer compacted.Close()
	check(bolt.Compact(compacted, db, 0))
	check(compacted.View(func(tx *bolt.Tx) error {
		_, err := fmt.Fprintln(out, "deleted", deleted, "left", tx.Bucket(bucket).Stats().KeyN)
		return err
	}))
}

// moveFromBbolt copies the bucket into another database.
func moveFromBbolt(old *bolt.DB, new *engine.DB) error {
	ctx := context.Background()
	return old.View(func(from *bolt.Tx) error {
		return new.Update(ctx, func(to *engine.Tx) error {
			return from.Bucket(bucket).ForEach(to.Put)
		})
	})
}
