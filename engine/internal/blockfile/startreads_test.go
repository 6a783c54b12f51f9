// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// starting is a file that notes what it was asked to begin to read, and how often it has been read.
type starting struct {
	vfs.File
	mu    sync.Mutex
	asked map[int64]int // how often, by offset
	reads int
	early bool // asked before 64 reads, of which each reader may be about to make one
}

const (
	region  = 512 << 10
	readers = 4
)

func (f *starting) StartRead(off, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked[off]++; n != region || off%region != 0 {
		f.asked[off] = -1000
	}
	f.early = f.early || f.reads < 64-readers
}

func (f *starting) ReadAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	f.reads++
	f.mu.Unlock()
	return f.File.ReadAt(b, off)
}

// TestRegionsAreAskedForOnce reads pages at random, by several readers: where all of the file fits into the
// cache, the system is asked for the regions of those that are missed, once for each, and only after some.
func TestRegionsAreAskedForOnce(t *testing.T) {
	for _, test := range []struct {
		cache int64
		asks  bool
	}{{4 << 20, true}, {1 << 20, false}} {
		x := newFixture(t, 1024, 1<<20)
		var blocks []base.BlockNo
		for b := base.BlockNo(2); b <= 33; b++ {
			blocks = append(blocks, b)
		}
		x.file.SetBlocks(33)
		pages, _ := x.write(32*64-10, 0, blocks...) // two MiB and the first block
		f := &starting{File: x.f, asked: map[int64]int{}}
		file := blockfile.New(f, name, x.geo, nil, test.cache)
		file.SetBlocks(33)
		s := &blockfile.Space{File: file, Sealed: true}
		var wait sync.WaitGroup
		for r := range readers {
			wait.Go(func() {
				for i := range pages {
					p := pages[(i*509+r*101)%len(pages)]
					page, err := s.Page(p)
					if err != nil {
						t.Error(err)
						return
					}
					x.expect(page, nil, p)
				}
			})
		}
		wait.Wait()
		want := 5 // the last begins with block 33
		if !test.asks {
			want = 0
		}
		if len(f.asked) != want {
			t.Errorf("a cache of %d bytes: asked for %d regions, want %d", test.cache, len(f.asked), want)
		}
		for off, n := range f.asked {
			if n != 1 {
				t.Errorf("asked %d times for the region at %d, or for another length", n, off)
			}
		}
		if f.early {
			t.Error("asked before much was read")
		}
		file.Close()
	}
}

// TestSearchesOfBTreesAskForNothing: b-tree pages that are missed do not count.
func TestSearchesOfBTreesAskForNothing(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	x.blocks = []base.BlockNo{2, 3, 4, 5}
	x.file.SetBlocks(5)
	a := x.file.NewAppender(x, 0)
	var pages []base.PageNo
	for range 200 {
		p, content, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		leafOf(content, p, 0)
		content[len(content)-3] |= format.FlagBTree
		pages = append(pages, p)
	}
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	f := &starting{File: x.f, asked: map[int64]int{}}
	file := blockfile.New(f, name, x.geo, nil, 4<<20)
	defer file.Close()
	file.SetBlocks(5)
	s := &blockfile.Space{File: file, Sealed: true}
	for _, p := range pages {
		if _, err := s.Page(p); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.asked) != 0 {
		t.Errorf("asked for %d regions", len(f.asked))
	}
}
