// SPDX-License-Identifier: Apache-2.0

package leveldb

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out/outtest"
)

func TestRead(t *testing.T) {
	dir, want := filepath.Join(t.TempDir(), "db"), make(map[string]string)
	db, err := leveldb.OpenFile(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		key, value := fmt.Sprintf("k%05d\x00\xff", i*7%1500), strings.Repeat("v", i)
		want[key] = value
		err = errors.Join(err, db.Put([]byte(key), []byte(value), nil))
		if i == 1000 {
			err = errors.Join(err, db.Delete([]byte(key), nil))
			delete(want, key)
		}
	}
	want[""] = ""
	err = errors.Join(err, db.Put(nil, nil, nil))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // reading changes nothing
		got := outtest.Rows(t, func(w *out.Writer) error { return Read(dir, w) })
		if !maps.Equal(got, want) {
			t.Errorf("%d rows, want %d, or they differ", len(got), len(want))
		}
	}
	if err := Read(t.TempDir(), out.New(new(strings.Builder))); !errors.Is(err, out.ErrOpen) {
		t.Errorf("an empty folder: %v", err)
	}
}
