// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// filled makes a closed database of some levels and returns its file and content.
func filled(t testing.TB, o engine.Options, rows int) ([]byte, map[string]string) {
	t.Helper()
	fs := memfs.New()
	o.FS, o.NoAutoWork = fs, true
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.db", o)
	if err != nil {
		t.Fatal(err)
	}
	content := make(map[string]string)
	rng := rand.New(rand.NewPCG(7, uint64(rows)))
	for level := range 3 {
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for range rows {
				k := fmt.Sprintf("key/%05d", rng.IntN(4*rows))
				v := fmt.Sprintf("value %d of level %d %s", rng.IntN(100), level, strings.Repeat("lsm", rng.IntN(30)))
				content[k] = v
				if err := tx.Put([]byte(k), []byte(v)); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			err = db.Flush(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := readAll(t, db); !maps.Equal(got, content) {
		t.Fatal("the database holds something else")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile("/x.db")
	if err != nil {
		t.Fatal(err)
	}
	return data, content
}

// openBytes opens a database made of the given bytes.
func openBytes(data []byte, o engine.Options) (*engine.DB, *memfs.FS, error) {
	fs := memfs.New()
	if err := fs.WriteFile("/x.db", data); err != nil {
		return nil, nil, err
	}
	o.FS = fs
	db, err := engine.Open(context.Background(), "/x.db", o)
	return db, fs, err
}

var codecNames = []string{"lz4", "zlib", "zstd", "snappy"}

// dumpAll dumps the pages that the structure names.
func dumpAll(t *testing.T, db *engine.DB) {
	t.Helper()
	for _, l := range db.Structure() {
		for _, s := range l.Segments {
			for _, p := range []int64{s.First, s.Root} {
				if p == 0 {
					continue
				}
				text, err := db.PageDump(p)
				if err != nil || !strings.Contains(text, "bytes of "+db.Compression()) || !strings.Contains(text, "page sum: good") {
					t.Errorf("page %d: %v, %s", p, err, text)
				}
			}
			if _, err := db.PageDump(s.First + 1); err == nil {
				t.Error("the middle of a page is dumped as one")
			}
		}
	}
}
