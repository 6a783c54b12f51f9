// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// TestApproach: a search in steps, of which any may be left out, ends where one at once does, whatever is
// in memory about the segment, and holds no more pages.
func TestApproach(t *testing.T) {
	near := 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 11))
		x := newFixture(t, []int{256, 1024, 4096}[seed%3])
		records := randomRecords(rng, 1+rng.IntN(700), []int{12, 300}[seed%2], []int{60, 500}[seed/3%2])
		seg, w := x.write(records, 0)
		withIndex(t, seg, w, int(seed%3))
		var it, plain segment.Iter
		it.Init(seg)
		plain.Init(seg)
		for range 300 {
			key := records[rng.IntN(len(records))].key
			if rng.IntN(3) == 0 {
				key = append(key[:len(key):len(key)], "ab\x00\xff"[rng.IntN(4)])
			}
			steps := rng.IntN(4)
			if steps > 0 {
				it.Aim(key)
			}
			if steps > 1 {
				it.Expect()
			}
			if steps > 2 && it.Approach(key) {
				near++
			}
			seek := (*segment.Iter).SeekGE
			if rng.IntN(2) == 0 {
				seek = (*segment.Iter).SeekLE
			}
			ok := seek(&it, 0, key)
			if want := seek(&plain, 0, key); ok != want || it.Err() != nil || plain.Err() != nil {
				t.Fatalf("seed %d, %d steps to %q: %v, %v; at once %v, %v", seed, steps, key, ok, it.Err(), want, plain.Err())
			}
			page, cell := it.Position()
			if wantPage, wantCell := plain.Position(); ok && (page != wantPage || cell != wantCell) {
				t.Fatalf("seed %d, %d steps to %q: page %d, cell %d; at once %d, %d", seed, steps, key, page, cell, wantPage, wantCell)
			}
			// The next search is one at once, with another key.
			other := rng.IntN(len(records))
			if records[other].kind&base.System == 0 {
				expectAt(t, &it, it.SeekGE(0, records[other].key), records, other, "after an approach")
			}
			if n := x.file.Held(); n > 2 {
				t.Fatalf("%d pages are held", n)
			}
		}
		it.Release()
		plain.Release()
		if n := x.file.Held(); n != 0 {
			t.Errorf("%d pages are held in the end", n)
		}
	}
	if near < 500 {
		t.Errorf("only %d searches came near in steps", near)
	}
}

// TestApproachOfDamagedSegment: in a segment that may be damaged in ways that no page sum shows, a search in
// steps may end on another page than one that finds the fences gone, and is no bug.
func TestApproachOfDamagedSegment(t *testing.T) {
	x := newFixture(t, 1024)
	var records []record
	for i := range 500 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "%06d", i), make([]byte, 50)})
	}
	seg, _ := x.write(records, 0)
	var plain segment.Iter
	plain.Init(seg)
	if !plain.SeekGE(0, records[400].key) {
		t.Fatal(plain.Err())
	}
	wrong, _ := plain.Position()
	if !plain.SeekGE(0, records[10].key) {
		t.Fatal(plain.Err())
	}
	plain.Release()
	seg.Space.Sealed = false // from here on it passes for one of C lsm1, and what is read is in memory
	var fences fence.Builder
	fences.First(wrong)
	fences.Add(records[450].key, wrong)
	seg.Index = new(segment.Index)
	seg.Index.SetFences(fences.Fences())
	var it segment.Iter
	it.Init(seg)
	defer it.Release()
	key := records[10].key
	it.Aim(key)
	it.Expect()
	if !it.Approach(key) {
		t.Fatal("the page is not there")
	}
	seg.Index.SetFences(nil)
	if !it.SeekGE(0, key) {
		t.Fatal(it.Err())
	}
	if page, _ := it.Position(); page != wrong {
		t.Errorf("the search has ended on page %d, and not on %d, to which it had come", page, wrong)
	}
}

// TestApproachCostsNoAllocation: every seek of a cursor over several segments takes these steps.
func TestApproachCostsNoAllocation(t *testing.T) {
	x := newFixture(t, 4096)
	records := randomRecords(rand.New(rand.NewPCG(1, 1)), 700, 12, 60)
	seg, w := x.write(records, 0)
	withIndex(t, seg, w, 1)
	var it segment.Iter
	it.Init(seg)
	i := 0
	if n := testing.AllocsPerRun(200, func() {
		key := records[i*37%len(records)].key
		i++
		it.Aim(key)
		it.Expect()
		it.Approach(key)
		it.SeekGE(0, key)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	it.Release()
}

// TestApproachReportsDamage: the search as such fails with the error that an approach has met.
func TestApproachReportsDamage(t *testing.T) {
	x := newFixture(t, 1024)
	records := randomRecords(rand.New(rand.NewPCG(2, 2)), 700, 12, 60)
	seg, w := x.write(records, 0)
	withIndex(t, seg, w, 1)
	for _, p := range x.pages(seg) {
		x.change(p, func(raw []byte) {
			for i := range raw {
				raw[i] = 0xFF
			}
		})
	}
	seg.Space.File = x.file
	var it segment.Iter
	it.Init(seg)
	for _, i := range []int{0, 100, len(records) / 3} {
		key := records[i].key
		it.Aim(key)
		it.Expect()
		it.Approach(key)
		if it.SeekGE(0, key) || it.Err() == nil {
			t.Fatalf("record %d of a damaged segment: %v", i, it.Err())
		}
	}
	it.Release()
}
