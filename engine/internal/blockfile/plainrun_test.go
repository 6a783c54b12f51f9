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
