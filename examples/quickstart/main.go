// SPDX-License-Identifier: Apache-2.0

// Quickstart loads a real file tree into an lsmlite database and reads it back: the
// folder of the Go toolchain that runs it, one row a file, the path as key and the
// content as value. At the end it makes the file as small as it can be. It goes through
// database/sql alone.
//
//	go run -C examples/quickstart .
//	go run -C examples/quickstart . -dir /usr/share -db /tmp/share.lsm
//	go run -C examples/quickstart . -settings "compression=zstd&page_size=16384"
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/lsmlite/lsmlite-go"
)

func main() {
	dir := flag.String("dir", "", "file tree to load; the folder of the Go toolchain if empty")
	path := flag.String("db", "", "database file to create and keep; a temporary one if empty")
	settings := flag.String("settings", "", "what follows the question mark of the data source name")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *dir, *path, *settings); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, dir, path, settings string) error {
	if dir == "" {
		goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
		if err != nil {
			return fmt.Errorf("go env GOROOT: %w", err)
		}
		dir = strings.TrimSpace(string(goroot))
	}
	if path == "" {
		tmp, err := os.MkdirTemp("", "lsmlite-quickstart-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		path = filepath.Join(tmp, "tree.lsm")
	} else if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s exists already", path)
	}
	fmt.Fprintf(out, "Loading %s into %s\n", dir, path)
	left, err := write(ctx, out, dir, path, settings)
	if err != nil {
		return err
	}
	return readBack(ctx, out, dir, path, settings, left)
}

// write loads dir into a new database, asks it this and that, deletes a part of it and
// closes it. It returns how many rows are left.
func write(ctx context.Context, out io.Writer, dir, path, settings string) (left int, err error) {
	db, err := sql.Open("lsmlite", path+"?"+settings)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	loaded, err := load(ctx, db, dir)
	if err != nil {
		return 0, fmt.Errorf("load: %w", err)
	}
	if err := query(ctx, out, db); err != nil {
		return 0, fmt.Errorf("query: %w", err)
	}
	removed, err := removeTests(ctx, out, db)
	if err != nil {
		return 0, fmt.Errorf("delete: %w", err)
	}
	start := time.Now()
	if err := db.Close(); err != nil {
		return 0, fmt.Errorf("close: %w", err)
	}
	fmt.Fprintf(out, "Loaded     %7d rows  %7.1f MiB in %.2f s (%.0f MiB/s, reading the files included)\n",
		loaded.rows, loaded.mib(), loaded.elapsed.Seconds(), loaded.mib()/loaded.elapsed.Seconds())
	fmt.Fprintf(out, "Deleted    %7d rows\n", removed)
	fmt.Fprintf(out, "Closed                              in %.2f s\n", time.Since(start).Seconds())
	return loaded.rows - removed, nil
}

// readBack opens the database again, compares everything in it with the files, and
// optimizes it.
func readBack(ctx context.Context, out io.Writer, dir, path, settings string, left int) error {
	db, err := sql.Open("lsmlite", path+"?"+settings)
	if err != nil {
		return err
	}
	defer db.Close()
	compared, err := compare(ctx, db, dir)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if compared.rows != left {
		return fmt.Errorf("%d rows are there, want %d", compared.rows, left)
	}
	fmt.Fprintf(out, "Compared   %7d rows  %7.1f MiB in %.2f s: every value equals its file\n",
		compared.rows, compared.mib(), compared.elapsed.Seconds())
	if err := optimize(ctx, out, db, path); err != nil {
		return fmt.Errorf("optimize: %w", err)
	}
	return db.Close()
}
