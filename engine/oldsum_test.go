// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// oldSums is the folder with database files whose pages have the old page sum.
const oldSums = "testdata/oldsums"

// forEachOld runs a test on each database with old page sums.
func forEachOld(t *testing.T, f func(t *testing.T, data []byte, rows []goldenRow)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(oldSums, "*.jsonl"))
	if err != nil || len(names) != 6 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		base := name[:len(name)-len(".jsonl")]
		t.Run(filepath.Base(base), func(t *testing.T) {
			data, err := readGolden(base + ".db")
			if err != nil {
				t.Fatal(err)
			}
			f(t, data, readListing(t, name))
		})
	}
}

// TestOldPageSumsAreStillVerified damages each page in use of files with old page sums:
// flips a bit, overwrites it with zeros, or with another page. All is noticed, on opening,
// or on reading and by a check. Of compressed files it damages sectors, of which some hold
// nothing but padding.
func TestOldPageSumsAreStillVerified(t *testing.T) {
	forEachOld(t, func(t *testing.T, data []byte, rows []goldenRow) {
		c := newestCheckpoint(data)
		packed := c.Compression >= format.FirstCodec
		geo, err := c.Geometry()
		if err != nil {
			t.Fatal(err)
		}
		pages := usedPages(t, data)
		n := 0
		for i, p := range pages {
			at, other := geo.Offset(p), geo.Offset(pages[(i+1)%len(pages)])
			for kind := range 3 {
				bad := append([]byte(nil), data...)
				size := geo.PageSize
				if packed {
					size = 512
				}
				page := bad[at : at+int64(size)]
				switch kind {
				case 0:
					page[(i*131)%size] ^= 1 << (i % 8)
				case 1:
					clear(page)
				case 2:
					if other == at {
						continue
					}
					copy(page, bad[other:])
				}
				n++
				if r := readDamaged(bad, rows); !r.noticed && !(packed && r.right) {
					t.Errorf("page %d, damage %d: not noticed", p, kind)
				}
			}
		}
		t.Logf("%d damages, all noticed", n)
	})
}

// TestOldAndSealedSegmentsInOneFile writes to files with old page sums: each segment keeps
// the checks it was written with, until a merge replaces it.
func TestOldAndSealedSegmentsInOneFile(t *testing.T) {
	forEachOld(t, func(t *testing.T, data []byte, rows []goldenRow) {
		ctx := context.Background()
		fs := memfs.New()
		if err := fs.WriteFile("/x.db", data); err != nil {
			t.Fatal(err)
		}
		open := func() *engine.DB {
			db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, Background: engine.BackgroundNone, AutoMerge: 40})
			if err != nil {
				t.Fatal(err)
			}
			return db
		}
		seals := func() (old, sealed int) {
			now, err := fs.ReadFile("/x.db")
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range newestCheckpoint(now).Levels {
				if l.Seal() == 0 {
					old++
				} else {
					sealed++
				}
			}
			return old, sealed
		}
		before, none := seals()
		db := open()
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{0xFF, 1}, []byte("new")) }); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if old, sealed := seals(); none != 0 || old != before || sealed != 1 {
			t.Fatalf("%d old and %d sealed segments; there were %d and %d", old, sealed, before, none)
		}
		db = open()
		expectSound(t, db)
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Delete([]byte{0xFF, 1}) }); err != nil {
			t.Fatal(err)
		}
		expectDB(t, db, rows)
		if err := db.Optimize(ctx); err != nil {
			t.Fatal(err)
		}
		expectDB(t, db, rows)
		expectSound(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if old, sealed := seals(); old != 0 || sealed != 1 {
			t.Fatalf("%d old and %d sealed segments after all was merged", old, sealed)
		}
		db = open()
		expectDB(t, db, rows)
		expectSound(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
