// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// TestSkipDamaged reads a file of which the first page of a segment is damaged: without the setting it is not
// opened, with it all other rows are there, PRAGMA skipped says which are not, and lookups of those fail.
func TestSkipDamaged(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "test.lsm")
	db, err := sql.Open(lsmlite.DriverName, path)
	if err != nil {
		t.Fatal(err)
	}
	const rows = 1000
	for i := range rows {
		if _, err := db.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?)", fmt.Appendf(nil, "key%04d", i), fmt.Appendf(nil, "value%050d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const firstPage = 2 * 4096 // after the meta pages
	data[firstPage+100] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var n int
	off := openDSN(t, path+"?mode=ro")
	if err := off.QueryRowContext(ctx, "SELECT count(*) FROM kv").Scan(&n); !errors.Is(err, lsmlite.ErrCorrupt) {
		t.Errorf("without the setting: %d rows, %v", n, err)
	}

	db = openDSN(t, path+"?mode=ro&skip_damaged=on")
	db.SetMaxOpenConns(1)
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM kv").Scan(&n); err != nil || n < rows*9/10 || n >= rows {
		t.Errorf("%d rows of %d, %v", n, rows, err)
	}
	var from, to []byte
	var page int64
	var detail string
	if err := db.QueryRowContext(ctx, "PRAGMA skipped").Scan(&from, &to, &page, &detail); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("key%04d", rows-n); len(from) > 0 || string(to) != want || page != 3 || detail == "" {
		t.Errorf("from %q to %q, page %d: %s; want to %q, page 3", from, to, page, detail, want)
	}
	var value []byte
	if err := db.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = ?", []byte("key0005")).Scan(&value); !errors.Is(err, lsmlite.ErrCorrupt) {
		t.Errorf("a key that cannot be read: %q, %v", value, err)
	}
	if err := db.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = ?", []byte("key0900")).Scan(&value); err != nil || len(value) != 55 {
		t.Errorf("another one: %q, %v", value, err)
	}
}
