// SPDX-License-Identifier: Apache-2.0

// Bulk loads the same rows in several ways, one faster than the other, and prints how long
// each took.
//
//	go run -C examples/recipes ./bulk -rows 1000000
//	go run -C examples/recipes ./bulk -rows 1000000 -ordered
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

// perCommit is how many rows go into a transaction. A transaction is in memory until it
// commits; beyond some thousand rows, larger ones are no faster.
const perCommit = 10_000

var ordered = flag.Bool("ordered", false, "load the rows in the order of their keys")

// row returns row i. Unless they are ordered, the keys come in no order, as those of a real
// load often do.
func row(i int) (key, value string) {
	const text = "some text that fills the value, as if it were of use to anybody who reads it; but it is not, so far"
	n := uint64(i)
	if !*ordered {
		n = n * 0x9e3779b97f4a7c15 >> 1
	}
	return "key/" + strconv.FormatUint(1<<63|n, 16), text
}

// oneByOne commits every row by itself.
func oneByOne(ctx context.Context, path string, n int) error {
	db, err := sql.Open("lsmlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	for i := range n {
		key, value := row(i)
		if _, err := db.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?)", key, value); err != nil {
			return err
		}
	}
	return db.Close()
}

// inBatches commits many rows at a time, by a statement that is parsed once for each batch.
func inBatches(ctx context.Context, path string, n int) error {
	db, err := sql.Open("lsmlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	for first := 0; first < n; first += perCommit {
		if err := oneBatch(ctx, db, first, min(first+perCommit, n)); err != nil {
			return err
		}
	}
	return db.Close()
}

func oneBatch(ctx context.Context, db *sql.DB, first, end int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	put, err := tx.PrepareContext(ctx, "INSERT INTO kv VALUES (?, ?)")
	if err != nil {
		return err
	}
	for i := first; i < end; i++ {
		key, value := row(i)
		if _, err := put.ExecContext(ctx, key, value); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// manyRows is inBatches with 100 rows to a statement. Where the last statement has room for
// more rows than there are, the last row fills it: it only replaces itself.
func manyRows(ctx context.Context, path string, n int) error {
	db, err := sql.Open("lsmlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	const perStatement = 100
	text := "INSERT INTO kv VALUES (?, ?)" + strings.Repeat(", (?, ?)", perStatement-1)
	for first := 0; first < n; first += perCommit {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing after Commit
		put, err := tx.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		for i := first; i < min(first+perCommit, n); i += perStatement {
			var args []any
			for j := i; j < i+perStatement; j++ {
				key, value := row(min(j, n-1))
				args = append(args, key, value)
			}
			if _, err := put.ExecContext(ctx, args...); err != nil {
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return db.Close()
}

// byEngine is inBatches without SQL.
func byEngine(ctx context.Context, path string, n int) error {
	return load(ctx, path, n, engine.Options{})
}

// byFastEngine also does without the log, so a crash while it loads leaves the database as
// it was at a checkpoint: then remove it and begin again. Larger trees are merged less often,
// and goroutines flush and merge while the load goes on.
func byFastEngine(ctx context.Context, path string, n int) error {
	o := engine.PresetHighPerformance()
	o.NoLog = true
	return load(ctx, path, n, o)
}

func load(ctx context.Context, path string, n int, o engine.Options) (err error) {
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }() // makes everything durable
	for first := 0; first < n; first += perCommit {
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for i := first; i < min(first+perCommit, n); i++ {
				key, value := row(i)
				if err := tx.Put([]byte(key), []byte(value)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var ways = []struct {
	name string
	load func(ctx context.Context, path string, n int) error
}{
	{"each row by itself", oneByOne},
	{"a prepared statement in transactions", inBatches},
	{"100 rows to a statement", manyRows},
	{"package engine", byEngine},
	{"package engine, no log, large trees", byFastEngine},
}

// run loads n rows in each way, checks that they are there, and prints the times.
func run(ctx context.Context, dir string, n int, out, times io.Writer) error {
	for i, way := range ways {
		path := filepath.Join(dir, fmt.Sprintf("%d.lsm", i))
		start := time.Now()
		if err := way.load(ctx, path, n); err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		took := time.Since(start)
		rows, err := count(ctx, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %d rows\n", way.name, rows)
		fmt.Fprintf(times, "%-38s %6.2f s  %9.0f rows/s\n", way.name, took.Seconds(), float64(n)/took.Seconds())
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

func count(ctx context.Context, path string) (n int, err error) {
	db, err := sql.Open("lsmlite", path+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM kv").Scan(&n)
	return n, err
}

func main() {
	rows := flag.Int("rows", 20_000, "how many rows to load")
	flag.Parse()
	dir, err := os.MkdirTemp("", "bulk")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, *rows, os.Stdout, os.Stderr)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}
