// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestMmap writes, reads, checks and opens again through a mapping of all of the file, of
// a part of it, and of none, on the disk and in memory.
func TestMmap(t *testing.T) {
	ctx := context.Background()
	for name, fsys := range map[string]vfs.FS{"os": vfs.OS, "memfs": memfs.New()} {
		var want []string
		for _, size := range []int64{0, 100_000, engine.MmapAll} {
			path := filepath.Join(t.TempDir(), "x.lsm")
			o := smallSizes
			o.FS, o.Mmap, o.CacheSize = fsys, size, 64<<10
			db, err := engine.Open(ctx, path, o)
			ok(t, err)
			for _, filling := range fillings {
				ok(t, filling.fill(ctx, db))
			}
			if got := rowsOf(t, db); want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%s, mmap %d: %d rows, want %d, or others", name, size, len(got), len(want))
			}
			expectSound(t, db)
			ok(t, db.Close())
			o.ReadOnly = true
			db, err = engine.Open(ctx, path, o)
			ok(t, err)
			if got := rowsOf(t, db); !slices.Equal(got, want) {
				t.Errorf("%s, mmap %d: %d rows when opened again", name, size, len(got))
			}
			expectSound(t, db)
			ok(t, db.Close())
		}
	}
	if _, err := engine.Open(ctx, "/x", engine.Options{FS: memfs.New(), Mmap: -1}); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("a negative mmap: %v", err)
	}
}

func TestMmapOfGoldenFiles(t *testing.T) {
	t.Parallel()
	forEachGolden(t, func(t *testing.T, path string, rows []goldenRow) {
		db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: true, Mmap: engine.MmapAll})
		ok(t, err)
		expectDB(t, db, rows)
		expectSound(t, db)
		ok(t, db.Close())
	})
}

// TestMmapOfFileThatIsCut cuts a file short that is mapped, as another program might:
// what is gone is an error that says so, as it is without a mapping.
func TestMmapOfFileThatIsCut(t *testing.T) {
	ctx := context.Background()
	for _, mmap := range []int64{0, engine.MmapAll} {
		path := filepath.Join(t.TempDir(), "x.lsm")
		o := smallSizes
		db, err := engine.Open(ctx, path, o)
		ok(t, err)
		ok(t, putRange(ctx, db, 0, 3000, 1))
		ok(t, db.Close())
		info, err := os.Stat(path)
		ok(t, err)
		for _, left := range []int64{info.Size() - 100, info.Size() / 2, info.Size()/2 + 300, 9000, 100} {
			o.Mmap, o.ReadOnly, o.CacheSize = mmap, true, 4096
			db, err := engine.Open(ctx, path, o)
			ok(t, err)
			if rows := rowsOf(t, db); len(rows) != 3000 {
				t.Fatalf("%d rows", len(rows))
			}
			whole, err := os.ReadFile(path)
			ok(t, err)
			ok(t, os.Truncate(path, left))
			err = db.View(ctx, func(s *engine.Snapshot) error {
				c, err := s.Cursor()
				if err != nil {
					return err
				}
				defer c.Close()
				for more := c.First(); more; more = c.Next() {
				}
				return c.Err()
			})
			if !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("mmap %d, cut to %d of %d bytes: %v", mmap, left, len(whole), err)
			}
			ok(t, db.Close())
			ok(t, os.WriteFile(path, whole, 0o600))
		}
	}
}

// BenchmarkMmap looks up random keys of a file that is larger than the page cache.
func BenchmarkMmap(b *testing.B) {
	ctx := context.Background()
	path := filepath.Join(b.TempDir(), "x.lsm")
	db, err := engine.Open(ctx, path, engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	const keys = 200_000
	if err := errors.Join(putRange(ctx, db, 0, keys, 1), db.Optimize(ctx), db.Close()); err != nil {
		b.Fatal(err)
	}
	for name, mmap := range map[string]int64{"read": 0, "mapped": engine.MmapAll} {
		b.Run(name, func(b *testing.B) {
			db, err := engine.Open(ctx, path, engine.Options{ReadOnly: true, Mmap: mmap, CacheSize: 1 << 20})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			var value, key []byte
			for n := 0; b.Loop(); n++ {
				key = appendKey(key[:0], n*7919%keys)
				var found bool
				if value, found, err = db.Get(value[:0], key); !found || err != nil {
					b.Fatal(found, err)
				}
			}
		})
	}
}
