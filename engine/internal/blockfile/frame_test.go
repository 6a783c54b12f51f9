// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// leafOf fills a page with one record that names page and generation in all of its bytes.
func leafOf(content []byte, p base.PageNo, generation uint32) {
	var b format.LeafBuilder
	b.Reset(content)
	n := len(content) - 40
	b.StartCell(base.Insert, 12, n)
	key := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, uint64(p)), generation)
	b.Body(key)
	b.Body(bytes.Repeat(key, n/len(key)+1)[:n])
}

// leafOrBTree makes every third page look like one of a b-tree, some of which have copies in the Go heap.
func leafOrBTree(content []byte, p base.PageNo, generation uint32) {
	if leafOf(content, p, generation); p%3 == 0 {
		content[len(content)-3] |= format.FlagBTree
	}
}

// world is a file in which blocks are written again while their pages are read.
type world struct {
	*fixture
	space  *blockfile.Space
	fill   func(content []byte, p base.PageNo, generation uint32)
	blocks [8]struct {
		sync.RWMutex // held by writers and, while they look a page up, by readers
		generation   uint32
		pages        []base.PageNo
		end          base.PageNo
	}
}

func (w *world) rewrite(i int) {
	b := &w.blocks[i]
	b.Lock()
	defer b.Unlock()
	b.generation++
	x := *w.fixture // with an allocator of its own
	x.blocks = []base.BlockNo{base.BlockNo(2 + i)}
	a := w.file.NewAppender(&x, 0)
	b.pages = b.pages[:0]
	for range 40 {
		p, content, err := a.Next()
		if err != nil {
			w.t.Error(err)
			return
		}
		w.fill(content, p, b.generation)
		b.pages = append(b.pages, p)
	}
	if err := a.Finish(); err != nil {
		w.t.Error(err)
	}
	b.end = a.End()
}

// heldPage is a page that a reader holds, and what was on it when it was looked up.
type heldPage struct {
	fr   *blockfile.Frame
	want []byte
}

// holdOne looks a page up and returns which one it is; no frame if that fails.
func (w *world) holdOne(rng *rand.Rand) (fr *blockfile.Frame, p base.PageNo, generation uint32) {
	b := &w.blocks[rng.IntN(len(w.blocks))]
	b.RLock()
	defer b.RUnlock()
	p = b.pages[rng.IntN(len(b.pages))]
	var err error
	if rng.IntN(2) == 0 {
		fr, err = w.space.Hold(p)
	} else {
		fr, err = w.space.HoldAhead(p, b.end)
	}
	if err != nil {
		w.t.Error(err)
		return nil, p, 0
	}
	return fr, p, b.generation
}

func (w *world) hold(rng *rand.Rand) (h heldPage) {
	fr, p, generation := w.holdOne(rng)
	if fr == nil {
		return h
	}
	h.fr, h.want = fr, bytes.Clone(fr.Page())
	c := fr.Page().LeafCell(0)
	if key := fr.Page()[c.Body:]; binary.BigEndian.Uint64(key) != uint64(p) || binary.BigEndian.Uint32(key[8:]) != generation {
		w.t.Errorf("page %d, generation %d: the page shows %x", p, generation, key[:12])
	}
	return h
}

func (w *world) release(h heldPage) {
	if h.fr != nil && !bytes.Equal(h.fr.Page(), h.want) {
		w.t.Error("a page has changed while it was held")
	}
	h.fr.Release()
}

// TestHeldPagesStay: pages that readers hold stay as they are, while a cache with room for few
// is used by all of them, and blocks are written again. In the end nothing is held, and at no time is
// more of the arena used than the budget, or are there more copies of b-tree pages than a share of that.
func TestHeldPagesStay(t *testing.T) {
	for i, places := range []int64{1, 5, 24, 96, 5, 24, 96} {
		budget := places * blockfile.SlotBytes(1024)
		w := &world{fixture: newFixture(t, 1024, budget), fill: leafOrBTree}
		if i > 3 {
			w.fixture = packedFixture(t, compress.LZ4(), 1024, budget)
		}
		w.space = &blockfile.Space{File: w.file, Sealed: true}
		for i := range w.blocks {
			w.rewrite(i)
		}
		var wg sync.WaitGroup
		for seed := range uint64(4) {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(seed, uint64(budget)))
				var held []heldPage
				for range 1500 {
					if len(held) > rng.IntN(7) {
						i := rng.IntN(len(held))
						w.release(held[i])
						held[i] = held[len(held)-1]
						held = held[:len(held)-1]
					} else {
						held = append(held, w.hold(rng))
					}
					if rng.IntN(50) == 0 {
						w.rewrite(rng.IntN(len(w.blocks)))
					}
					if got := w.file.Stats().CacheBytes; got > budget {
						t.Errorf("%d bytes are used, the budget is %d", got, budget)
					}
					if n, most := blockfile.CopiesOf(w.file), int(places)/blockfile.CopyShare+4; n > most {
						t.Errorf("%d copies in the Go heap for %d places, want %d at most", n, places, most)
					}
				}
				for _, h := range held {
					w.release(h)
				}
			})
		}
		wg.Wait()
		if n := w.file.Held(); n != 0 {
			t.Errorf("budget %d: %d pages are held in the end", budget, n)
		}
		w.file.Close()
		if n := w.file.Stats().CacheBytes; n != 0 {
			t.Errorf("budget %d: %d bytes are used after Close", budget, n)
		}
		if n := blockfile.CopiesOf(w.file); n != 0 {
			t.Errorf("budget %d: %d copies after Close", budget, n)
		}
		if t.Failed() {
			return
		}
	}
}

// TestHeldBeyondTheBudget: if all of the cache is held, pages are still read, and it works again
// when they are released.
func TestHeldBeyondTheBudget(t *testing.T) {
	budget := 8 * blockfile.SlotBytes(1024)
	x := newFixture(t, 1024, budget)
	pages, _ := x.write(50, 0, 2)
	s := &blockfile.Space{File: x.file, Sealed: true}
	var held []*blockfile.Frame
	for _, p := range pages[:30] {
		fr, err := s.Hold(p)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, fr)
	}
	for i, fr := range held {
		x.expect(fr.Page(), nil, pages[i])
	}
	if st := x.file.Stats(); st.CacheBytes != budget || x.file.Held() != 8 {
		t.Errorf("%d bytes, %d pages held; the budget is %d", st.CacheBytes, x.file.Held(), budget)
	}
	for _, fr := range held {
		fr.Release()
	}
	for range 2 {
		page, err := s.Page(pages[40])
		x.expect(page, err, pages[40])
	}
	if st := x.file.Stats(); st.CacheMisses != 31 || st.CacheBytes != budget || x.file.Held() != 0 {
		t.Errorf("%d misses, %d bytes, %d held", st.CacheMisses, st.CacheBytes, x.file.Held())
	}
}

// TestCloseWhilePagesAreHeld: the memory goes when the last page is released, and no reader meets a
// fault, neither one that holds a page nor one that comes later.
func TestCloseWhilePagesAreHeld(t *testing.T) {
	x := newFixture(t, 1024, 8<<10)
	pages, _ := x.write(20, 0, 2)
	s := &blockfile.Space{File: x.file, Sealed: true}
	fr, err := s.Hold(pages[3])
	if err != nil {
		t.Fatal(err)
	}
	x.file.Close()
	x.file.Close()
	x.expect(fr.Page(), nil, pages[3])
	late := fr.Page()
	for _, p := range pages[:5] {
		page, err := s.Page(p)
		x.expect(page, err, p)
	}
	if n := x.file.Stats().CacheBytes; n != blockfile.SlotBytes(1024) {
		t.Errorf("%d bytes are used while one page is held", n)
	}
	fr.Release()
	if n := x.file.Stats().CacheBytes; n != 0 {
		t.Errorf("%d bytes are used", n)
	}
	_ = bytes.Clone(late) // wrong, but no fault
}

// TestReleaseTwice: that is a mistake of the engine, which is found.
func TestReleaseTwice(t *testing.T) {
	x := newFixture(t, 1024, 8<<10)
	pages, _ := x.write(20, 0, 2)
	fr, err := (&blockfile.Space{File: x.file, Sealed: true}).Hold(pages[3])
	if err != nil {
		t.Fatal(err)
	}
	x.file.Close()
	fr.Release()
	defer func() {
		if recover() == nil {
			t.Error("a second Release passes")
		}
	}()
	fr.Release()
}

// BenchmarkHold looks a page in memory up and releases it.
func BenchmarkHold(b *testing.B) {
	x := newFixture(b, 4096, 1<<20)
	pages, _ := x.write(12, 0, 2)
	s := &blockfile.Space{File: x.file, Sealed: true}
	b.ReportAllocs()
	for b.Loop() {
		fr, err := s.Hold(pages[3])
		if err != nil {
			b.Fatal(err)
		}
		fr.Release()
	}
}
