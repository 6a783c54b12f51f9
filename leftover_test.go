// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// TestCloseWithRowsOpen closes the pool while rows, a transaction and a connection are in
// use: database/sql takes their connections away when they are given back, and the file
// closes with the last.
func TestCloseWithRowsOpen(t *testing.T) {
	dsn := filepath.Join(t.TempDir(), "test.lsm")
	db, err := sql.Open(lsmlite.DriverName, dsn)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db, 1000)
	rows, err := db.Query("SELECT key, value")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	tx := begin(t, db, nil)
	exec(t, tx, "INSERT INTO kv VALUES ('lost', 1)")
	// Another pool on the same file, which goes on.
	other := openDSN(t, dsn)
	wantRows(t, other, "1000", "SELECT count(*)")
	checkError(t, "Close", db.Close(), "connections still in use: 2", lsmlite.ErrBusy)
	if _, err := db.Exec("DELETE"); err == nil {
		t.Error("a closed pool writes")
	}
	n := 1
	for rows.Next() { // the rows in use go on
		n++
	}
	if err := rows.Err(); err != nil || n != 1000 {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	exec(t, other, "INSERT INTO kv VALUES ('k', 1)") // the writer's turn is free
	wantRows(t, other, "1001", "SELECT count(*)")
}

// TestMemoryLivesWithItsPool: a database in memory lasts as long as its pool, however
// many connections come and go.
func TestMemoryLivesWithItsPool(t *testing.T) {
	db := openMemory(t, "")
	db.SetMaxIdleConns(0) // every connection is closed after use
	exec(t, db, letters)
	for range 3 {
		wantRows(t, db, "6", "SELECT count(*)")
	}
	if n := db.Stats().OpenConnections; n != 0 {
		t.Errorf("%d connections", n)
	}
}

// descriptors returns how many files in dir the process has open, or false if the system
// does not tell.
func descriptors(dir string) (n int, ok bool) {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, false
	}
	for _, f := range list {
		if name, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil && strings.HasPrefix(name, dir) {
			n++
		}
	}
	return n, true
}

// TestNothingLeft closes a database after all kinds of use and looks for goroutines and
// files that have been left behind.
func TestNothingLeft(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for round := range 3 {
		db, err := sql.Open(lsmlite.DriverName, filepath.Join(dir, "test.lsm")+"?background=both&autoflush=64KB")
		if err != nil {
			t.Fatal(err)
		}
		fill(t, db, 3000)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				rows, err := db.QueryContext(ctx, "SELECT key, value")
				if err != nil {
					t.Error(err)
					return
				}
				for range 100 {
					rows.Next()
				}
				cancel() // instead of Close
				if tx, err := db.BeginTx(ctx, nil); err == nil {
					t.Error("began with a context that has ended", tx.Rollback())
				}
			})
		}
		wg.Wait()
		if _, err := db.Prepare("SELECT 1"); err != nil { // never closed
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := db.BeginTx(ctx, nil); err != nil { // never ended but by the context
			t.Fatal(err)
		}
		cancel()
		idle(t, db, "before Close")
		if n, ok := descriptors(dir); ok && n == 0 {
			t.Error("no open file was found; the test looks in the wrong place")
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if n, ok := descriptors(dir); ok && n != 0 {
			t.Errorf("round %d: %d files are open after Close", round, n)
		}
	}
	for range 200 { // goroutines that have been told to end may need a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	stacks = stacks[:runtime.Stack(stacks, true)]
	t.Errorf("%d goroutines, before there were %d:\n%s", runtime.NumGoroutine(), before, stacks)
}
