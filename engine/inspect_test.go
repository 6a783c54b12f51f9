// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestSegmentsPageByPage takes every page of every segment apart and finds all records
// again, over several blocks.
func TestSegmentsPageByPage(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "x.lsm")
	db, err := engine.Open(ctx, path, engine.Options{NoAutoWork: true, PageSize: 1024, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const rows = 3000
	putN(t, db, 0, rows, 50)
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, func(tx *engine.Tx) error {
		if err := tx.Delete([]byte("00000007")); err != nil {
			return err
		}
		if err := tx.DeleteRange([]byte("00000010"), []byte("00000020")); err != nil {
			return err
		}
		return tx.Put([]byte("long"), slices.Repeat([]byte{'L'}, 5000))
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	levels := db.Structure()
	if len(levels) != 2 {
		t.Fatalf("%d levels", len(levels))
	}
	top, bottom := levels[0].Segments[0], levels[1].Segments[0]

	var keys []string
	for _, p := range pagesOf(t, db, bottom) {
		info, err := db.Page(p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Page != p || info.Offset != (p-1)*1024 || info.Block != (p-1)/64+1 || int64(info.IndexInBlock) != (p-1)%64 && info.Block > 1 ||
			info.Check != "good" || info.Damage != "" {
			t.Fatalf("page %d: %+v", p, info)
		}
		for _, c := range info.Cells {
			if info.BTree {
				if c.Kind != "separator" || c.Pointer < bottom.First || c.KeyPage == 0 && len(c.Key) != c.KeyLen {
					t.Fatalf("page %d: %+v", p, c)
				}
				continue
			}
			if c.Kind != "insert" || c.KeyLen != 8 || c.ValueLen != 50 || len(c.Value) > 50 || c.Pointer != 0 {
				t.Fatalf("page %d: %+v", p, c)
			}
			keys = append(keys, string(c.Key))
		}
	}
	if len(keys) != rows {
		t.Fatalf("%d records on the pages of the lower segment", len(keys))
	}
	for i, k := range keys { // a key that runs over the page's end is cut
		if !strings.HasPrefix(fmt.Sprintf("%08d", i), k) {
			t.Fatalf("record %d has key %q", i, k)
		}
	}

	var kinds []string
	for _, p := range pagesOf(t, db, top) {
		info, err := db.Page(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range info.Cells {
			if !info.BTree {
				kinds = append(kinds, fmt.Sprintf("%s %s", c.Key, c.Kind))
			}
			if string(c.Key) == "long" && !info.BTree && (c.ValueLen != 5000 || len(c.Value) == 0 || len(c.Value) >= 1024) {
				t.Errorf("the long value: %d bytes of %d", len(c.Value), c.ValueLen)
			}
		}
	}
	if got, want := strings.Join(kinds, ", "), "00000007 delete, 00000010 range-start, 00000020 range-end, long insert"; got != want {
		t.Errorf("the upper segment holds %s; want %s", got, want)
	}

	text, err := db.PageHexDump(top.First)
	if err != nil || !strings.Contains(text, fmt.Sprintf("delete key %x", "00000007")) || !strings.Contains(text, "(5000 bytes, ") {
		t.Errorf("hex dump: %v\n%s", err, text)
	}
	for _, first := range []int64{-1, 0, 1, top.First + 1, 1 << 50} {
		if first == bottom.First {
			continue
		}
		if r, err := db.SegmentRanges(first); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("a segment on page %d: %v, %v", first, r, err)
		}
	}
	if blocks, entries := db.FreeListSize(); blocks != len(db.FreeList()) || entries < 0 || entries > blocks {
		t.Errorf("%d free blocks, %d entries; the list is %v", blocks, entries, db.FreeList())
	}

	// A page behind all segments is no segment's: what its page sum must be is not known.
	last := int64(0)
	for _, l := range db.Structure() {
		last = max(last, l.Segments[0].Last)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stray := bytes.Clone(whole[(top.First-1)*1024 : top.First*1024])
	if err := os.WriteFile(path, append(whole[:last*1024:last*1024], stray...), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := db.Page(last + 1); err != nil || info.Check != "of no segment" {
		t.Errorf("a page of no segment: %+v, %v", info.Check, err)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}

	// What is damaged is shown as far as it can be.
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0xFF, 0xFF}, top.First*1024-2); err != nil {
		t.Fatal(err)
	}
	if info, err := db.Page(top.First); err != nil || info.Check != "BAD" || info.Damage == "" || info.Cells != nil {
		t.Errorf("a damaged page: %+v, %v", info, err)
	}
	if _, err := db.Page(0); err == nil {
		t.Error("page 0 is shown")
	}
}

// pagesOf returns the pages of a segment, having compared both ways to learn them.
func pagesOf(t *testing.T, db *engine.DB, seg engine.SegmentInfo) []int64 {
	t.Helper()
	pages, err := db.SegmentPages(seg.First)
	for _, most := range []int{1, 2, len(pages), len(pages) + 1} {
		some, err := db.FirstSegmentPages(seg.First, most)
		if err != nil || !slices.Equal(some, pages[:min(most, len(pages))]) {
			t.Errorf("the first %d pages of %d: %v, %v", most, pages, some, err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	ranges, err := db.SegmentRanges(seg.First)
	if err != nil {
		t.Fatal(err)
	}
	var sum []int64
	for i, r := range ranges {
		if r.Last < r.First || i > 0 && r.First == ranges[i-1].Last+1 {
			t.Errorf("ranges %v", ranges)
		}
		for p := r.First; p <= r.Last && db.Compression() == "none"; p++ {
			sum = append(sum, p)
		}
	}
	if db.Compression() != "none" {
		if pages[0] != seg.First || pages[len(pages)-1] > seg.Last && len(ranges) == 1 || len(ranges) == 0 || ranges[len(ranges)-1].Last != seg.Last {
			t.Fatalf("segment %+v has the pages %v, ranges %v", seg, pages, ranges)
		}
		return pages
	}
	if int64(len(pages)) != seg.Pages || pages[0] != seg.First || pages[len(pages)-1] != seg.Last || !slices.Equal(pages, sum) {
		t.Fatalf("segment %+v has the pages %v, ranges %v", seg, pages, ranges)
	}
	return pages
}

// TestSegmentsOfGoldenFiles finds the pages of every segment in files that C lsm1 wrote.
func TestSegmentsOfGoldenFiles(t *testing.T) {
	segments := 0
	forEachGolden(t, func(t *testing.T, path string, _ []goldenRow) {
		db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, l := range db.Structure() {
			for _, seg := range l.Segments {
				if seg.First == 0 {
					continue
				}
				segments++
				pages := pagesOf(t, db, seg)
				for _, p := range []int64{pages[0], pages[len(pages)/2], pages[len(pages)-1]} {
					info, err := db.Page(p)
					if err != nil || info.Damage != "" || info.Check == "BAD" {
						t.Errorf("page %d of %+v: %+v, %v", p, seg, info, err)
					}
				}
			}
		}
	})
	if segments < 10 {
		t.Errorf("only %d segments were looked at", segments)
	}
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
		} else if !errors.Is(err, engine.ErrMisuse) || errors.Is(err, engine.ErrCorrupt) || !strings.Contains(err.Error(), "there is no page") {
			t.Errorf("page %d of a sound file: %v", p, err)
		}
	}
}
