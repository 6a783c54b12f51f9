// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// newBlocks is newFixture with blocks of at least four pages.
func newBlocks(t testing.TB, pageSize int) *fixture {
	t.Helper()
	geo, err := format.NewGeometry(pageSize, max(64<<10, 4*pageSize))
	if err != nil {
		t.Fatal(err)
	}
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{t: t, f: f, geo: geo, file: blockfile.New(f, "/test.db", geo, nil, 1<<30)}
}

// cached returns the segment, opened again with a cache for about so many pages.
func (x *fixture) cached(seg *segment.Segment, pages int) *segment.Segment {
	x.t.Helper()
	file := blockfile.New(x.f, "/test.db", x.geo, nil, int64(pages*(x.geo.PageSize+x.geo.PageSize/16+112)))
	file.SetBlocks(x.file.Blocks())
	out, err := segment.Open(&blockfile.Space{File: file}, seg.Segment, segment.What{})
	if err != nil {
		x.t.Fatal(err)
	}
	return out
}

// equalRecords returns n records with keys and values of given lengths.
func equalRecords(n, keyLen, valLen int) (out []record) {
	for i := range n {
		key := append(fmt.Appendf(nil, "key-%06d", i), bytes.Repeat([]byte{'k'}, keyLen)...)
		out = append(out, record{base.Insert, key, bytes.Repeat([]byte{byte(i)}, valLen)})
	}
	return out
}

// TestWalksWithASmallCache passes over long values by way of the b-tree, whose pages are few in the cache and
// must stay while keys that they refer to are read.
func TestWalksWithASmallCache(t *testing.T) {
	for _, pages := range []int{1, 2, 4, 8, 32, 100} {
		for _, keyLen := range []int{10, 200} { // in the b-tree, and referred to
			x := newFixture(t, 512)
			records := equalRecords(1000, keyLen, 6000)
			written, _ := x.write(records, 0)
			seg := x.cached(written, pages)
			what := fmt.Sprintf("%d pages, keys of %d bytes", pages, keyLen)
			var it segment.Iter
			it.Init(seg)
			i := len(records)
			for ok := it.Last(); ok; ok = it.Prev() {
				if i--; !bytes.Equal(it.Key(), records[i].key) {
					t.Fatalf("%s: record %d is %.20q", what, i, it.Key())
				}
			}
			if it.Err() != nil || i != 0 {
				t.Errorf("%s: %d records are left, %v", what, i, it.Err())
			}
			for ok := it.First(); ok; ok = it.Next() {
				if !bytes.Equal(it.Key(), records[i].key) {
					t.Fatalf("%s: record %d is %.20q", what, i, it.Key())
				}
				i++
			}
			if it.Err() != nil || i != len(records) {
				t.Errorf("%s: %d records, %v", what, i, it.Err())
			}
			if it.Done(); seg.Space.Held() != 0 {
				t.Errorf("%s: %d pages are held", what, seg.Space.Held())
			}
		}
	}
}

// TestSeekOfAPass: a pass from front to back begins with a seek, which goes down the b-tree and reads the
// keys that it refers to. No page that it still needs is read over.
func TestSeekOfAPass(t *testing.T) {
	for _, pageSize := range []int{256, 512, 4096, format.MaxPageSize} {
		for _, keyLen := range []int{10, pageSize / 3, pageSize} {
			x := newBlocks(t, pageSize)
			records := equalRecords(200, keyLen, pageSize/8)
			written, _ := x.write(records, 0)
			for i := range records {
				var it segment.Iter
				it.Init(x.cached(written, 1))
				it.ReadAhead()
				expectAt(t, &it, it.SeekGE(0, records[i].key), records, i, fmt.Sprintf("pages of %d, keys of %d bytes", pageSize, keyLen))
				it.Done()
			}
		}
	}
}

// TestSeekOfAPassOverOnePage: where C lsm1 wrote a segment without a b-tree, a seek goes on to its end first, to
// see that no record begins on a later page.
func TestSeekOfAPassOverOnePage(t *testing.T) {
	for _, pageSize := range []int{256, 4096, format.MaxPageSize} {
		for _, pages := range []int{0, 2, 4, 6, 40} {
			x := newBlocks(t, pageSize)
			records := equalRecords(5, 3, 3)
			records[4].value = bytes.Repeat([]byte("v"), pages*pageSize)
			sealed, _ := x.write(records, 0)
			written, _ := x.unchecked(sealed)
			for i := range records {
				seg := x.cached(written, 1)
				if _, err := seg.Space.Page(seg.LastPage); err != nil { // instead of the first one
					t.Fatal(err)
				}
				var it segment.Iter
				it.Init(seg)
				it.ReadAhead()
				expectAt(t, &it, it.SeekGE(0, records[i].key), records, i, fmt.Sprintf("pages of %d, a value of %d pages", pageSize, pages))
				it.Done()
			}
		}
	}
}
