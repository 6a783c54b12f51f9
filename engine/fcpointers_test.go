// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestCheckFindsWrongFCPointers moves FC pointers of files that C lsm1 or another
// independent writer has linked. Pages that C wrote carry no page sum, so it is the
// pointers alone that give the damage away.
func TestCheckFindsWrongFCPointers(t *testing.T) {
	t.Parallel()
	linked := 0
	forEachGolden(t, func(t *testing.T, path string, _ []goldenRow) {
		n := damageFCPointers(t, path)
		linked += n
		t.Logf("%d pages carry FC pointers that matter", n)
	})
	if linked == 0 && len(goldenDirs(t)) > 1 {
		t.Error("no file has linked levels")
	}
}

// damageFCPointers moves the pointers of one leaf page after another and returns how
// many of them matter: C follows pointers only into segments that have no root.
func damageFCPointers(t *testing.T, path string) (matter int) {
	t.Helper()
	fs := memfs.New()
	for _, suffix := range []string{"", "-log"} {
		if data, err := os.ReadFile(path + suffix); err == nil {
			if err := fs.WriteFile("/x.db"+suffix, data); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole, err := fs.ReadFile("/x.db")
	if err != nil {
		t.Fatal(err)
	}
	c := newestCheckpoint(whole)
	if c == nil || c.Compression >= format.FirstCodec {
		return 0 // a pointer within a compressed page cannot be changed in place
	}
	geo, err := format.NewGeometry(int(c.PageSize), int(c.BlockSize))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(c.Levels); i++ {
		newer, older := &c.Levels[i], &c.Levels[i+1]
		if len(newer.RHS)+len(older.RHS) > 0 || older.LHS.Root != 0 || older.LHS.Size < 4 {
			continue
		}
		for p := newer.LHS.First; p != newer.LHS.Last && p < newer.LHS.First+10; p++ {
			raw := whole[geo.Offset(p):][:geo.PageSize]
			page := geo.Content(p, raw)
			if geo.IsLast(p) {
				break
			}
			if page.IsBTree() || page.NumCells() == 0 || insideRanges(page) {
				continue
			}
			matter++
			at := geo.Offset(p) + int64(len(raw)) - 12
			damaged := append([]byte(nil), whole...)
			binary.BigEndian.PutUint64(damaged[at:], uint64(page.Ptr()+1))
			if err := fs.WriteFile("/x.db", damaged); err != nil {
				t.Fatal(err)
			}
			db, err := engine.Open(context.Background(), "/x.db", engine.Options{FS: fs, ReadOnly: true})
			if err != nil {
				// A file with a damaged meta page is checked when it is opened.
				if !strings.Contains(err.Error(), "FC pointer") {
					t.Fatal(err)
				}
				continue
			}
			found := false
			for problem := range db.Check(context.Background()) {
				found = found || problem.Page == int64(p) && strings.Contains(problem.Detail, "FC pointer")
			}
			if !found {
				t.Errorf("level %d, page %d: FC pointers moved, and check does not say so", i, p)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return matter
}

// insideRanges reports whether all records of a leaf page lie inside deleted ranges:
// their pointers may lag behind.
func insideRanges(page format.Page) bool {
	for i := range page.NumCells() {
		if page.LeafCell(i).Kind&base.RangeBits != base.RangeBits {
			return false
		}
	}
	return true
}
