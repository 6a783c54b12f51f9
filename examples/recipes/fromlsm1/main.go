// SPDX-License-Identifier: Apache-2.0

// Fromlsm1 takes over a database of C lsm1, or of what is built on it (python-lsm-db,
// lsmlite-rs, SQLite's lsm1 virtual table), that was not closed: what was committed last is
// only in its log.
//
//	go run -C examples/recipes ./fromlsm1              # of a file of this repository
//	go run -C examples/recipes ./fromlsm1 OLD NEW      # of a file of yours, given as an absolute path
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	_ "github.com/lsmlite/lsmlite-go"
)

// take copies a database and its log, which have to be copied together and while no program
// has them open. The third file that lsm1 makes, NAME-shm, holds nothing that lasts.
func take(oldPath, newPath string) error {
	// The log first: a log without its database is refused, and a database without its log
	// may be an older state.
	for _, suffix := range []string{"-log", ""} {
		err := copyFile(oldPath+suffix, newPath+suffix)
		if suffix == "-log" && errors.Is(err, fs.ErrNotExist) {
			continue // the database was closed, and everything is in its file
		} else if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// verify reads everything that there is and returns the first thing that is wrong.
func verify(ctx context.Context, db *sql.DB) error {
	var problem string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&problem); err != nil {
		return err
	}
	if problem != "ok" {
		return errors.New(problem)
	}
	return nil
}

// show opens the copy, which replays its log, and closes it again, which brings everything
// into the one file.
func show(ctx context.Context, path string, out io.Writer) error {
	log, err := os.Stat(path + "-log")
	if err == nil {
		fmt.Fprintln(out, "its log has", log.Size(), "bytes")
	}
	db, err := sql.Open("lsmlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := verify(ctx, db); err != nil {
		return err
	}
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM kv").Scan(&n); err != nil {
		return err
	}
	fmt.Fprintln(out, "rows:", n)
	if err := db.Close(); err != nil {
		return err
	}
	if _, err := os.Stat(path + "-log"); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the log is still there: %v", err)
	}
	fmt.Fprintln(out, "closed: everything is in one file")
	return nil
}

func run(ctx context.Context, oldPath, newPath string, out io.Writer) error {
	if err := take(oldPath, newPath); err != nil {
		return err
	}
	return show(ctx, newPath, out)
}

func main() {
	if len(os.Args) == 3 {
		if err := run(context.Background(), os.Args[1], os.Args[2], os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	dir, err := os.MkdirTemp("", "fromlsm1")
	if err != nil {
		log.Fatal(err)
	}
	// A file that C lsm1 wrote, copied while it was open.
	old := filepath.FromSlash("../../engine/testdata/golden/safety2.db")
	err = run(context.Background(), old, filepath.Join(dir, "new.lsm"), os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}
