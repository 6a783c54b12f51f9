// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestANameOpenedAgainIsAnotherDatabase opens a file that is open in this process under its
// old name, under which there is another one by now: the handle that is open is not shared.
func TestANameOpenedAgainIsAnotherDatabase(t *testing.T) {
	if !vfs.RemovesOpen(vfs.OS) {
		t.Skip("names of open files do not change here")
	}
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "x")
	first, err := sql.Open("lsmlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.ExecContext(ctx, "INSERT INTO kv VALUES ('k', 'v')"); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-log"} {
		if err := os.Rename(path+suffix, path+"-old"+suffix); err != nil {
			t.Fatal(err)
		}
	}
	second, err := sql.Open("lsmlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.PingContext(ctx); !errors.Is(err, lsmlite.ErrMoved) {
		t.Errorf("the second one: %v", err)
	}
	if _, err := first.ExecContext(ctx, "INSERT INTO kv VALUES ('l', 'w')"); !errors.Is(err, lsmlite.ErrMoved) || !errors.Is(err, lsmlite.ErrReadOnly) {
		t.Errorf("a write through the first one: %v", err)
	}
	_ = second.Close()
	if err := first.Close(); !errors.Is(err, lsmlite.ErrMoved) {
		t.Errorf("close: %v", err)
	}
	again, err := sql.Open("lsmlite", path+"-old")
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var v string
	if err := again.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = 'k'").Scan(&v); err != nil || v != "v" {
		t.Errorf("%q, %v", v, err)
	}
}
