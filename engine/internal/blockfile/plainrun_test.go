// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

func sealed(x *fixture) *blockfile.Space { return &blockfile.Space{File: x.file, Sealed: true} }

// TestStandStays: the page on which a reader stands is what it was whatever is read ahead of it, also
// when the memory of what was read before is used again.
func TestStandStays(t *testing.T) {
	for _, pageSize := range []int{512, 4096, 16 << 10} {
		t.Run(fmt.Sprint(pageSize), func(t *testing.T) {
			x := newFixture(t, pageSize, 0)
			perBlock := int(x.geo.PagesPerBlock())
			pages, a := x.write(4*perBlock, 0, 2, 3, 7, 5)
			seq := blockfile.NewSequential(sealed(x), a.LastPage())
			for i, p := range pages {
				stood, err := seq.Stand(p)
				x.expect(stood, err, p)
				for _, ahead := range []int{1, 1, 2, perBlock - 1, perBlock, perBlock + 1, 2*perBlock + 1, 3 * perBlock} {
					if i+ahead >= len(pages) {
						break
					}
					page, err := seq.Page(pages[i+ahead])
					x.expect(page, err, pages[i+ahead])
					x.expect(stood, nil, p)
				}
			}
		})
	}
}

// TestStandCostsNoAllocation: a pass over a segment needs memory for two runs, however long it is.
func TestStandCostsNoAllocation(t *testing.T) {
	x := newFixture(t, 4096, 0)
	pages, a := x.write(160, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	s := sealed(x)
	pass := func() {
		seq := blockfile.NewSequential(s, a.LastPage())
		for i, p := range pages {
			if _, err := seq.Stand(p); err != nil {
				t.Fatal(err)
			}
			if i+1 == len(pages) {
				break
			}
			if next, err := seq.NextPage(p); err != nil || next != pages[i+1] {
				t.Fatal(next, err)
			}
		}
	}
	if n := testing.AllocsPerRun(10, pass); n > 4 {
		t.Errorf("a pass over 10 blocks makes %.0f allocations, not 4 at most: the run, its space and two buffers", n)
	}
}

// reads counts what is read of a file.
type reads struct {
	vfs.File
	n int
}

func (r *reads) ReadAt(p []byte, off int64) (int, error) {
	r.n++
	return r.File.ReadAt(p, off)
}

// TestRunFollowsLinksThatItHas: a pass reads each block once, the links between them included.
func TestRunFollowsLinksThatItHas(t *testing.T) {
	x := newFixture(t, 4096, 0)
	pages, a := x.write(48, 0, 2, 9, 4)
	counted := &reads{File: x.f}
	file := blockfile.New(counted, name, x.geo, nil, 0)
	file.SetBlocks(20)
	seq := blockfile.NewSequential(&blockfile.Space{File: file, Sealed: true}, a.LastPage())
	p := pages[0]
	for i := 0; ; i++ {
		page, err := seq.Stand(p)
		x.expect(page, err, pages[i])
		if i+1 == len(pages) {
			break
		}
		if p, err = seq.NextPage(p); err != nil {
			t.Fatal(err)
		}
	}
	if counted.n != 3 {
		t.Errorf("%d reads of 3 blocks", counted.n)
	}
}

// TestRunRemembersThePage: a page that is asked for again is neither verified nor decompressed again.
func TestRunRemembersThePage(t *testing.T) {
	plain := newFixture(t, 4096, 0)
	pages, a := plain.write(5, 0, 2)
	again(t, blockfile.NewSequential(sealed(plain), a.LastPage()), pages)
	packed := packedFixture(t, compress.LZ4(), 4096, 0)
	more, b := packed.write(5, 0, 2)
	again(t, blockfile.NewSequential(sealed(packed), b.End()), more)
}

func again(t *testing.T, seq blockfile.Sequential, pages []base.PageNo) {
	t.Helper()
	for _, p := range pages {
		one, err := seq.Page(p)
		if err != nil {
			t.Fatal(err)
		}
		two, err := seq.Page(p)
		if err != nil || &one[0] != &two[0] {
			t.Errorf("page %d is made twice (%v)", p, err)
		}
	}
}

// TestAheadReadsInTime: with a call of Ahead on each page nothing else reads the file, and the pages are the
// same; the one that a reader stands on stays.
func TestAheadReadsInTime(t *testing.T) {
	x := newFixture(t, 4096, 0)
	pages, a := x.write(48, 0, 2, 9, 4)
	counted := &reads{File: x.f}
	file := blockfile.New(counted, name, x.geo, nil, 0)
	file.SetBlocks(20)
	seq := blockfile.NewSequential(&blockfile.Space{File: file, Sealed: true}, a.LastPage())
	ahead := 0
	p := pages[0]
	for i := 0; ; i++ {
		n := counted.n
		stood, err := seq.Stand(p)
		x.expect(stood, err, pages[i])
		if i > 0 && counted.n != n {
			t.Fatalf("page %d is read late", i)
		}
		n = counted.n
		did := seq.Ahead(p, 8<<10)
		x.expect(stood, nil, pages[i])
		if did != (counted.n == n+1) {
			t.Fatalf("Ahead says %t, with %d reads", did, counted.n-n)
		}
		if did {
			ahead++
		}
		if i+1 == len(pages) {
			break
		}
		n = counted.n
		if p, err = seq.NextPage(p); err != nil || p != pages[i+1] {
			t.Fatal(p, err)
		}
		if counted.n != n {
			t.Fatalf("the link of page %d is read late", i)
		}
	}
	if want := (48 - 16) / 2; ahead != want { // the first read is of a whole block
		t.Errorf("Ahead has read %d times, want %d", ahead, want)
	}
}

// TestAheadLeavesTheCacheAlone: what the cache has is not read, nor what comes after the end.
func TestAheadLeavesTheCacheAlone(t *testing.T) {
	x := newFixture(t, 4096, 1<<20)
	pages, a := x.write(20, 0, 2, 3)
	s := sealed(x)
	if _, err := s.Page(pages[16]); err != nil {
		t.Fatal(err)
	}
	seq := blockfile.NewSequential(s, a.LastPage())
	for i, p := range pages[:16] {
		page, err := seq.Stand(p)
		x.expect(page, err, p)
		if seq.Ahead(p, 8<<10) {
			t.Errorf("on page %d something is read that is there", i)
		}
	}
	seq = blockfile.NewSequential(s, a.LastPage())
	if page, err := seq.Stand(pages[18]); err != nil || page == nil {
		t.Fatal(err)
	}
	if _, err := seq.Stand(pages[19]); err != nil || seq.Ahead(pages[19], 8<<10) {
		t.Error("something is read after the last page", err)
	}
}

// TestStandStaysInTheCache: the same where all pages, or some, come from the cache, from which a run copies them.
func TestStandStaysInTheCache(t *testing.T) {
	for _, each := range []int{1, 2, 7} {
		x := newFixture(t, 4096, 1<<20)
		pages, a := x.write(60, 0, 2, 3, 7, 5)
		for i := 0; i < len(pages); i += each {
			page, err := sealed(x).Page(pages[i])
			x.expect(page, err, pages[i])
		}
		seq := blockfile.NewSequential(sealed(x), a.LastPage())
		for i, p := range pages {
			stood, err := seq.Stand(p)
			x.expect(stood, err, p)
			for _, ahead := range []int{1, 1, 2, 3, 1, 20} {
				if i+ahead >= len(pages) {
					break
				}
				page, err := seq.Page(pages[i+ahead])
				x.expect(page, err, pages[i+ahead])
				x.expect(stood, nil, p)
			}
			page, err := seq.Stand(p) // again, after others
			x.expect(page, err, p)
		}
	}
}

// TestStandInTheCacheCostsNoAllocation: a pass over pages in the cache needs memory for two of them.
func TestStandInTheCacheCostsNoAllocation(t *testing.T) {
	x := newFixture(t, 4096, 2<<20)
	pages, a := x.write(160, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	s := sealed(x)
	pass := func() {
		seq := blockfile.NewSequential(s, a.LastPage())
		for _, p := range pages {
			page, err := seq.Stand(p)
			x.expect(page, err, p)
		}
	}
	x.use(s, pages)
	if n := testing.AllocsPerRun(10, pass); n > 5 {
		t.Errorf("a pass over 160 pages makes %.0f allocations, not 5 at most: the run, its first page and two copies", n)
	}
}
