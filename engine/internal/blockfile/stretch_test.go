// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
)

// TestTablesAreBounded reads a file that is much larger than the cache, in order and at random: the cache
// has tables for the pages that are in it, and not for those that were.
func TestTablesAreBounded(t *testing.T) {
	if blockfile.TableBytes > 160 {
		t.Errorf("a table takes %d bytes", blockfile.TableBytes)
	}
	const places = 12
	for _, size := range []int{256, 1024, 4096} {
		x := newFixture(t, size, places*blockfile.SlotBytes(size))
		readMore(t, x, size, places)
	}
	x := packedFixture(t, compress.LZ4(), 1024, places*blockfile.SlotBytes(1024))
	readMore(t, x, 1024, places)
}

func readMore(t *testing.T, x *fixture, size, places int) {
	t.Helper()
	var blocks []base.BlockNo
	for b := range base.BlockNo(18) {
		blocks = append(blocks, 2+b)
	}
	pages, _ := x.pack(rand.New(rand.NewPCG(1, 2)), 16*(64<<10)/size, 0, blocks...)
	s := &blockfile.Space{File: x.file, Sealed: true}
	bounded := func(listed int) {
		t.Helper()
		n := blockfile.TablesOf(x.file)
		if n.Pages > places || n.Tables > n.Pages || n.Places > n.Pages*16 {
			t.Fatalf("pages of %d bytes: %+v for a cache of %d pages", size, n, places)
		}
		if n.Listed > listed {
			t.Fatalf("pages of %d bytes: a list of %d, want %d at most", size, n.Listed, listed)
		}
	}
	listed := int(x.geo.LastPage(19))/min(blockfile.StretchPages, (64<<10)/size) + 1
	if x.geo.Compressed {
		listed = 19
	}
	listed += listed / 8 // a reserve
	for range 2 {
		for _, p := range pages {
			page, err := s.Page(p)
			x.expect(page, err, s.Original(p))
			bounded(listed)
		}
		for range 3000 {
			p := pages[rand.IntN(len(pages))]
			page, err := s.Page(p)
			x.expect(page, err, s.Original(p))
			bounded(listed)
		}
	}
	if n := blockfile.TablesOf(x.file); n.Pages < places/2 {
		t.Errorf("pages of %d bytes: %d are in a cache of %d", size, n.Pages, places)
	}
	first := pages[0]
	if _, err := s.Page(first); err != nil || !blockfile.InMemory(x.file, first) {
		t.Fatal("the page is not in memory", err)
	}
	x.write(2, 0, 2) // its block
	if blockfile.InMemory(x.file, first) {
		t.Error("a page of a block that was written again is found")
	}
	bounded(listed)
	x.file.Close()
	if n := blockfile.TablesOf(x.file); n != (blockfile.Tables{}) {
		t.Errorf("%+v after Close", n)
	}
}

// TestTablesShrink: in a compressed file a table that had many pages gets smaller with them.
func TestTablesShrink(t *testing.T) {
	const places = 200
	x := packedFixture(t, compress.LZ4(), 256, places*blockfile.SlotBytes(256))
	var blocks []base.BlockNo
	for b := range base.BlockNo(18) {
		blocks = append(blocks, 2+b)
	}
	pages, _ := x.pack(rand.New(rand.NewPCG(1, 2)), 2000, 0, blocks...)
	s := &blockfile.Space{File: x.file, Sealed: true}
	for _, p := range pages {
		page, err := s.Page(p)
		x.expect(page, err, s.Original(p))
		if n := blockfile.TablesOf(x.file); n.Sparse > 8 || n.Places > 16*n.Tables+8*n.Pages {
			t.Fatalf("%+v", n)
		}
	}
}
