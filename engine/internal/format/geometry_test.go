// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"math"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestNewGeometryRefuses(t *testing.T) {
	for _, sizes := range [][2]int{
		{0, 1 << 20}, {128, 1 << 20}, {4095, 1 << 20}, {1 << 17, 1 << 20}, {-4096, 1 << 20},
		{4096, 0}, {4096, 32 << 10}, {4096, 128 << 20}, {4096, 100_000}, {4096, -1 << 20},
		{32 << 10, 64 << 10}, {64 << 10, 64 << 10}, {64 << 10, 128 << 10},
	} {
		if g, err := format.NewGeometry(sizes[0], sizes[1]); err == nil {
			t.Errorf("page size %d, block size %d: %+v", sizes[0], sizes[1], g)
		}
	}
}

// TestGeometry compares the arithmetic with a walk over all pages.
func TestGeometry(t *testing.T) {
	for page := format.MinPageSize; page <= format.MaxPageSize; page *= 2 {
		for block := format.MinBlockSize; block <= 1<<20; block *= 2 {
			if block/page < format.MinPagesPerBlock {
				continue
			}
			g := geometry(t, page, block)
			const blocks = 3
			if got, want := g.MaxPage(blocks), base.PageNo(blocks*block/page); got != want {
				t.Fatalf("%d/%d: last page of %d blocks is %d, want %d", page, block, blocks, got, want)
			}
			perBlock := make(map[base.BlockNo][]base.PageNo)
			for p := base.PageNo(1); p <= g.MaxPage(blocks); p++ {
				off := int64(p-1) * int64(page)
				if g.Offset(p) != off {
					t.Fatalf("%d/%d: page %d at offset %d, want %d", page, block, p, g.Offset(p), off)
				}
				b := base.BlockNo(off/int64(block)) + 1
				if g.Block(p) != b || g.IndexInBlock(p) != int(off%int64(block))/page {
					t.Fatalf("%d/%d: page %d in block %d at %d", page, block, p, g.Block(p), g.IndexInBlock(p))
				}
				if off >= 2*format.MetaPageSize {
					perBlock[b] = append(perBlock[b], p)
				}
			}
			for b, pages := range perBlock {
				if g.FirstPage(b) != pages[0] || g.LastPage(b) != pages[len(pages)-1] {
					t.Fatalf("%d/%d: block %d from page %d to %d, want %d to %d", page, block, b, g.FirstPage(b), g.LastPage(b), pages[0], pages[len(pages)-1])
				}
				for i, p := range pages {
					if g.IsFirst(p) != (i == 0) || g.IsLast(p) != (i == len(pages)-1) {
						t.Fatalf("%d/%d: page %d of block %d: first %v, last %v", page, block, p, b, g.IsFirst(p), g.IsLast(p))
					}
				}
			}
		}
	}
}

// TestWildPages: a page number that no block can hold lies in no block, instead of in the
// one whose number is left when high bits are cut off.
func TestWildPages(t *testing.T) {
	packed, err := format.NewCompressedGeometry(4096, 64<<10, 4096)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []format.Geometry{geometry(t, 256, 64<<10), geometry(t, 4096, 1<<20), geometry(t, 65536, 64<<20), packed} {
		end := int64(1<<32-1) * g.PagesPerBlock()
		for _, p := range []base.PageNo{-1, math.MinInt64, base.PageNo(end + 2), base.PageNo(2 * end), base.PageNo(end + 5*g.PagesPerBlock()), math.MaxInt64} {
			if b := g.Block(p); p >= g.FirstPage(b) && p <= g.LastPage(b) {
				t.Errorf("%d/%d: page %d lies in block %d", g.PageSize, g.BlockSize, p, b)
			}
		}
		last := g.LastPage(1<<32 - 1)
		if b := g.Block(last); b != 1<<32-1 {
			t.Errorf("%d/%d: the last page of all blocks lies in block %d", g.PageSize, g.BlockSize, b)
		}
	}
}

// TestFirstPageOfBlock1 fixes where data begins, behind the two meta pages.
func TestFirstPageOfBlock1(t *testing.T) {
	for page, first := range map[int]base.PageNo{256: 33, 512: 17, 1024: 9, 4096: 3, 8192: 2, 65536: 2} {
		if got := geometry(t, page, 1<<20).FirstPage(1); got != first {
			t.Errorf("page size %d: first page is %d, want %d", page, got, first)
		}
	}
}

func TestContentAndLinks(t *testing.T) {
	g := geometry(t, 256, 64<<10)
	for _, p := range []base.PageNo{33, 100, 256, 257, 512} {
		raw := make([]byte, 256)
		content := g.Content(p, raw)
		linked := g.IsFirst(p) || g.IsLast(p)
		if want := 256 - 4; linked && len(content) != want || !linked && len(content) != 256 || cap(content) != len(content) {
			t.Errorf("page %d: content of %d bytes, capacity %d", p, len(content), cap(content))
		}
		if !linked {
			continue
		}
		for i := range content {
			content[i] = 0xEE
		}
		g.SetLink(p, raw, 0x01020304)
		if got := g.Link(p, raw); got != 0x01020304 {
			t.Errorf("page %d: link %#x", p, got)
		}
		for i, c := range content {
			if c != 0xEE {
				t.Fatalf("page %d: the link lies over content byte %d", p, i)
			}
		}
		at := 0
		if g.IsLast(p) {
			at = 252
		}
		if raw[at] != 1 || raw[at+3] != 4 {
			t.Errorf("page %d: link is not at %d", p, at)
		}
	}
}
