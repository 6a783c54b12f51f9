// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestPackedPages(t *testing.T) {
	for i, codec := range compress.Builtin() {
		for _, pageSize := range []int{256, 1024, 4096, 32768} {
			for _, cacheBytes := range []int64{1, 1 << 30} {
				t.Run(fmt.Sprintf("%s/%d/%d", codec.Name(), pageSize, cacheBytes), func(t *testing.T) {
					x := packedFixture(t, codec, pageSize, cacheBytes)
					rng := rand.New(rand.NewPCG(uint64(i), uint64(pageSize)))
					n := 160 << 10 / pageSize
					pages, a := x.pack(rng, n, 0, 1, 7, 3, 12, 4, 9, 2)
					if pages[0] != 8196 || a.LastPage() != pages[n-1] || a.Pages() != int64(n) || x.file.Written() != uint32(n) {
						t.Fatalf("%d pages from %d to %d, %d counted", a.Pages(), pages[0], a.LastPage(), x.file.Written())
					}
					end := a.End()
					if (end+1)%512 != 0 && !x.geo.IsLast(end) {
						t.Errorf("the segment ends at %d, within a sector", end)
					}
					if size := a.Size(); size < int64(n) || size > 7*64<<10 {
						t.Errorf("%d bytes", size)
					}
					s := &blockfile.Space{File: x.file, Sealed: true}
					x.all(s, pages, end)
					if st := x.file.Stats(); st.CacheBytes > max(cacheBytes, blockfile.SlotBytes(pageSize)) {
						t.Errorf("the cache has %d bytes", st.CacheBytes)
					}
					// Behind the end other segments begin, in the same block.
					for start := a.AppendPoint(); start != 0 && len(x.blocks) < 3; {
						more, b := x.pack(rng, 1+rng.IntN(3), start, x.blocks...)
						if more[0] != start || b.Blocks()[0] != x.geo.Block(start) {
							t.Fatalf("pages %v in blocks %v", more, b.Blocks())
						}
						x.all(s, more, b.End())
						start = b.AppendPoint()
						if len(b.Blocks()) > 1 {
							break
						}
					}
					x.all(s, pages, end)
				})
			}
		}
	}
}

// TestPackedBlockBorders ends records in every place around the end of a block, by packing
// the same pages behind a first one that grows byte by byte.
func TestPackedBlockBorders(t *testing.T) {
	codec := rawCodec{}
	x := packedFixture(t, codec, 256, 1<<20)
	s := &blockfile.Space{File: x.file, Sealed: true}
	full := 0
	for front := range 60 {
		// The codec takes one byte more for a page that has a 1 in a certain place.
		codec.reset(front)
		pages, a := x.pack(rand.New(rand.NewPCG(1, 1)), 250, 0, 2, 5)
		x.all(s, pages, a.End())
		if x.geo.IsLast(a.End()) {
			full++
			if a.AppendPoint() != 0 {
				t.Fatal("a block without a byte left offers an append point")
			}
		}
		x.file = blockfile.New(x.f, name, x.geo, codec, 1<<20)
		x.file.SetBlocks(20)
		s.File = x.file
	}
	if full == 0 {
		t.Error("no segment has ended with its block")
	}
}

// TestPackedRedirects moves a block of a segment, as C lsm1 does.
func TestPackedRedirects(t *testing.T) {
	x := packedFixture(t, compress.LZ4(), 1024, 1<<20)
	pages, a := x.pack(rand.New(rand.NewPCG(3, 3)), 400, 0, 5, 9, 6, 8, 10)
	buf := make([]byte, 64<<10)
	if _, err := x.f.ReadAt(buf, 8*64<<10); err != nil {
		t.Fatal(err)
	}
	if _, err := x.f.WriteAt(buf, 1*64<<10); err != nil {
		t.Fatal(err)
	}
	clear(buf)
	if _, err := x.f.WriteAt(buf, 8*64<<10); err != nil {
		t.Fatal(err)
	}
	s := &blockfile.Space{File: x.file, Redirects: []format.Redirect{{From: 9, To: 2}}, Sealed: true}
	moved := 0
	for i, p := range pages {
		if r := s.Map(p); r != p {
			if s.Original(r) != p || s.Map(r) != r || r != p-7*64<<10 {
				t.Fatalf("page %d maps to %d, whose original is %d", p, r, s.Original(r))
			}
			pages[i] = r
			moved++
		}
	}
	if moved < 10 {
		t.Fatalf("%d pages have moved", moved)
	}
	x.all(s, pages, s.Map(a.End()))
	x.file = blockfile.New(x.f, name, x.geo, compress.LZ4(), 1<<20)
	x.file.SetBlocks(20)
	_, err := (&blockfile.Space{File: x.file, Sealed: true}).Page(pages[len(pages)/2])
	for i := range pages {
		if pages[i] != s.Original(pages[i]) {
			_, err = (&blockfile.Space{File: x.file, Sealed: true}).Page(pages[i])
			break
		}
	}
	if !errors.Is(err, errs.ErrCorrupt) {
		t.Errorf("a moved page read without redirects: %v", err)
	}
}

// TestPackedCache: pages in use stay while others pass by, blocks that are written anew
// are forgotten, and a hit costs no allocation.
func TestPackedCache(t *testing.T) {
	budget := 40 * blockfile.SlotBytes(1024)
	x := packedFixture(t, compress.LZ4(), 1024, budget)
	pages, _ := x.pack(rand.New(rand.NewPCG(1, 1)), 300, 0, 2, 3, 4, 5, 6)
	s := &blockfile.Space{File: x.file, Sealed: true}
	hot := pages[:10]
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		p := pages[rng.IntN(len(pages))]
		page, err := s.Page(p)
		x.expect(page, err, p)
		if n := x.file.Stats().CacheBytes; n > budget {
			t.Fatalf("the cache has %d bytes", n)
		}
	}
	for range 5 {
		for _, p := range hot {
			if _, err := s.Page(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := x.file.Stats().CacheMisses
	for i := range 200 {
		for _, p := range hot {
			if _, err := s.Page(p); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Page(pages[10+i]); err != nil {
			t.Fatal(err)
		}
	}
	if n := x.file.Stats().CacheMisses - before; n > 215 {
		t.Errorf("%d misses for 200 new pages: the pages in use do not stay", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		fr, err := s.Hold(hot[3])
		if err != nil {
			t.Fatal(err)
		}
		fr.Release()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	old, err := s.Page(pages[0])
	x.expect(old, err, pages[0])
	x.blocks = []base.BlockNo{2}
	a := x.file.NewAppender(x, 0)
	p, content, err := a.Next()
	if err != nil || p != pages[0] {
		t.Fatal(p, err)
	}
	fill(content, 4711)
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	page, err := s.Page(p)
	x.expect(page, err, 4711)
	x.expect(old, nil, pages[0])
}

// TestPackedReadsAreFew: reading a segment from end to end reads its bytes about once, in
// whatever way.
func TestPackedReadsAreFew(t *testing.T) {
	x := packedFixture(t, compress.LZ4(), 1024, 1<<30)
	pages, a := x.pack(rand.New(rand.NewPCG(1, 1)), 600, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	bytes := a.Size()
	for how, read := range map[string]func(s *blockfile.Space){
		"in a row": func(s *blockfile.Space) {
			q := blockfile.NewSequential(s, a.End())
			for p := pages[0]; ; {
				if _, err := q.Page(p); err != nil {
					t.Fatal(err)
				}
				if p == a.LastPage() {
					return
				}
				var err error
				if p, err = q.NextPage(p); err != nil {
					t.Fatal(err)
				}
			}
		},
		"ahead": func(s *blockfile.Space) {
			for p := pages[0]; ; {
				if _, err := pageAhead(s, p, a.End()); err != nil {
					t.Fatal(err)
				}
				if p == a.LastPage() {
					return
				}
				var err error
				if p, err = s.NextPage(p); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		x.file = blockfile.New(x.f, name, x.geo, compress.LZ4(), 1<<30)
		x.file.SetBlocks(20)
		read(&blockfile.Space{File: x.file, Sealed: true})
		if st := x.file.Stats(); st.BytesRead > 2*bytes || st.BytesRead < bytes/2 {
			t.Errorf("%s: %d bytes are read of %d", how, st.BytesRead, bytes)
		}
	}
}
