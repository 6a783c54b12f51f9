// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// leafPage is a page in a slot, and the whole keys of its cells.
type leafPage struct {
	slot        []byte
	page        format.Page
	front, size int
	keys        [][]byte
	kinds       []base.Kind
}

func (l *leafPage) heads() heads { return makeHeads(l.slot, l.page, l.front, l.size) }

// randomKeys returns keys in order. They share a prefix, perhaps, and often more than that.
func randomKeys(rng *rand.Rand, n int) [][]byte {
	prefix := bytes.Repeat([]byte("p"), []int{0, 1, 3, 4, 9, 40, 700}[rng.IntN(7)])
	letters := []string{"ab", "\x00\xff", "\x00a\xff", "abcdefghijklmnop"}[rng.IntN(4)]
	longest := []int{3, 6, 14, 60}[rng.IntN(4)]
	var keys [][]byte
	for range n {
		k := bytes.Clone(prefix)
		for range rng.IntN(longest) {
			k = append(k, letters[rng.IntN(len(letters))])
		}
		keys = append(keys, k)
	}
	slices.SortFunc(keys, bytes.Compare)
	return slices.CompactFunc(keys, bytes.Equal)
}

// randomLeaf fills a page with records that have these keys, as far as they go, the engine's own
// from some place on. Mostly, the last one goes on on the next page.
func randomLeaf(rng *rand.Rand, size int, keys [][]byte) *leafPage {
	l := &leafPage{slot: make([]byte, size+headRoom(size)), size: size, front: []int{0, 4}[rng.IntN(2)]}
	l.page = l.slot[l.front : size-[]int{0, 4}[rng.IntN(2)]]
	for i := size; i < len(l.slot); i++ {
		l.slot[i] = byte(rng.Uint32()) // what another page has left
	}
	var b format.LeafBuilder
	b.Reset(l.page)
	own := len(keys)
	if rng.IntN(4) == 0 {
		own = rng.IntN(len(keys) + 1)
	}
	valLen := []int{0, 0, 8, 100}[rng.IntN(4)]
	for i, key := range keys {
		kind := []base.Kind{base.Insert, base.Insert, base.PointDelete, base.Separator}[rng.IntN(4)]
		if i >= own {
			kind |= base.System
		}
		n := 0
		if kind&base.Insert != 0 {
			n = rng.IntN(valLen + 1)
		}
		if !b.Fits(format.LeafHeaderLen(kind, len(key), n)) {
			break
		}
		b.StartCell(kind, len(key), n)
		l.keys, l.kinds = append(l.keys, key), append(l.kinds, kind)
		if b.Body(key) < len(key) || b.Body(make([]byte, n)) < n {
			break
		}
	}
	return l
}

// target returns a user key that is on the page, close to one, or anything.
func (l *leafPage) target(rng *rand.Rand) []byte {
	key := bytes.Clone(l.keys[rng.IntN(len(l.keys))])
	switch rng.IntN(5) {
	case 0:
		key = append(key, 0)
	case 1:
		key = key[:rng.IntN(len(key)+1)]
	case 2:
		if len(key) > 0 {
			key[rng.IntN(len(key))] += byte(1 + rng.IntN(255))
		}
	case 3:
		key = append(key, "pab\x00\xff"[rng.IntN(5)])
	}
	return key
}

// TestHeadsAgreeWithTheKeys compares the bounds that heads give with the keys of random pages.
func TestHeadsAgreeWithTheKeys(t *testing.T) {
	searches, decided, sparse, apart := 0, 0, 0, 0
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 1))
		size := []int{256, 512, 1024, 4096, 16384, 65536}[rng.IntN(6)]
		l := randomLeaf(rng, size, randomKeys(rng, 1+rng.IntN(1+size/8)))
		if err := format.ValidatePage(l.page); err != nil {
			t.Fatal(err)
		}
		before := bytes.Clone(l.slot[:size])
		h := l.heads()
		if !bytes.Equal(before, l.slot[:size]) {
			t.Fatalf("seed %d: the page has changed", seed)
		}
		if h.count == 0 {
			if headed(l.page) >= minHeads {
				t.Fatalf("seed %d: no heads for %d keys", seed, headed(l.page))
			}
			continue
		}
		if h.step > 1 {
			sparse++
		}
		if headed(l.page) < len(l.keys) {
			apart++
		}
		for range 50 {
			key := l.target(rng)
			lo, hi := h.narrow(l.slot, size, key, len(l.keys))
			if lo < 0 || lo > hi || hi > len(l.keys) {
				t.Fatalf("seed %d: cells %d to %d of %d", seed, lo, hi, len(l.keys))
			}
			for i, k := range l.keys {
				d := base.CompareTopic(l.kinds[i], k, 0, key)
				if i < lo && d >= 0 || i >= hi && d <= 0 {
					t.Fatalf("seed %d: key %.60q is not among cells %d to %d, but cell %d of %d is %.60q", seed, key, lo, hi, i, len(l.keys), k)
				}
			}
			if searches++; hi-lo <= 1 {
				decided++
			}
		}
	}
	t.Logf("%d searches, %d of them with one key left or none; %d pages with fewer heads than keys, %d with keys that have none",
		searches, decided, sparse, apart)
	if decided < searches/3 || sparse < 200 || apart < 200 {
		t.Error("the test shows little")
	}
}

// TestHeadsOfOnePage: where keys differ in four bytes after their prefix, a search looks at one key if it
// is there, and at none if it is not.
func TestHeadsOfOnePage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var keys [][]byte
	for i := range 40 {
		keys = append(keys, []byte{'0', '0', '0', '0', '0', byte(i), 7, 7, 7, 7})
	}
	l := &leafPage{}
	for len(l.keys) < len(keys) || l.kinds[39]&base.System != 0 || l.kinds[0]&base.System != 0 {
		l = randomLeaf(rng, 4096, keys)
	}
	h := l.heads()
	if h.count != 40 || h.step != 1 || h.prefix != 5 {
		t.Fatalf("%+v", h)
	}
	for i, key := range keys {
		if lo, hi := h.narrow(l.slot, 4096, key, 40); lo != i || hi != i+1 {
			t.Errorf("key %d: cells %d to %d", i, lo, hi)
		}
		other := bytes.Clone(key)
		other[6] = 8
		if lo, hi := h.narrow(l.slot, 4096, other, 40); lo != i+1 || hi != i+1 {
			t.Errorf("after key %d: cells %d to %d", i, lo, hi)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		h = l.heads()
		h.narrow(l.slot, 4096, keys[7], 40)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestHeadsOfDamagedPages: whatever a page that passes for one holds, making its heads and searching
// them ends, and bounds stay within the page.
func TestHeadsOfDamagedPages(t *testing.T) {
	made, refused := 0, 0
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		l := randomLeaf(rng, 1024, randomKeys(rng, 60))
		for range 1 + rng.IntN(40) {
			l.page[rng.IntN(len(l.page))] = byte(rng.Uint32())
		}
		if format.ValidatePage(l.page) != nil || l.page.IsBTree() {
			continue
		}
		n := l.page.NumCells()
		h := l.heads()
		if h.count == 0 {
			refused++
			continue
		}
		made++
		for range 30 {
			if lo, hi := h.narrow(l.slot, l.size, l.target(rng), n); lo < 0 || lo > hi || hi > n {
				t.Fatalf("seed %d: cells %d to %d of %d", seed, lo, hi, n)
			}
		}
	}
	if t.Logf("%d with heads, %d without", made, refused); made < 50 || refused < 50 {
		t.Error("the test shows little")
	}
}

// BenchmarkNarrow searches the heads of a page with 33 keys.
func BenchmarkNarrow(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	l := randomLeaf(rng, 4096, randomKeys(rng, 33))
	h := l.heads()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.narrow(l.slot, 4096, l.keys[i%len(l.keys)], len(l.keys))
	}
}

// BenchmarkMakeHeads makes them.
func BenchmarkMakeHeads(b *testing.B) {
	l := randomLeaf(rand.New(rand.NewPCG(1, 1)), 4096, randomKeys(rand.New(rand.NewPCG(2, 1)), 33))
	for b.Loop() {
		l.heads()
	}
}
