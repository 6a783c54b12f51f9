// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

// TestInspect looks at a database of two segments from above down to single cells.
func TestInspect(t *testing.T) {
	db := openMemory(t, "page_size=1024&block_size=64")
	exec(t, db, "INSERT INTO kv VALUES ('a key', 'a value'), ('b key', 'b value'); PRAGMA flush; DELETE WHERE key = 'a key'; PRAGMA flush")
	var first []int64
	rows, err := db.Query("PRAGMA structure")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var skip any
		var page int64
		if err := rows.Scan(&skip, &skip, &skip, &page, &skip, &skip, &skip); err != nil {
			t.Fatal(err)
		}
		first = append(first, page)
	}
	if len(first) != 2 {
		t.Fatalf("segments begin on pages %v", first)
	}
	top, bottom := first[0], first[1]
	runScript(t, db, []step{
		{query: fmt.Sprintf("PRAGMA array_structure(%d)", bottom), rows: fmt.Sprintf("%d|%d", bottom, bottom)},
		{query: fmt.Sprintf("PRAGMA array_pages(%d)", top), rows: fmt.Sprint(top)},
		{query: fmt.Sprintf("PRAGMA page_cells(%d)", bottom), rows: "0|0|insert|a key|5|a value|7|0|0 1|16|insert|b key|5|b value|7|0|0"},
		{query: fmt.Sprintf("PRAGMA page_cells(%d)", top), rows: "0|0|delete|a key|5|NULL|0|0|0"},
		{query: "PRAGMA array_structure(12345)", is: lsmlite.ErrMisuse, err: "no segment begins on page 12345"},
		{query: "PRAGMA array_pages(-1)", is: lsmlite.ErrMisuse, err: "positive integers"},
		{query: "PRAGMA array_pages", is: lsmlite.ErrMisuse, err: "PRAGMA array_pages(n): the pages"},
		{query: "PRAGMA page_cells(123456789)", is: lsmlite.ErrMisuse},
		{query: "PRAGMA page_info(0)", is: lsmlite.ErrMisuse},
		{query: "PRAGMA pages_written", rows: "2"},
		{query: "PRAGMA pages_read", rows: "3"}, // by DELETE to see whether there is such a key, and for the cells
		{query: "SELECT value WHERE key = 'a key'"},
		{query: "PRAGMA pages_read", rows: "4"}, // the page with the mark that the key is deleted
		{query: "SELECT value WHERE key = 'b key'", rows: "b value"},
		{query: "PRAGMA pages_read", rows: "4"}, // the page that DELETE has read is in the cache
		{query: "PRAGMA freelist_size", rows: "0|0"},
		{query: "PRAGMA pins"},
	})
	wantColumns(t, db, "PRAGMA pins", "snapshot commit pins age_ms held_blocks held_tree_bytes", 0)
	wantColumns(t, db, fmt.Sprintf("PRAGMA page_info(%d)", top), "name value", -1)
	for query, part := range map[string]string{
		fmt.Sprintf("PRAGMA page_info(%d)", bottom):     "cells|2",
		fmt.Sprintf("PRAGMA page_info(%d) ", bottom):    "check|good",
		fmt.Sprintf("PRAGMA page_hex_dump(%d)", bottom): fmt.Sprintf("insert key %x value %x", "b key", "b value"),
		fmt.Sprintf("PRAGMA page_dump(%d)", bottom):     `insert key "b key" value "b value"`,
		"PRAGMA stats": "pages_written_flush|2",
	} {
		if got, err := ask(db, query); err != nil || !strings.Contains(got, part) {
			t.Errorf("%s: %q, %v; want %q in it", query, got, err, part)
		}
	}
}

// TestPragmaPins: rows that are not closed are found.
func TestPragmaPins(t *testing.T) {
	db := openMemory(t, "")
	exec(t, db, letters)
	rows, err := db.Query("SELECT key FROM kv")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	var snapshot, commit, pins, age, blocks, tree int64
	read := func() error {
		return db.QueryRow("PRAGMA pins").Scan(&snapshot, &commit, &pins, &age, &blocks, &tree)
	}
	if err := read(); err != nil || commit != 1 || pins < 1 || age != 0 || blocks != 0 || tree != 0 {
		t.Errorf("open rows: commit %d, %d pins, age %d, %d blocks, %d bytes, %v", commit, pins, age, blocks, tree, err)
	}
	exec(t, db, "PRAGMA flush")
	if err := read(); err != nil || commit != 1 || pins < 1 || tree == 0 {
		t.Errorf("open rows on a tree that is flushed: commit %d, %d pins, %d bytes, %v", commit, pins, tree, err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if err := read(); err != sql.ErrNoRows {
		t.Errorf("after the rows: %v", err)
	}
}

// TestObserverAndLoggerOfConfig: both reach the engine, once for all connectors of a file.
func TestObserverAndLoggerOfConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lsm")
	var commits atomic.Int64
	observer := &engine.Observer{Committed: func(engine.CommitEvent) { commits.Add(1) }}
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, nil))
	open := func(o *engine.Observer, l *slog.Logger) (*sql.DB, error) {
		t.Helper()
		c, err := lsmlite.NewConnector(lsmlite.Config{Path: path, Observer: o, Logger: l})
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(c)
		if err := db.PingContext(context.Background()); err != nil {
			_ = db.Close()
			return nil, err
		}
		return db, nil
	}
	db, err := open(observer, logger)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, letters)
	for _, same := range []struct {
		o *engine.Observer
		l *slog.Logger
	}{{observer, logger}, {nil, nil}} {
		again, err := open(same.o, same.l)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, again, letters)
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, other := range map[string]struct {
		o *engine.Observer
		l *slog.Logger
	}{"Observer": {&engine.Observer{}, nil}, "Logger": {nil, slog.Default()}} {
		db, err := open(other.o, other.l)
		if err == nil {
			_ = db.Close()
		}
		checkError(t, name, err, "another "+name, lsmlite.ErrMisuse)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := commits.Load(); n != 3 {
		t.Errorf("%d commits were told", n)
	}
	if got := out.String(); strings.Count(got, "level=INFO") != 2 || !strings.Contains(got, `msg="lsmlite: open" path=`) || !strings.Contains(got, `msg="lsmlite: close" path=`) {
		t.Errorf("logged: %s", got)
	}
}
