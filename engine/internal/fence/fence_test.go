// SPDX-License-Identifier: Apache-2.0

package fence_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
)

// build makes fences of separators; leaf page i has number number(i). In the middle another builder
// goes on.
func build(keys [][]byte, number func(i int) base.PageNo) *fence.Fences {
	var b fence.Builder
	b.First(number(0))
	for i, k := range keys {
		if i == len(keys)/2 {
			if f := b.SoFar(); f != nil {
				b = fence.Continue(f)
			}
		}
		b.Add(k, number(i+1))
	}
	return b.Fences()
}

// TestModel: the page that fences name is that before the first separator greater than
// the key; they may leave the choice between two pages, or to the b-tree, where bytes that
// they do not hold decide.
func TestModel(t *testing.T) {
	named := 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		prefix := bytes.Repeat([]byte("p"), []int{0, 1, 7, 8, 9, 30, 2000}[rng.IntN(7)])
		letters := []string{"ab", "\x00\xff", "\x00a\xff", "abcdefghijklmnop"}[rng.IntN(4)]
		random := func() []byte {
			k := bytes.Clone(prefix)
			for range rng.IntN(14) {
				k = append(k, letters[rng.IntN(len(letters))])
			}
			return k
		}
		var keys [][]byte
		for range 1 + rng.IntN(200) {
			keys = append(keys, random())
		}
		slices.SortFunc(keys, bytes.Compare)
		keys = slices.CompactFunc(keys, bytes.Equal)
		first := base.PageNo(rng.Int64N(1<<30)) << rng.IntN(30)
		number := func(i int) base.PageNo { return first + base.PageNo(i)<<28 }
		f := build(keys, number)
		if f == nil {
			continue
		}
		for range 300 {
			key := random()
			switch rng.IntN(4) {
			case 0:
				key = bytes.Clone(keys[rng.IntN(len(keys))])
			case 1:
				key = key[:rng.IntN(len(key)+1)]
			case 2:
				if len(key) > 0 {
					key[rng.IntN(len(key))] += byte(1 + rng.IntN(255))
				}
			}
			want := sort.Search(len(keys), func(i int) bool { return bytes.Compare(keys[i], key) > 0 })
			got := f.Find(key)
			if got.Page == 0 {
				continue
			}
			named++
			page := got.Page
			if got.Before != 0 {
				i := int((got.Page-first)>>28) - 1 // the separator between the two
				if bytes.Compare(key, keys[i]) < 0 {
					page = got.Before
				}
			}
			if page != number(want) {
				t.Fatalf("seed %d: key %.40q is looked for on leaf page %d (%+v), want %d", seed, key, (page-first)>>28, got, want)
			}
		}
	}
	if named < 20000 {
		t.Errorf("the fences have named a page for %d keys: the test shows little", named)
	}
}

// TestTies: one separator with the same bytes leaves two pages, several leave the b-tree.
func TestTies(t *testing.T) {
	keys := func(s ...string) (out [][]byte) {
		for _, k := range s {
			out = append(out, []byte(k))
		}
		return out
	}
	f := build(keys("a", "bbbbbbbb1", "bbbbbbbb2", "c", "dddddddd3", "e"), func(i int) base.PageNo { return base.PageNo(10 + i) })
	for key, want := range map[string]fence.Leaf{
		"":          {Page: 10},
		"a":         {Page: 11, Before: 10},
		"a\x00":     {Page: 11, Before: 10}, // the same eight bytes
		"a\x00\x01": {Page: 11},
		"bbbbbbbb":  {},
		"bbbbbbbb9": {},
		"bbbbbbbc":  {Page: 13},
		"dddddddd":  {Page: 15, Before: 14},
		"dddddddd4": {Page: 15, Before: 14},
		"f":         {Page: 16},
	} {
		if got := f.Find([]byte(key)); got != want {
			t.Errorf("%q: %+v, want %+v", key, got, want)
		}
	}
}

// TestUseless: there are no fences where they would not help, or would lie.
func TestUseless(t *testing.T) {
	number := func(i int) base.PageNo { return base.PageNo(1 + i) }
	alike := make([][]byte, 100)
	for i := range alike {
		alike[i] = fmt.Appendf(nil, "%d-the same-%03d", i/50, i)
	}
	for what, keys := range map[string][][]byte{
		"one page":      nil,
		"keys alike":    alike,
		"keys in chaos": {[]byte("b"), []byte("a")},
	} {
		if build(keys, number) != nil {
			t.Errorf("%s: there are fences", what)
		}
	}
}

// TestBytes: the memory is what it is said to be, 12 bytes for each page.
func TestBytes(t *testing.T) {
	keys := make([][]byte, 100_000)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key-%08d", i)
	}
	for high, perPage := range map[base.PageNo]int64{1: 12, 1 << 40: 16} {
		f := build(keys, func(i int) base.PageNo { return high + base.PageNo(i) })
		if got, want := f.Bytes(), perPage*int64(f.Leaves()); got < want-100 || got > want+want/16+100 {
			t.Errorf("%d bytes for %d pages from %d on, want %d for each", got, f.Leaves(), high, perPage)
		}
	}
}

// TestFindCostsNoAllocation: a search allocates nothing.
func TestFindCostsNoAllocation(t *testing.T) {
	var keys [][]byte
	for i := range 1000 {
		keys = append(keys, fmt.Appendf(nil, "key-%06d", i))
	}
	f := build(keys, func(i int) base.PageNo { return base.PageNo(1 + i) })
	i := 0
	if n := testing.AllocsPerRun(100, func() { i++; f.Find(keys[i%len(keys)]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
