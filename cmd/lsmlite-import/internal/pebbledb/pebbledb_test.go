// SPDX-License-Identifier: Apache-2.0

package pebbledb

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out/outtest"
)

// fill makes a database with rows in tables and in the log, deleted and overwritten ones among them.
func fill(t *testing.T, more func(*pebble.DB) error) (dir string, want map[string]string) {
	t.Helper()
	dir, want = filepath.Join(t.TempDir(), "db"), make(map[string]string)
	db, err := pebble.Open(dir, &pebble.Options{Logger: silent{}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		key, value := fmt.Sprintf("k%05d\x00\xff", i*7%1500), strings.Repeat("v", i)
		want[key] = value
		err = errors.Join(err, db.Set([]byte(key), []byte(value), pebble.NoSync))
		if i == 1000 {
			err = errors.Join(err, db.Flush(), db.Delete([]byte(key), pebble.NoSync))
			delete(want, key)
		}
	}
	want[""], want["merged"] = "", "ab"
	err = errors.Join(err, db.Set(nil, nil, pebble.Sync), db.Merge([]byte("merged"), []byte("a"), nil), db.Merge([]byte("merged"), []byte("b"), nil))
	if more != nil {
		err = errors.Join(err, more(db))
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return dir, want
}

func TestRead(t *testing.T) {
	dir, want := fill(t, nil)
	for range 2 { // reading changes nothing
		got := outtest.Rows(t, func(w *out.Writer) error { return Read(dir, w) })
		if !maps.Equal(got, want) {
			t.Errorf("%d rows, want %d, or they differ", len(got), len(want))
		}
	}
}

func TestReadRefuses(t *testing.T) {
	dir, _ := fill(t, func(db *pebble.DB) error {
		return errors.Join(db.RatchetFormatMajorVersion(pebble.FormatNewest), db.RangeKeySet([]byte("a"), []byte("b"), nil, []byte("v"), nil))
	})
	if err := Read(dir, out.New(new(strings.Builder))); !errors.Is(err, out.ErrRefused) || !strings.Contains(err.Error(), `range key from "a" to "b"`) {
		t.Errorf("range keys: %v", err)
	}
	if err := Read(t.TempDir(), out.New(new(strings.Builder))); !errors.Is(err, out.ErrOpen) {
		t.Errorf("an empty folder: %v", err)
	}
}
