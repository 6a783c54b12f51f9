// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/engine"
)

func engineBasics(path string, out io.Writer) {
	ctx := context.Background()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()

	check(db.Update(ctx, func(tx *engine.Tx) error {
		check(tx.Put([]byte("user/1"), []byte("Ada")))
		check(tx.Put([]byte("user/2"), []byte("Grace")))
		return tx.Delete([]byte("user/2"))
	}))

	for _, key := range []string{"user/1", "user/2"} {
		value, found, err := db.Get(nil, []byte(key))
		check(err)
		if found {
			fmt.Fprintln(out, key, "is", string(value))
		} else {
			fmt.Fprintln(out, key, "is missing")
		}
	}
}

func engineNested(path string, out io.Writer) {
	ctx := context.Background()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()

	tx, err := db.Begin(ctx)
	check(err)
	defer tx.Rollback() // does nothing after Commit
	check(tx.Put([]byte("user/1"), []byte("Ada")))

	level, err := tx.Begin() // as lsm_begin of lsm1
	check(err)
	check(tx.Delete([]byte("user/1")))
	check(tx.Put([]byte("user/2"), []byte("nobody")))
	check(tx.RollbackTo(level)) // as lsm_rollback: the level stays open

	check(tx.Put([]byte("user/3"), []byte("Barbara")))
	check(tx.Commit(ctx))

	check(db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		check(err)
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			value, err := c.Value()
			check(err)
			fmt.Fprintln(out, string(c.Key()), string(value))
		}
		return c.Err()
	}))
}

func engineScan(path string, out io.Writer) {
	ctx := context.Background()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()
	check(db.Update(ctx, func(tx *engine.Tx) error {
		for _, r := range sampleRows {
			check(tx.Put([]byte(r.key), []byte(r.value)))
		}
		return nil
	}))

	check(db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		check(err)
		defer c.Close()
		prefix, after := []byte("user/"), []byte("user0")
		row := func() {
			value, err := c.Value()
			check(err)
			fmt.Fprintln(out, string(c.Key()), string(value))
		}
		for ok := c.Seek(prefix, engine.SeekGE); ok && bytes.HasPrefix(c.Key(), prefix); ok = c.Next() {
			row()
		}
		ok := c.Seek(after, engine.SeekLE) // after itself, if there is such a key
		if ok && bytes.Equal(c.Key(), after) {
			ok = c.Prev()
		}
		for ; ok && bytes.HasPrefix(c.Key(), prefix); ok = c.Prev() {
			row()
		}
		return c.Err()
	}))
}

func engineSnapshot(path string, out io.Writer) {
	ctx := context.Background()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()
	put := func(key, value string) {
		check(db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(key), []byte(value)) }))
	}
	put("user/1", "Ada")

	snapshot, err := db.Snapshot(ctx)
	check(err)
	defer snapshot.Close()
	put("user/1", "Augusta")
	put("user/2", "Grace")

	then, _, err := snapshot.Get(nil, []byte("user/1"))
	check(err)
	now, _, err := db.Get(nil, []byte("user/1"))
	check(err)
	fmt.Fprintln(out, "then", string(then), "now", string(now))
}

func engineBulk(path string, out io.Writer) {
	ctx := context.Background()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()

	check(db.Update(ctx, func(tx *engine.Tx) error {
		for i := range bulkRows {
			check(tx.Put([]byte(bulkKey(i)), []byte("x")))
		}
		return nil
	}))
	before := engineCount(db)

	check(db.Update(ctx, func(tx *engine.Tx) error {
		// Both ends of DeleteRange stay, as in lsm1.
		check(tx.Delete([]byte(bulkKey(1000))))
		return tx.DeleteRange([]byte(bulkKey(1000)), []byte(bulkKey(9000)))
	}))
	check(db.Optimize(ctx))

	left := engineCount(db)
	fmt.Fprintln(out, "deleted", before-left, "left", left)
}

func engineCount(db *engine.DB) (n int) {
	check(db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		check(err)
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			n++
		}
		return c.Err()
	}))
	return n
}
