// SPDX-License-Identifier: Apache-2.0

// Backups makes a copy of an open database at every tick of a timer, and keeps the newest
// ones.
//
//	go run -C examples/recipes ./backups
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/lsmlite/lsmlite-go"
)

// every makes a copy at each tick until ctx is done. A copy that fails is reported, and the
// next tick tries again.
func every(ctx context.Context, db *sql.DB, dir string, ticks <-chan time.Time, keep int,
	report func(path string, err error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticks:
			path, err := backup(ctx, db, dir, now)
			if err == nil {
				err = prune(dir, keep)
			}
			if ctx.Err() != nil {
				return
			}
			report(path, err)
		}
	}
}

// backup copies the newest committed state, while readers and writers go on. Where there is
// a file of that name it is whole: a copy gets its name when it is finished.
func backup(ctx context.Context, db *sql.DB, dir string, now time.Time) (path string, err error) {
	path = filepath.Join(dir, "copy-"+now.UTC().Format("20060102T150405.000000000")+".lsm")
	quoted := "'" + strings.ReplaceAll(path, "'", "''") + "'"
	if _, err := db.ExecContext(ctx, "PRAGMA backup("+quoted+")"); err != nil {
		return path, err
	}
	return path, verify(ctx, path)
}

// verify reads all of a copy. A copy that nobody has read is a hope.
func verify(ctx context.Context, path string) error {
	db, err := sql.Open("lsmlite", path+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	var problem string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&problem); err != nil {
		return err
	}
	if problem != "ok" {
		return fmt.Errorf("%s: %s", path, problem)
	}
	return nil
}

// prune removes all copies but the newest ones. Their names are in the order of their times.
func prune(dir string, keep int) error {
	copies, err := filepath.Glob(filepath.Join(dir, "copy-*.lsm"))
	if err != nil {
		return err
	}
	slices.Sort(copies)
	for _, old := range copies[:max(0, len(copies)-keep)] {
		err = errors.Join(err, os.Remove(old))
	}
	return err
}

func run(ctx context.Context, dir string, out io.Writer) error {
	db, err := sql.Open("lsmlite", filepath.Join(dir, "data.lsm"))
	if err != nil {
		return err
	}
	defer db.Close()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.NewTicker(10 * time.Millisecond) // in real life an hour
	defer timer.Stop()
	made := 0
	var last string
	var failed error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		every(ctx, db, dir, timer.C, 3, func(path string, err error) {
			made++
			last, failed = path, errors.Join(failed, err)
			if made == 5 || err != nil {
				cancel()
			}
		})
	}()

	// The program writes all the while.
	rows := 0
	for ctx.Err() == nil {
		_, err := db.ExecContext(context.Background(), "INSERT INTO kv VALUES (?, 'x')", fmt.Sprintf("%08d", rows))
		if err != nil {
			return err
		}
		rows++
	}
	<-ended
	if failed != nil {
		return failed
	}
	copies, err := filepath.Glob(filepath.Join(dir, "copy-*.lsm"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d copies were made, %d are kept\n", made, len(copies))

	// A copy is one state that was committed: here the rows up to some number, without a gap.
	restored, err := sql.Open("lsmlite", last+"?mode=ro")
	if err != nil {
		return err
	}
	defer restored.Close()
	var n int
	var newest string
	if err := restored.QueryRow("SELECT count(*), max(key) FROM kv").Scan(&n, &newest); err != nil {
		return err
	}
	fmt.Fprintln(out, "the last one has no gap:", newest == fmt.Sprintf("%08d", n-1) && n <= rows)
	return nil
}

func main() {
	dir, err := os.MkdirTemp("", "backups")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}
