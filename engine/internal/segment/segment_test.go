// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// TestModel writes random segments and compares every way of reading them with a sorted
// slice.
func TestModel(t *testing.T) {
	for seed := range uint64(36) {
		rng := rand.New(rand.NewPCG(seed, 1))
		pageSize := []int{256, 1024, 4096, 16384}[seed%4]
		x := newFixture(t, pageSize)
		keyLen := []int{10, 40, pageSize / 3, 3 * pageSize}[rng.IntN(4)]
		records := randomRecords(rng, 1+rng.IntN(600), max(keyLen, 12), []int{20, 400, 6000}[rng.IntN(3)])
		seg, w := x.write(records, 0)
		if w.Records() != int64(len(records)) || w.Pages() != seg.Size || seg.MayLink || seg.RootDropped || !seg.Space.Sealed {
			t.Fatalf("seed %d: %d records, %d pages, %+v", seed, w.Records(), w.Pages(), seg)
		}
		withIndex(t, seg, w, int(seed)/4%3)
		blocks, err := seg.Blocks()
		if err != nil || len(blocks) != len(w.Blocks()) {
			t.Fatalf("seed %d: blocks %v, %v, want %v", seed, blocks, err, w.Blocks())
		}
		var it segment.Iter
		for _, ahead := range []bool{false, true} {
			it.Init(seg)
			if ahead {
				it.ReadAhead()
			}
			ok := it.First()
			for i := range records {
				expectAt(t, &it, ok, records, i, "forward")
				ok = it.Next()
			}
			expectAt(t, &it, ok, records, len(records), "behind the end")
		}
		it.Init(seg)
		ok := it.Last()
		for i := len(records) - 1; i >= 0; i-- {
			expectAt(t, &it, ok, records, i, "backward")
			ok = it.Prev()
		}
		expectAt(t, &it, ok, records, -1, "before the beginning")

		for range 400 {
			topic := base.System * base.Kind(rng.IntN(2))
			target := bytes.Clone(records[rng.IntN(len(records))].key)
			switch rng.IntN(4) {
			case 0:
				target = append(target, 0)
			case 1:
				if len(target) > 0 {
					target = target[:rng.IntN(len(target))]
				}
			case 2:
				if len(target) > 0 {
					target[rng.IntN(len(target))]++
				}
			}
			ge := sort.Search(len(records), func(i int) bool {
				return base.CompareTopic(records[i].kind, records[i].key, topic, target) >= 0
			})
			exact := ge < len(records) && base.CompareTopic(records[ge].kind, records[ge].key, topic, target) == 0
			what := fmt.Sprintf("seed %d, seek %q", seed, target)
			expectAt(t, &it, it.SeekGE(topic, target), records, ge, what+" GE")
			if it.Valid() {
				expectAt(t, &it, it.Prev(), records, ge-1, what+" GE, back")
			}
			le := ge - 1
			if exact {
				le = ge
			}
			expectAt(t, &it, it.SeekLE(topic, target), records, le, what+" LE")
			if it.Valid() {
				expectAt(t, &it, it.Next(), records, le+1, what+" LE, on")
			}
			if topic != 0 {
				continue
			}
			want := segment.Unknown
			switch {
			case exact && records[ge].kind&base.Insert != 0:
				want = segment.Found
			case exact && records[ge].kind&base.PointDelete != 0:
				want = segment.Deleted
			case !exact && le >= 0 && records[le].kind&base.StartDelete != 0:
				want = segment.Deleted
			}
			got, err := it.Lookup(target)
			if err != nil || got != want {
				t.Fatalf("%s: lookup %v, %v, want %v", what, got, err, want)
			}
			if got == segment.Found {
				if v, err := it.AppendValue(nil); err != nil || !bytes.Equal(v, records[ge].value) {
					t.Fatalf("%s: value of %d bytes, %v", what, len(v), err)
				}
			}
		}
	}
}

// TestSharedBlock writes several segments behind each other into one block.
func TestSharedBlock(t *testing.T) {
	x := newFixture(t, 1024)
	rng := rand.New(rand.NewPCG(1, 1))
	var start base.PageNo
	type written struct {
		seg     *segment.Segment
		records []record
	}
	var all []written
	for range 6 {
		records := randomRecords(rng, 60, 30, 300)
		seg, w := x.write(records, start)
		if start != 0 && seg.First != start {
			t.Fatalf("begins at page %d, not at %d", seg.First, start)
		}
		all = append(all, written{seg, records})
		start = w.AppendPoint()
	}
	for _, s := range all {
		var it segment.Iter
		it.Init(s.seg)
		ok := it.First()
		for i := range s.records {
			expectAt(t, &it, ok, s.records, i, "forward")
			ok = it.Next()
		}
		expectAt(t, &it, ok, s.records, len(s.records), "behind the end")
	}
	if x.next > 3 {
		t.Errorf("%d blocks for six small segments", x.next)
	}
}

func TestWriterRefusesDisorder(t *testing.T) {
	x := newFixture(t, 1024)
	for _, pair := range [][2]record{
		{{kind: base.Insert, key: []byte("b")}, {kind: base.Insert, key: []byte("a")}},
		{{kind: base.Insert, key: []byte("b")}, {kind: base.PointDelete, key: []byte("b")}},
		{{kind: base.Insert, key: []byte("ba")}, {kind: base.Insert, key: []byte("b")}},
		{{kind: base.Insert | base.System, key: []byte("a")}, {kind: base.Insert, key: []byte("b")}},
	} {
		w := segment.NewWriter(x.file, x, 0)
		if err := w.Add(pair[0].kind, pair[0].key, nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Add(pair[1].kind, pair[1].key, nil); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("%q after %q: %v", pair[1].key, pair[0].key, err)
		}
	}
	if _, ok, err := segment.NewWriter(x.file, x, 0).Finish(); ok || err != nil {
		t.Errorf("a segment without records: %v, %v", ok, err)
	}
}

// TestGivenUpPages: of an input of a half-done merge C lsm1 keeps only the pages that its
// own search for the split key reads. A b-tree page refers to long keys on leaf pages;
// those before the split key that C's search passes by may be gone.
func TestGivenUpPages(t *testing.T) {
	const n = 7 // leaf pages, so that the root has six keys
	x := newFixture(t, 1024)
	var records []record
	for i := range n {
		records = append(records, record{base.Insert, append([]byte{byte('a' + i)}, bytes.Repeat([]byte{'k'}, 400)...), make([]byte, 598)})
	}
	seg, _ := x.write(records, 0)
	root, err := seg.Space.Page(seg.Root)
	if err != nil || root.NumCells() != n-1 || root.BTreeCell(0).Ref == 0 {
		t.Fatalf("root with %d cells, %v", root.NumCells(), err)
	}
	// C halves 0..5: cell 2 (key d), then 4 (key f), then 5 (key g).
	keep := map[base.PageNo]bool{root.BTreeCell(2).Ref: true, root.BTreeCell(4).Ref: true, root.BTreeCell(5).Ref: true}
	for p := seg.First; p < root.BTreeCell(4).Ref; p++ {
		if !keep[p] && p != seg.First {
			x.change(p, func(raw []byte) { raw[300] ^= 1 })
		}
	}
	s, err := segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{})
	if err != nil {
		t.Fatal(err)
	}
	var it segment.Iter
	it.Init(s)
	expectAt(t, &it, it.SeekGE(0, records[5].key), records, 5, "split key")
}

func TestLeafKeyAndBTreeKey(t *testing.T) {
	x := newFixture(t, 1024)
	records := randomRecords(rand.New(rand.NewPCG(3, 3)), 300, 2000, 100)
	seg, _ := x.write(records, 0)
	i := 0
	for _, p := range x.pages(seg) {
		page, err := seg.Space.Page(p)
		if err != nil {
			t.Fatal(err)
		}
		for c := range page.NumCells() {
			if page.IsBTree() {
				kind, key, err := seg.BTreeKey(p, c)
				at := sort.Search(len(records), func(i int) bool {
					return base.CompareTopic(records[i].kind, records[i].key, kind, key) >= 0
				})
				if err != nil || at == len(records) || !bytes.Equal(records[at].key, key) {
					t.Fatalf("page %d, cell %d: key %.20q, %v", p, c, key, err)
				}
				continue
			}
			kind, key, err := seg.LeafKey(p, c)
			if err != nil || kind != records[i].kind || !bytes.Equal(key, records[i].key) {
				t.Fatalf("page %d, cell %d: kind %#x, key %.20q, %v", p, c, kind, key, err)
			}
			i++
		}
		for _, c := range []int{-1, page.NumCells()} {
			if _, _, err := seg.LeafKey(p, c); !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("page %d has a leaf cell %d: %v", p, c, err)
			}
			if _, _, err := seg.BTreeKey(p, c); !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("page %d has a b-tree cell %d: %v", p, c, err)
			}
		}
	}
	if i != len(records) {
		t.Errorf("%d of %d records", i, len(records))
	}
}

// TestCachedReadsCostNoAllocation: neither a step, nor a seek, nor a lookup allocates.
func TestCachedReadsCostNoAllocation(t *testing.T) {
	x := newFixture(t, 4096)
	var records []record
	for i := range 5000 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "key-%06d", 2*i), make([]byte, 50)})
	}
	seg, _ := x.write(records, 0)
	var it segment.Iter
	it.Init(seg)
	for ok := it.First(); ok; ok = it.Next() {
	}
	none := func(what string, f func()) {
		t.Helper()
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
	it.First()
	var value []byte
	none("Next", func() {
		if !it.Next() {
			t.Fatal(it.Err())
		}
		var err error
		if value, err = it.AppendValue(value[:0]); err != nil {
			t.Fatal(err)
		}
	})
	it.Last()
	none("Prev", func() {
		if !it.Prev() {
			t.Fatal(it.Err())
		}
	})
	i := 0
	key := func() []byte { i = (i + 1237) % len(records); return records[i].key }
	none("SeekGE", func() {
		if !it.SeekGE(0, key()) {
			t.Fatal(it.Err())
		}
	})
	none("SeekLE", func() {
		if !it.SeekLE(0, key()) {
			t.Fatal(it.Err())
		}
	})
	none("Lookup", func() {
		if out, err := it.Lookup(key()); out != segment.Found || err != nil {
			t.Fatal(out, err)
		}
	})
	miss := []byte("key-000001")
	none("Lookup of a missing key", func() {
		if out, err := it.Lookup(miss); out != segment.Unknown || err != nil {
			t.Fatal(out, err)
		}
	})
}
