// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// TestEndsOfPages: the table of the cache knows where a page ends that it has in the arena, and of no other
// page: none that is evicted, dropped, or in the Go heap, as are some of b-trees. Of small pages, where
// there might be nothing after the end, it knows none.
func TestEndsOfPages(t *testing.T) {
	for _, size := range []int{256, 512, 1024, 2048, 4096} {
		const places = 7
		x := newFixture(t, size, places*blockfile.SlotBytes(size))
		x.blocks = []base.BlockNo{2, 3, 4, 5, 6, 7}
		a := x.file.NewAppender(x, 0)
		var pages []base.PageNo
		for i := range 60 {
			p, content, err := a.Next()
			if err != nil {
				t.Fatal(err)
			}
			if pages = append(pages, p); i%5 == 0 {
				var b format.BTreeBuilder
				b.Reset(size)
				b.Write(content, 1)
			} else {
				fill(content, p)
			}
		}
		if err := a.Finish(); err != nil {
			t.Fatal(err)
		}
		s := &blockfile.Space{File: x.file, Sealed: true}
		rng := rand.New(rand.NewPCG(1, uint64(size)))
		known := 0
		for range 2000 {
			i := rng.IntN(len(pages))
			fr, err := s.Hold(pages[i])
			if err != nil {
				t.Fatal(err)
			}
			want := blockfile.Hastens && !blockfile.InHeap(fr) && blockfile.HeadRoom(size) >= 72
			if i%5 != 0 && blockfile.InHeap(fr) {
				t.Fatalf("pages of %d bytes, page %d, no b-tree page, is in the Go heap", size, i)
			}
			if got := blockfile.EndKnown(x.file, pages[i]); got != want {
				t.Fatalf("pages of %d bytes, page %d: its end is known: %v, want %v", size, i, got, want)
			}
			fr.Release()
			n := 0
			for _, p := range pages {
				if blockfile.EndKnown(x.file, p) {
					n++
				}
			}
			if known = max(known, n); n > places {
				t.Fatalf("the ends of %d pages are known, %d are in the cache", n, places)
			}
		}
		if blockfile.Hastens && size >= 2048 && known < places-3 {
			t.Errorf("pages of %d bytes: the ends of %d pages were known at most", size, known)
		}
		x.write(3, 0, 2) // drops what was known of the block
		for _, p := range pages[3:] {
			if x.geo.Block(p) == 2 && blockfile.EndKnown(x.file, p) {
				t.Errorf("page %d: the end of a page that was dropped", p)
			}
		}
	}
}
