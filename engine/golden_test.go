// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// goldenDirs are the folders with database files that others wrote: the few that are
// part of this repository, those of lsmlite before it had seals among them, and a larger
// set that may lie beside it.
func goldenDirs(t *testing.T) []string {
	t.Helper()
	dirs := []string{"testdata/golden", oldSums}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for d := wd; filepath.Dir(d) != d; d = filepath.Dir(d) {
		g := filepath.Join(d, "shared", "golden")
		if _, err := os.Stat(filepath.Join(g, "manifest.json")); err == nil {
			dirs = append(dirs, g, filepath.Join(g, "demo"))
		}
	}
	return dirs
}

// goldenRow is one line of a listing: the value itself or, for a long one, its length
// and hash.
type goldenRow struct {
	K      string  `json:"k"`
	V      *string `json:"v"`
	N      int     `json:"n"`
	SHA256 string  `json:"sha256"`
}

func (r goldenRow) matches(k, v []byte) bool {
	if hex.EncodeToString(k) != r.K {
		return false
	}
	if r.V != nil {
		return hex.EncodeToString(v) == *r.V
	}
	sum := sha256.Sum256(v)
	return len(v) == r.N && hex.EncodeToString(sum[:]) == r.SHA256
}

func readListing(t *testing.T, name string) []goldenRow {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []goldenRow
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		var r goldenRow
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rows = append(rows, r)
	}
	return rows
}

// forEachGolden runs a test on a private copy of each golden database.
func forEachGolden(t *testing.T, f func(t *testing.T, path string, rows []goldenRow)) {
	seen := make(map[string]bool)
	for _, dir := range goldenDirs(t) {
		names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			name = strings.TrimSuffix(name, ".jsonl") + ".db"
			base := strings.TrimSuffix(filepath.Base(name), ".db")
			if seen[base] {
				continue
			}
			seen[base] = true
			t.Run(base, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "copy.db")
				for _, suffix := range []string{"", "-log"} {
					data, err := readGolden(name + suffix)
					if os.IsNotExist(err) && suffix != "" {
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path+suffix, data, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				f(t, path, readListing(t, strings.TrimSuffix(name, ".db")+".jsonl"))
			})
		}
	}
	if len(seen) == 0 {
		t.Fatal("no golden database found")
	}
}

// readGolden reads a file that may be compressed.
func readGolden(name string) ([]byte, error) {
	f, err := os.Open(name + ".gz")
	if os.IsNotExist(err) {
		return os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// expectRows walks a cursor both ways and compares with the listing.
func expectRows(t *testing.T, c *engine.Cursor, rows []goldenRow) {
	t.Helper()
	i := 0
	for ok := c.First(); ok; ok = c.Next() {
		v, err := c.Value()
		if err != nil {
			t.Fatal(err)
		}
		if i >= len(rows) || !rows[i].matches(c.Key(), v) {
			t.Fatalf("row %d: got key %x (value of %d bytes), listing differs", i, c.Key(), len(v))
		}
		i++
	}
	if err := c.Err(); err != nil || i != len(rows) {
		t.Fatalf("forward: %d rows, want %d; error %v", i, len(rows), err)
	}
	for ok := c.Last(); ok; ok = c.Prev() {
		i--
		v, err := c.Value()
		if err != nil {
			t.Fatal(err)
		}
		if i < 0 || !rows[i].matches(c.Key(), v) {
			t.Fatalf("backward, row %d: got key %x", i, c.Key())
		}
	}
	if err := c.Err(); err != nil || i != 0 {
		t.Fatalf("backward: %d rows missing; error %v", i, err)
	}
}

func expectDB(t *testing.T, db *engine.DB, rows []goldenRow) {
	t.Helper()
	s, err := db.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	expectRows(t, c, rows)
	for i, r := range rows {
		key, _ := hex.DecodeString(r.K)
		v, found, err := s.Get(nil, key)
		if err != nil || !found || !r.matches(key, v) {
			t.Fatalf("get %x: found %v, %d bytes, error %v", key, found, len(v), err)
		}
		// A key just behind an existing one: not found, and its neighbours are.
		between := append(bytes.Clone(key), 0)
		if _, found, err := s.Get(nil, between); err != nil || found != (i+1 < len(rows) && rows[i+1].K == hex.EncodeToString(between)) {
			t.Fatalf("get %x: found %v, error %v", between, found, err)
		}
		if !c.Seek(between, engine.SeekLE) || !(bytes.Equal(c.Key(), key) || bytes.Equal(c.Key(), between)) {
			t.Fatalf("seek LE %x ends on %x; error %v", between, c.Key(), c.Err())
		}
		if ok := c.Seek(between, engine.SeekGE); ok != (i+1 < len(rows)) || ok && hex.EncodeToString(c.Key()) != rows[i+1].K {
			t.Fatalf("seek GE %x ends on %x; error %v", between, c.Key(), c.Err())
		}
	}
}

func expectSound(t *testing.T, db *engine.DB) {
	t.Helper()
	n := 0
	for p := range db.Check(context.Background()) {
		if n++; n < 10 {
			t.Errorf("check: %v", p)
		}
	}
	if n > 0 {
		t.Fatalf("check found %d problems", n)
	}
}

// TestGoldenIndex reads the same rows of files that C lsm1 wrote, and finds the same keys, by
// means of fences and filters.
func TestGoldenIndex(t *testing.T) {
	t.Parallel()
	fences, filters := 0, 0
	forEachGolden(t, func(t *testing.T, path string, rows []goldenRow) {
		db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		n, m := engine.BuildIndexes(t, db)
		fences, filters = fences+n, filters+m
		expectDB(t, db, rows)
	})
	if fences < 2 || filters < 5 {
		t.Errorf("%d segments had fences, %d a filter: the test shows nothing", fences, filters)
	}
}

func TestGoldenReadOnly(t *testing.T) {
	t.Parallel()
	forEachGolden(t, func(t *testing.T, path string, rows []goldenRow) {
		before := fileHashes(t, path)
		db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		expectDB(t, db, rows)
		expectSound(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if after := fileHashes(t, path); before != after {
			t.Fatal("a read-only handle has changed the files")
		}
	})
}

func fileHashes(t *testing.T, path string) string {
	t.Helper()
	var out string
	for _, suffix := range []string{"", "-log"} {
		data, err := os.ReadFile(path + suffix)
		if os.IsNotExist(err) {
			out += " missing"
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		out += " " + hex.EncodeToString(sum[:])
	}
	return out
}

func TestGoldenReadWriteMerge(t *testing.T) {
	t.Parallel()
	forEachGolden(t, func(t *testing.T, path string, rows []goldenRow) {
		ctx := context.Background()
		open := func() *engine.DB {
			db, err := engine.Open(ctx, path, engine.Options{AutoFlush: 32 << 10, AutoCheckpoint: 64 << 10})
			if err != nil {
				t.Fatal(err)
			}
			return db
		}
		db := open()
		expectDB(t, db, rows)
		expectSound(t, db)
		// Write keys that sort behind everything, delete them again, and merge.
		for i := range 50 {
			err := db.Update(ctx, func(tx *engine.Tx) error {
				for j := range 40 {
					if err := tx.Put([]byte{0xff, 0xff, 0xff, byte(i), byte(j)}, bytes.Repeat([]byte{byte(j)}, 100)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := db.Update(ctx, func(tx *engine.Tx) error {
			return tx.DeleteRange([]byte{0xff, 0xff, 0xff}, []byte{0xff, 0xff, 0xff, 0xff})
		})
		if err != nil {
			t.Fatal(err)
		}
		expectDB(t, db, rows)
		expectSound(t, db)
		if err := db.Optimize(ctx); err != nil {
			t.Fatal(err)
		}
		if n := len(db.Structure()); n > 1 {
			t.Fatalf("%d levels after Optimize", n)
		}
		expectDB(t, db, rows)
		expectSound(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open()
		expectDB(t, db, rows)
		expectSound(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// newestCheckpoint returns the checkpoint of a file that counts, nil if there is none.
func newestCheckpoint(file []byte) (newest *format.Checkpoint) {
	for off := 0; off <= format.MetaPageSize; off += format.MetaPageSize {
		if off+format.MetaSize > len(file) {
			continue
		}
		if c, err := format.DecodeCheckpoint(file[off : off+format.MetaSize]); err == nil && (newest == nil || c.ID > newest.ID) {
			newest = c
		}
	}
	return newest
}
