// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

// TestBackup copies an open database by PRAGMA and through Conn.Raw, from connections that
// may write and others that may not, and from a database in memory, and opens the copies.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "test.lsm")
	copied := func(name string) string { return filepath.Join(dir, name) }
	db := openDSN(t, path+"?mmap=1")
	exec(t, db, letters)
	memory := openDSN(t, ":memory:")
	exec(t, memory, letters)
	runScript(t, db, []step{
		{query: "PRAGMA mmap", rows: "1"},
		{query: "PRAGMA backup('" + copied("a.lsm") + "')", rows: "ok"},
		{query: "PRAGMA backup('" + copied("a.lsm") + "')", is: lsmlite.ErrCantOpen, err: "exists"},
		{query: "PRAGMA backup('" + path + "')", is: lsmlite.ErrCantOpen},
		{query: "PRAGMA backup", is: lsmlite.ErrMisuse, err: "backup('path')"},
	})
	ro := openDSN(t, path+"?mode=ro")
	runScript(t, ro, []step{{query: "PRAGMA backup('" + copied("b.lsm") + "')", rows: "ok"}})
	runScript(t, memory, []step{{query: "PRAGMA backup('" + copied("c.lsm") + "')", rows: "ok"}})
	ctx := context.Background()
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	runScript(t, c, []step{
		{exec: "BEGIN"},
		{query: "PRAGMA backup('" + copied("no.lsm") + "')", is: lsmlite.ErrMisuse, err: "commit first"},
		{exec: "ROLLBACK"},
	})
	if err := c.Raw(func(dc any) error {
		return dc.(lsmlite.Conn).Engine().CopyCheckpoint(ctx, copied("d.lsm"), engine.BackupOptions{})
	}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.lsm", "b.lsm", "c.lsm", "d.lsm"} {
		wantRows(t, openDSN(t, copied(name)), "6", "SELECT count(*)")
		wantRows(t, openDSN(t, copied(name)), "ok", "PRAGMA integrity_check")
	}
	if _, err := os.Stat(copied("no.lsm")); err == nil {
		t.Error("a refused backup has made a file")
	}
}
