// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestAppendAndRead(t *testing.T) {
	for _, pageSize := range []int{256, 1024, 16384} {
		x := newFixture(t, pageSize, 1<<30)
		perBlock := int(x.geo.PagesPerBlock())
		blocks := []base.BlockNo{7, 3, 12, 4}
		pages, a := x.write(3*perBlock+perBlock/2, 0, blocks...)
		if a.LastPage() != pages[len(pages)-1] || a.Pages() != int64(len(pages)) || len(a.Blocks()) != 4 {
			t.Fatalf("last %d, %d pages, blocks %v", a.LastPage(), a.Pages(), a.Blocks())
		}
		if x.file.Written() != uint32(len(pages)) || x.file.Stats().PagesWritten != int64(len(pages)) {
			t.Errorf("%d pages counted, want %d", x.file.Written(), len(pages))
		}
		s := &blockfile.Space{File: x.file, Sealed: true}
		seq := blockfile.NewSequential(s, a.LastPage())
		fresh := blockfile.NewFresh(s, a.LastPage())
		for i, p := range pages {
			page, err := seq.Page(p)
			x.expect(page, err, p)
			page, err = fresh.Page(p)
			x.expect(page, err, p)
			if i+1 < len(pages) {
				if next, err := s.NextPage(p); err != nil || next != pages[i+1] {
					t.Fatalf("next of %d: %d, %v, want %d", p, next, err, pages[i+1])
				}
				if prev, err := s.PrevPage(pages[i+1]); err != nil || prev != p {
					t.Fatalf("previous of %d: %d, %v, want %d", pages[i+1], prev, err, p)
				}
			}
		}
		if n := x.file.Stats().CacheBytes; n != 0 {
			t.Errorf("reading in a row has put %d bytes into the cache", n)
		}
		for _, p := range pages {
			page, err := s.Page(p)
			x.expect(page, err, p)
		}
		if st := x.file.Stats(); st.CacheMisses != int64(len(pages)) || st.CacheBytes != int64(len(pages))*blockfile.SlotBytes(pageSize) {
			t.Errorf("%d pages: %+v", len(pages), st)
		}
		for _, p := range pages { // now from the cache, in any order
			page, err := s.Page(p)
			x.expect(page, err, p)
			page, err = seq.Page(p)
			x.expect(page, err, p)
		}
		if st := x.file.Stats(); st.CacheMisses != int64(len(pages)) {
			t.Errorf("%d misses after a second round over %d pages", st.CacheMisses, len(pages))
		}
		// Behind the end another segment can begin, in the same block.
		start := a.AppendPoint()
		if want := a.LastPage() + 1; start != want && pageSize >= 512 || start%2 == 0 && pageSize == 256 {
			t.Fatalf("append point %d, want %d", start, want)
		}
		if start == 0 {
			continue
		}
		more, b := x.write(2, start)
		if more[0] != start || len(b.Blocks()) != 1 || b.Blocks()[0] != 4 {
			t.Fatalf("pages %v in blocks %v", more, b.Blocks())
		}
		for _, p := range append(more, pages...) {
			page, err := s.Page(p)
			x.expect(page, err, p)
		}
	}
}

// TestAppendPointAtTheEnd: a segment that ends on the last page of a block offers none.
func TestAppendPointAtTheEnd(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	pages, a := x.write(64, 0, 2)
	if !x.geo.IsLast(pages[63]) || a.AppendPoint() != 0 {
		t.Errorf("append point %d behind page %d", a.AppendPoint(), pages[63])
	}
	if x.file.NewAppender(x, 0).AppendPoint() != 0 {
		t.Error("an empty segment offers an append point")
	}
	x.blocks = nil
	if _, _, err := x.file.NewAppender(x, 0).Next(); err == nil {
		t.Error("an allocator's failure is lost")
	}
}

// TestRedirects moves a block of a segment, as C lsm1 does: its bytes stay as they are,
// links and page sums included.
func TestRedirects(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	pages, _ := x.write(150, 0, 5, 9, 6) // block 9 moves to 2
	const moved = 7 * 64
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
	real := func(p base.PageNo) base.PageNo {
		if x.geo.Block(p) == 9 {
			return p - moved
		}
		return p
	}
	seq := blockfile.NewFresh(s, pages[149])
	for i, p := range pages {
		r := real(p)
		if s.Map(p) != r || s.Map(r) != r || s.Original(r) != p || s.MapBlock(x.geo.Block(p)) != x.geo.Block(r) {
			t.Fatalf("page %d maps to %d, that to %d, original %d", p, s.Map(p), s.Map(r), s.Original(r))
		}
		page, err := s.Page(r)
		x.expect(page, err, p)
		page, err = seq.Page(r)
		x.expect(page, err, p)
		if i > 0 {
			if next, err := s.NextPage(real(pages[i-1])); err != nil || next != r {
				t.Fatalf("next of %d: %d, %v", pages[i-1], next, err)
			}
			if prev, err := s.PrevPage(r); err != nil || prev != real(pages[i-1]) {
				t.Fatalf("previous of %d: %d, %v", p, prev, err)
			}
		}
	}
	// For another segment the same bytes are in the wrong place.
	x.file = blockfile.New(x.f, name, x.geo, nil, 1<<20)
	x.file.SetBlocks(20)
	_, err := (&blockfile.Space{File: x.file, Sealed: true}).Page(real(pages[64]))
	x.expectCorrupt(err, real(pages[64]), "page sum")
}

// TestCacheEviction holds the cache to its budget while pages are read at random.
func TestCacheEviction(t *testing.T) {
	budget := 40 * blockfile.SlotBytes(1024)
	x := newFixture(t, 1024, budget)
	pages, _ := x.write(300, 0, 2, 3, 4, 5, 6)
	s := &blockfile.Space{File: x.file, Sealed: true}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		p := pages[rng.IntN(len(pages))]
		page, err := s.Page(p)
		x.expect(page, err, p)
		if n := x.file.Stats().CacheBytes; n > budget {
			t.Fatalf("the cache has %d bytes", n)
		}
	}
	if st := x.file.Stats(); st.CacheBytes != budget || st.CacheMisses < 3000 {
		t.Errorf("%+v", st)
	}
	// A few pages in use stay while others pass by.
	hot := pages[:10]
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
	if n := x.file.Stats().CacheMisses - before; n > 210 {
		t.Errorf("%d misses for 200 new pages: the pages in use do not stay", n)
	}
}

// TestRewrittenBlock: the cache forgets the former life of a block, and pages handed out
// stay as they were.
func TestRewrittenBlock(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	pages, _ := x.write(64, 0, 2)
	s := &blockfile.Space{File: x.file, Sealed: true}
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

func TestCachedPageCostsNoAllocation(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	pages, _ := x.write(64, 0, 2)
	s := &blockfile.Space{File: x.file, Sealed: true}
	if _, err := s.Page(pages[5]); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		fr, err := s.Hold(pages[5])
		if err != nil {
			t.Fatal(err)
		}
		fr.Release()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMetaPages(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	// A file without a byte reads as zeros.
	meta, err := x.file.ReadMeta(2)
	if err != nil || len(meta) != format.MetaSize || !format.AllZero(meta) {
		t.Fatalf("%d bytes, %v", len(meta), err)
	}
	full := bytes.Repeat([]byte{0xEE}, 2*format.MetaPageSize)
	if _, err := x.f.WriteAt(full, 0); err != nil {
		t.Fatal(err)
	}
	if err := x.file.WriteMeta(2, []byte("blob"), nil); err != nil {
		t.Fatal(err)
	}
	got, err := x.fs.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	// Neither the other meta page nor the bytes that carry the locks are touched.
	copy(full[format.MetaPageSize:], make([]byte, format.MetaSize))
	copy(full[format.MetaPageSize:], "blob")
	if !bytes.Equal(got, full) {
		t.Error("WriteMeta writes elsewhere")
	}
	if meta, err = x.file.ReadMeta(2); err != nil || string(meta[:4]) != "blob" || !format.AllZero(meta[4:]) {
		t.Errorf("read %q…, %v", meta[:8], err)
	}
}

func TestTruncate(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	x.write(100, 0, 2, 3)
	for _, blocks := range []base.BlockNo{9, 2} {
		if err := x.file.Truncate(blocks); err != nil {
			t.Fatal(err)
		}
		size, err := x.f.Size()
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(2*64+36) * 1024; blocks == 9 && size != want || blocks == 2 && size != 128<<10 {
			t.Errorf("cut behind block %d: %d bytes", blocks, size)
		}
	}
}
