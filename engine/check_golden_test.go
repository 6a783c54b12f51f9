package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
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

// TestPageDump looks at pages of all kinds.
func TestPageDump(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "dump.lsm")
	db, err := engine.Open(ctx, path, engine.Options{PageSize: 1024, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(ctx, func(tx *engine.Tx) error {
		for i := range 100 {
			if err := tx.Put(fmt.Appendf(nil, "key%03d", i), []byte(strings.Repeat("v", i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	seg := db.Structure()[0].Segments[0]
	leaf, err := db.PageDump(seg.First)
	if err != nil {
		t.Fatal(err)
	}
	root, err := db.PageDump(seg.Root)
	if err != nil {
		t.Fatal(err)
	}
	for text, parts := range map[string][]string{
		leaf: {"page 9: offset 8192, block 1, page 9 of 64 in the block", "links to previous block", "leaf page: ",
			"page sum: good", `0 @0     insert key "key000" value ""`, `insert key "key031" value "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"`, "… (", "0000: ", "key000"},
		root: {"b-tree page: ", "page sum: good", `child 9, key "key0`, "*\n"},
	} {
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%q is missing in\n%s", part, text)
			}
		}
	}
	// A damaged page is shown as it is.
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0xFF, 0xFF}, seg.First*1024-2); err != nil {
		t.Fatal(err)
	}
	text, err := db.PageDump(seg.First)
	if err != nil || !strings.Contains(text, "page sum: BAD") || !strings.Contains(text, "not a sound page: ") {
		t.Errorf("a damaged page: %v\n%s", err, text)
	}
	for _, p := range []int64{-1, 0, 1, 1 << 40} {
		if text, err := db.PageDump(p); err == nil {
			t.Errorf("page %d is shown as %q", p, text)
		}
	}
}
