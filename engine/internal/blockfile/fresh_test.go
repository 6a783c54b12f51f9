// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// use reads pages as readers do that want them more than once.
func (x *fixture) use(s *blockfile.Space, pages []base.PageNo) {
	x.t.Helper()
	for range 2 {
		for _, p := range pages {
			page, err := s.Page(p)
			x.expect(page, err, p)
		}
	}
}

// merge reads pages as a merge does.
func (x *fixture) merge(s *blockfile.Space, pages []base.PageNo) {
	x.t.Helper()
	seq := blockfile.NewSequential(s, pages[len(pages)-1])
	for _, p := range pages {
		page, err := seq.Page(p)
		x.expect(page, err, p)
	}
}

// inMemory counts those of some pages that are in the cache.
func (x *fixture) inMemory(pages []base.PageNo) (n int) {
	for _, p := range pages {
		if blockfile.InMemory(x.file, p) {
			n++
		}
	}
	return n
}

// TestFreshPagesInDemand: what is written goes into the cache if readers have used what merges read, and is
// what the file has.
func TestFreshPagesInDemand(t *testing.T) {
	for _, size := range []int{256, 1024, 4096} {
		x := newFixture(t, size, 1<<20)
		s := &blockfile.Space{File: x.file, Sealed: true}
		old, _ := x.write(70, 0, 2, 3, 4, 5, 6)
		if n := x.inMemory(old); n != 0 {
			t.Fatalf("pages of %d bytes: %d are in the cache, and nobody has read any", size, n)
		}
		x.merge(s, old)
		if more, _ := x.write(20, 0, 7, 8); x.inMemory(more) != 0 {
			t.Errorf("pages of %d bytes: a merge of pages that nobody reads has what it writes kept", size)
		}
		x.use(s, old)
		x.merge(s, old)
		before := x.file.Stats()
		pages, a := x.write(70, 0, 9, 10, 11, 12, 13)
		if n := x.inMemory(pages); n != len(pages) {
			t.Errorf("pages of %d bytes: %d of %d are in the cache", size, n, len(pages))
		}
		x.use(s, pages)
		if after := x.file.Stats(); after.CacheMisses != before.CacheMisses || after.BytesRead != before.BytesRead {
			t.Errorf("pages of %d bytes: %d misses, %d bytes read", size, after.CacheMisses-before.CacheMisses, after.BytesRead-before.BytesRead)
		}
		fresh := blockfile.NewFresh(s, a.LastPage())
		for i, p := range pages {
			kept, err := s.Page(p)
			x.expect(kept, err, p)
			read, err := fresh.Page(p)
			if x.expect(read, err, p); string(kept) != string(read) {
				t.Errorf("pages of %d bytes: page %d is another one in the file", size, p)
			}
			if i > 0 {
				if next, err := s.NextPage(pages[i-1]); err != nil || next != p {
					t.Errorf("pages of %d bytes: page %d follows %d, not %d: %v", size, next, pages[i-1], p, err)
				}
			}
		}
	}
}

// TestDemandIsOfMostPages: readers use one in six of the pages that a merge reads, a few of each run that it
// reads at once, so what it writes is not kept.
func TestDemandIsOfMostPages(t *testing.T) {
	x := newFixture(t, 1024, 4<<20)
	s := &blockfile.Space{File: x.file, Sealed: true}
	var blocks []base.BlockNo
	for b := range base.BlockNo(12) {
		blocks = append(blocks, 2+b)
	}
	pages, _ := x.write(12*64, 0, blocks...)
	for i := 0; i+64 <= len(pages); i += 64 {
		x.use(s, pages[i:i+11])
	}
	x.merge(s, pages)
	more, _ := x.write(20, 0, 15, 16)
	if n := x.inMemory(more); n != 0 {
		t.Errorf("%d of %d new pages were kept", n, len(more))
	}
}

// TestDemandEnds: pages that were kept when they were written, and that only merges read, are no reason to
// keep others.
func TestDemandEnds(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	s := &blockfile.Space{File: x.file, Sealed: true}
	pages, _ := x.write(100, 0, 2, 3)
	x.use(s, pages)
	x.merge(s, pages)
	for round := range 3 {
		b := base.BlockNo(4 + 2*round)
		pages, _ = x.write(100, 0, b, b+1)
		if kept := x.inMemory(pages) == len(pages); kept != (round == 0) {
			t.Fatalf("round %d: %d of %d pages were kept", round, x.inMemory(pages), len(pages))
		}
		x.merge(s, pages)
	}
}

// TestFreshPagesOfWhatIsGivenUp: a segment is given up, and another one is written in its place, in a block of
// its own or after the end of an older one. Readers get the newer pages.
func TestFreshPagesOfWhatIsGivenUp(t *testing.T) {
	for _, shared := range []bool{false, true} {
		x := newFixture(t, 1024, 1<<20)
		s := &blockfile.Space{File: x.file, Sealed: true}
		pages, a := x.write(70, 0, 2, 3)
		x.use(s, pages)
		x.merge(s, pages)
		start := base.PageNo(0)
		if shared {
			start = a.AppendPoint()
		}
		first, _ := x.write(30, start, 4)
		if n := x.inMemory(first); n != len(first) {
			t.Fatalf("%d of %d pages were kept", n, len(first))
		}
		x.blocks = []base.BlockNo{4}
		again := x.file.NewAppender(x, start)
		for i, p := range first[:20] {
			no, content, err := again.Next()
			if err != nil || no != p {
				t.Fatal(no, err)
			}
			if fill(content, p+1000); i == 0 && x.inMemory(first) != 0 {
				t.Errorf("shared %v: %d pages of what was given up are in the cache", shared, x.inMemory(first))
			}
		}
		if err := again.Finish(); err != nil {
			t.Fatal(err)
		}
		for _, p := range first[:20] {
			page, err := s.Page(p)
			x.expect(page, err, p+1000)
		}
		if n := x.inMemory(first[20:]); n != 0 {
			t.Errorf("shared %v: %d pages that were not written again are in the cache", shared, n)
		}
		for _, p := range pages {
			page, err := s.Page(p)
			x.expect(page, err, p)
		}
	}
}

// TestFreshPagesOfAFailedWrite: what could not be written is not in the cache either.
func TestFreshPagesOfAFailedWrite(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	broken := errors.New("broken")
	f := &breaking{File: x.f}
	x.file = blockfile.New(f, name, x.geo, nil, 1<<20)
	x.file.SetBlocks(20)
	s := &blockfile.Space{File: x.file, Sealed: true}
	pages, _ := x.write(70, 0, 2, 3)
	x.use(s, pages)
	x.merge(s, pages)
	x.blocks, f.err = []base.BlockNo{4}, broken
	a := x.file.NewAppender(x, 0)
	p, content, err := a.Next()
	if err != nil {
		t.Fatal(err)
	}
	fill(content, p)
	if err := a.Finish(); !errors.Is(err, broken) || blockfile.InMemory(x.file, p) {
		t.Errorf("the write failed with %v, the page is in the cache: %v", err, blockfile.InMemory(x.file, p))
	}
}

// TestFreshPagesWithoutRoom: where readers hold all of the cache, or it is small, what is written is right,
// and the cache does not grow.
func TestFreshPagesWithoutRoom(t *testing.T) {
	const places = 5
	x := newFixture(t, 1024, places*blockfile.SlotBytes(1024))
	s := &blockfile.Space{File: x.file, Sealed: true}
	pages, _ := x.write(places, 0, 2)
	var held []*blockfile.Frame
	for _, p := range pages {
		fr, err := s.Hold(p)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, fr)
	}
	x.use(s, pages)
	for range 20 {
		x.merge(s, pages)
	}
	for round := range 2 {
		more, _ := x.write(40, 0, base.BlockNo(3+round))
		if n, most := x.inMemory(more), round*places; n > most || n < most-1 {
			t.Errorf("round %d: %d pages were kept", round, n)
		}
		if got := x.file.Stats().CacheBytes; got > places*blockfile.SlotBytes(1024) {
			t.Errorf("the cache has %d bytes", got)
		}
		for i, fr := range held {
			if c := fr.Page().LeafCell(0); binary.BigEndian.Uint64(fr.Page()[c.Body:]) != uint64(pages[i]) {
				t.Errorf("page %d is another one while it is held", pages[i])
			}
			fr.Release()
		}
		held = nil
		for _, p := range more {
			page, err := s.Page(p)
			x.expect(page, err, p)
		}
	}
}

// TestFreshPagesOfBTrees: pages of b-trees are kept like others, in the Go heap.
func TestFreshPagesOfBTrees(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	s := &blockfile.Space{File: x.file, Sealed: true}
	pages, _ := x.write(70, 0, 2, 3)
	x.use(s, pages)
	x.merge(s, pages)
	x.blocks = []base.BlockNo{4}
	a := x.file.NewAppender(x, 0)
	p, content, err := a.Next()
	if err != nil {
		t.Fatal(err)
	}
	var b format.BTreeBuilder
	b.Reset(1024)
	b.Write(content, 1)
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	fr, err := s.Hold(p)
	if err != nil || !blockfile.InMemory(x.file, p) || blockfile.EndKnown(x.file, p) || !fr.Page().IsBTree() {
		t.Errorf("the page is in the cache: %v, in the arena: %v; %v", blockfile.InMemory(x.file, p), blockfile.EndKnown(x.file, p), err)
	}
	fr.Release()
	if x.file.Held() != 0 {
		t.Errorf("%d pages are held", x.file.Held())
	}
}

// breaking is a file that cannot be written once err is set.
type breaking struct {
	vfs.File
	err error
}

func (f *breaking) WriteAt(b []byte, off int64) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.File.WriteAt(b, off)
}
