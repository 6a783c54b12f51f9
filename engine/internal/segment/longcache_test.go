// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// withCached returns the segment in a file that was opened again, with some of its pages in the cache.
func (x *fixture) withCached(seg *segment.Segment, seal format.Seal, pages ...base.PageNo) *segment.Segment {
	x.t.Helper()
	x.reopen()
	s := *seg
	s.Space = &blockfile.Space{File: x.file, Sealed: true, Seal: seal}
	for _, p := range pages {
		fr, err := s.Space.Hold(p)
		if err != nil {
			x.t.Fatal(err)
		}
		fr.Release()
	}
	return &s
}

// TestLongValuesNextToCachedPages reads values of all lengths, and parts of them, with random pages in the
// cache, into the middle of memory that nothing else is written to: runs of pages that are not in the cache are read
// to where the page before them may lie.
func TestLongValuesNextToCachedPages(t *testing.T) {
	for _, pageSize := range []int{256, 512, 1024, 4096, 16384} {
		for seed := range uint64(4) {
			rng := rand.New(rand.NewPCG(seed, uint64(pageSize)))
			x := newFixture(t, pageSize)
			var records []record
			for i := range 60 {
				r := record{base.Insert, fmt.Appendf(nil, "key-%05d", i), randomBytes(rng, rng.IntN(pageSize))}
				if rng.IntN(3) == 0 {
					r.value = randomBytes(rng, rng.IntN(min(60*pageSize, 100_000)))
				}
				if rng.IntN(3) == 0 {
					r.key = append(r.key, make([]byte, rng.IntN(pageSize/3))...)
				}
				records = append(records, r)
			}
			seal := format.Seal(seed % 2 * 77)
			seg := x.open(x.sealed(records, seal), seal)
			pages := x.pages(seg)
			for round := range 8 {
				var some []base.PageNo
				for _, p := range pages {
					if rng.IntN(8) < round {
						some = append(some, p)
					}
				}
				readAll(t, rng, x.withCached(seg, seal, some...), records)
				if t.Failed() {
					t.Fatalf("pages of %d bytes, seed %d, round %d", pageSize, seed, round)
				}
			}
		}
	}
}

func readAll(t *testing.T, rng *rand.Rand, seg *segment.Segment, records []record) {
	t.Helper()
	var it segment.Iter
	it.Init(seg)
	defer it.Done()
	i := 0
	for ok := it.First(); ok; ok = it.Next() {
		if i == len(records) || !bytes.Equal(it.Key(), records[i].key) {
			t.Fatalf("record %d has another key", i)
		}
		value := records[i].value
		inPlace(t, rng, value, it.AppendValue)
		from := rng.IntN(len(value) + 1)
		n := rng.IntN(len(value) - from + 1)
		inPlace(t, rng, value[from:from+n], func(dst []byte) ([]byte, error) { return it.AppendPart(dst, from, n) })
		i++
	}
	if it.Err() != nil || i != len(records) {
		t.Fatal(i, it.Err())
	}
}

// inPlace has bytes read into the middle of memory, and expects nothing to be written around them.
func inPlace(t *testing.T, rng *rand.Rand, want []byte, read func(dst []byte) ([]byte, error)) {
	t.Helper()
	at := rng.IntN(200)
	end := at + len(want)
	room := bytes.Repeat([]byte{0xEE}, end+5000)
	got, err := read(room[:at:end])
	if err != nil || !bytes.Equal(got[at:], want) {
		t.Errorf("%d bytes at %d: %v, or other bytes", len(want), at, err)
	}
	if len(bytes.Trim(room[:at], "\xee")) > 0 || len(bytes.Trim(room[end:], "\xee")) > 0 {
		t.Errorf("%d bytes at %d: something is written around them", len(want), at)
	}
}

// TestValueThatEndsWithItsPage: no page after the value is read.
func TestValueThatEndsWithItsPage(t *testing.T) {
	const size, seal = 53_079, 77 // with which the next record begins at the front of a page
	x := newFixture(t, 4096)
	seg := x.open(x.sealed([]record{{base.Insert, []byte("a"), make([]byte, size)}, {base.Insert, []byte("b"), make([]byte, 5000)}}, seal), seal)
	after := base.PageNo(0)
	for _, p := range x.pages(seg)[1:] {
		page, err := seg.Space.Page(p)
		if err != nil {
			t.Fatal(err)
		}
		if !page.IsBTree() && page.NumCells() > 0 && page.CellOffset(0) == 0 {
			after = p
		}
	}
	if after == 0 {
		t.Fatal("no record begins at the front of a page")
	}
	if err := x.f.Truncate(x.geo.Offset(after)); err != nil {
		t.Fatal(err)
	}
	var it segment.Iter
	it.Init(x.withCached(seg, seal))
	defer it.Done()
	if !it.First() {
		t.Fatal(it.Err())
	}
	if v, err := it.AppendValue(nil); err != nil || len(v) != size {
		t.Errorf("%d bytes, %v", len(v), err)
	}
}
