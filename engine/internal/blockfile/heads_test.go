// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

const keysEach = 30

// keyOf is key i of a page, which other pages and other generations of the page do not have.
func keyOf(p base.PageNo, generation uint32, i int) []byte {
	return fmt.Appendf(nil, "%04d-%08d-%03d", generation, p, 2*i+1)
}

// fillKeys fills a page with keysEach keys.
func fillKeys(content []byte, p base.PageNo, generation uint32) {
	var b format.LeafBuilder
	b.Reset(content)
	for i := range keysEach {
		key := keyOf(p, generation, i)
		b.StartCell(base.Insert, len(key), 3)
		b.Body(key)
		b.Body([]byte("abc"))
	}
}

// wrongBounds searches a page that is held for key i or one before it, and says what is wrong.
func wrongBounds(fr *blockfile.Frame, key []byte) string {
	lo, hi := fr.Narrow(key, keysEach)
	page := fr.Page()
	for i := range keysEach {
		c := page.LeafCell(i)
		if d := bytes.Compare(page[c.Body:c.Body+c.KeyLen], key); i < lo && d >= 0 || i >= hi && d <= 0 {
			return fmt.Sprintf("key %q is not among cells %d to %d: cell %d is %q", key, lo, hi, i, page[c.Body:c.Body+c.KeyLen])
		}
	}
	return ""
}

// TestHeadsAreMadeOnTheSecondSearch, and not by readers that search nothing, nor for pages that
// are not in the cache. They go with the page.
func TestHeadsAreMadeOnTheSecondSearch(t *testing.T) {
	x := newFixture(t, 1024, 4*blockfile.SlotBytes(1024))
	x.blocks = []base.BlockNo{2}
	a := x.file.NewAppender(x, 0)
	var pages []base.PageNo
	for range 20 {
		p, content, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		fillKeys(content, p, 1)
		pages = append(pages, p)
	}
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	s := &blockfile.Space{File: x.file, Sealed: true}
	search := func(p base.PageNo) int {
		t.Helper()
		fr, err := s.Hold(p)
		if err != nil {
			t.Fatal(err)
		}
		defer fr.Release()
		lo, hi := fr.Narrow(keyOf(p, 1, 11), keysEach)
		return hi - lo
	}
	if n := search(pages[0]); n != keysEach {
		t.Errorf("first search: %d cells", n)
	}
	n := keysEach
	for range 3 { // in builds with invariants one of them may have searched a copy of the page
		n = search(pages[0])
	}
	if n != 1 {
		t.Errorf("later search: %d cells", n)
	}
	for range 3 { // a walk, and a merge
		if _, err := pageAhead(s, pages[1], a.End()); err != nil {
			t.Fatal(err)
		}
		if _, err := blockfile.NewSequential(s, a.End()).Page(pages[1]); err != nil {
			t.Fatal(err)
		}
	}
	if n := search(pages[1]); n != keysEach {
		t.Errorf("first search after walks: %d cells", n)
	}
	for _, p := range pages[5:] { // through the cache, which has 4 places
		search(p)
	}
	if n := search(pages[0]); n != keysEach {
		t.Errorf("first search of a page that is read again: %d cells", n)
	}
	var held []*blockfile.Frame
	for _, p := range pages[:10] {
		fr, err := s.Hold(p)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, fr)
	}
	for range 3 {
		if lo, hi := held[9].Narrow(keyOf(pages[9], 1, 3), keysEach); lo != 0 || hi != keysEach {
			t.Errorf("a page without a place in the cache: cells %d to %d", lo, hi)
		}
	}
	for _, fr := range held {
		fr.Release()
	}
}

// TestHeadsOfRecycledSlots: heads belong to the page that is held, while several readers search the same
// pages, their slots are given to others, and blocks are written again.
func TestHeadsOfRecycledSlots(t *testing.T) {
	for i, places := range []int64{1, 6, 40, 300, 40} {
		w := &world{fixture: newFixture(t, 1024, places*blockfile.SlotBytes(1024)), fill: fillKeys}
		if i == 4 {
			w.fixture = packedFixture(t, compress.LZ4(), 1024, places*blockfile.SlotBytes(1024))
		}
		w.space = &blockfile.Space{File: w.file, Sealed: true}
		for i := range w.blocks {
			w.rewrite(i)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		bounded := 0
		for seed := range uint64(4) {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(seed, uint64(places)))
				n := 0
				for range 4000 {
					fr, p, generation := w.holdOne(rng)
					if fr == nil {
						return
					}
					for range 3 {
						key := keyOf(p, generation, rng.IntN(keysEach))
						if rng.IntN(2) == 0 {
							key[len(key)-1]--
						}
						if wrong := wrongBounds(fr, key); wrong != "" {
							t.Error(wrong)
						}
					}
					if lo, hi := fr.Narrow(keyOf(p, generation, 5), keysEach); hi-lo == 1 {
						n++
					}
					fr.Release()
					if rng.IntN(200) == 0 {
						w.rewrite(rng.IntN(len(w.blocks)))
					}
				}
				mu.Lock()
				defer mu.Unlock()
				bounded += n
			})
		}
		wg.Wait()
		if n := w.file.Held(); n != 0 {
			t.Errorf("%d places: %d pages are held in the end", places, n)
		}
		if places > 1 && bounded < 8000 {
			t.Errorf("%d places: heads were used %d times: the test shows little", places, bounded)
		}
		if t.Failed() {
			return
		}
	}
}
