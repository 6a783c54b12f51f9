// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
)

// exampleFile returns the name of a database in a new folder, and a function that removes
// the folder.
func exampleFile() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "lsmlite")
	check(err)
	return filepath.Join(dir, "example.lsm"), func() { os.RemoveAll(dir) }
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// fill puts the numbers from 1 to n, each with a value of 1 KB, in one transaction.
func fill(ctx context.Context, db *engine.DB, n uint64) error {
	return db.Update(ctx, func(tx *engine.Tx) error {
		value := make([]byte, 1024)
		for i := uint64(1); i <= n; i++ {
			// Big-endian numbers are in order as bytes, too.
			if err := tx.Put(binary.BigEndian.AppendUint64(nil, i), value); err != nil {
				return err
			}
		}
		return nil
	})
}

// count walks a whole state and returns the number of keys in it.
func count(ctx context.Context, db *engine.DB) (n int, err error) {
	err = db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			n++
		}
		return c.Err()
	})
	return n, err
}

// Open a database, put a few keys, read one, and walk all of them.
func Example() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()

	check(db.Update(ctx, func(tx *engine.Tx) error {
		for key, value := range map[string]string{"ada": "1815", "grace": "1906", "barbara": "1939"} {
			if err := tx.Put([]byte(key), []byte(value)); err != nil {
				return err
			}
		}
		return nil
	}))

	value, found, err := db.Get(nil, []byte("grace"))
	check(err)
	fmt.Println(string(value), found)

	check(db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			value, err := c.Value()
			if err != nil {
				return err
			}
			fmt.Printf("%s %s\n", c.Key(), value)
		}
		return c.Err()
	}))
	// Output:
	// 1906 true
	// ada 1815
	// barbara 1939
	// grace 1906
}

// A read-only handle refuses to write, and never touches the files.
func ExampleOpen_readOnly() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	check(fill(ctx, db, 100))
	check(db.Close())

	db, err = engine.Open(ctx, path, engine.Options{ReadOnly: true})
	check(err)
	defer db.Close()
	n, err := count(ctx, db)
	check(err)
	fmt.Println(n, "keys")
	fmt.Println("refused:", errors.Is(fill(ctx, db, 1), engine.ErrReadOnly))
	// Output:
	// 100 keys
	// refused: true
}

// A cursor seeks, and walks in both directions.
func ExampleCursor() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()
	check(db.Update(ctx, func(tx *engine.Tx) error {
		for _, key := range []string{"apple", "banana", "cherry", "damson"} {
			if err := tx.Put([]byte(key), nil); err != nil {
				return err
			}
		}
		return nil
	}))

	s, err := db.Snapshot(ctx)
	check(err)
	defer s.Close()
	c, err := s.Cursor()
	check(err)
	defer c.Close()
	show := func(what string, ok bool) { fmt.Printf("%-10s %-5v %q\n", what, ok, c.Key()) }
	show("seek ≥ b", c.Seek([]byte("b"), engine.SeekGE))
	show("next", c.Next())
	show("previous", c.Prev())
	show("seek ≤ cat", c.Seek([]byte("cat"), engine.SeekLE))
	show("seek = cat", c.Seek([]byte("cat"), engine.SeekEQ))
	show("last", c.Last())
	show("next", c.Next())
	check(c.Err())
	// Output:
	// seek ≥ b   true  "banana"
	// next       true  "cherry"
	// previous   true  "banana"
	// seek ≤ cat true  "banana"
	// seek = cat false ""
	// last       true  "damson"
	// next       false ""
}

// A long value can be written from a reader, and read piece by piece.
func ExampleCursor_ValueReader() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()
	song := strings.Repeat("ten green bottles hanging on the wall\n", 100_000)
	check(db.Update(ctx, func(tx *engine.Tx) error {
		return tx.PutReader([]byte("song"), strings.NewReader(song), int64(len(song)))
	}))
	check(db.Flush(ctx))

	check(db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		if !c.Seek([]byte("song"), engine.SeekEQ) {
			return c.Err()
		}
		r, err := c.ValueReader()
		if err != nil {
			return err
		}
		lines := 0
		in := bufio.NewScanner(r)
		for in.Scan() {
			lines++
		}
		fmt.Println(r.Size(), "bytes,", lines, "lines")
		return in.Err()
	}))
	// Output: 3800000 bytes, 100000 lines
}

// A snapshot goes on showing what it showed at first.
func ExampleDB_Snapshot() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()

	put := func(value string) {
		check(db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("key"), []byte(value)) }))
	}
	put("old")
	s, err := db.Snapshot(ctx)
	check(err)
	defer s.Close()
	put("new")

	then, _, err := s.Get(nil, []byte("key"))
	check(err)
	now, _, err := db.Get(nil, []byte("key"))
	check(err)
	fmt.Println(string(then), string(now))
	// Output: old new
}

// A copy of a database that is in use, made while everybody goes on. To restore it, close
// the database, remove its file and its log, and give the copy its name.
func ExampleDB_Backup() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	defer db.Close()
	check(fill(ctx, db, 100))

	check(db.Backup(ctx, path+"-copy", engine.BackupOptions{
		Progress: func(p engine.BackupProgress) { fmt.Println(p.Rows, "rows copied") },
	}))
	defer os.Remove(path + "-copy")

	restored, err := engine.Open(ctx, path+"-copy", engine.Options{ReadOnly: true})
	check(err)
	defer restored.Close()
	n, err := count(ctx, restored)
	check(err)
	fmt.Println(n, "keys in the copy")
	// Output:
	// 100 rows copied
	// 100 keys in the copy
}

// For a database that is written once and read many times: one segment of full pages, and
// no byte of the file for anything else.
func ExampleDB_Optimize() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{AutoFlush: 256 << 10, BlockSize: 64 << 10})
	check(err)
	defer db.Close()
	for range 5 {
		check(fill(ctx, db, 1000)) // the same keys again and again
	}

	check(db.Optimize(ctx))
	segments := 0
	for _, level := range db.Structure() {
		segments += len(level.Segments)
	}
	info, err := os.Stat(path)
	check(err)
	const data = 1000 * (8 + 1024)
	fmt.Println("segments:", segments)
	fmt.Println("less than a tenth more than the data:", info.Size() < data*11/10+64<<10)
	// Output:
	// segments: 1
	// less than a tenth more than the data: true
}
