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

// open opens a segment that a writer has published.
func (x *fixture) open(s format.Segment, seal format.Seal) *segment.Segment {
	x.t.Helper()
	seg, err := segment.Open(&blockfile.Space{File: x.file}, s, segment.What{Seal: seal})
	if err != nil {
		x.t.Fatal(err)
	}
	return seg
}

// expectRecords compares all of a segment with records, forward, backward and by seeks.
func (x *fixture) expectRecords(seg *segment.Segment, records []record, what string) {
	x.t.Helper()
	var it segment.Iter
	it.Init(seg)
	i := 0
	for ok := it.First(); ok; ok = it.Next() {
		expectAt(x.t, &it, ok, records, i, what)
		i++
	}
	expectAt(x.t, &it, false, records, i, what)
	if i != len(records) {
		x.t.Fatalf("%s: %d records, want %d", what, i, len(records))
	}
	for ok := it.Last(); ok; ok = it.Prev() {
		i--
		expectAt(x.t, &it, ok, records, i, what)
	}
	for i := range records {
		r := &records[i]
		expectAt(x.t, &it, it.SeekGE(r.kind&base.System, r.key), records, i, what)
	}
}

// TestPause publishes a segment several times while it grows, and goes on with the same
// writer or another one: each time it holds what was added so far, and what was published
// before stays as it was.
func TestPause(t *testing.T) {
	pauses, continued, atEnd, fenced := 0, 0, 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		x := newFixture(t, []int{256, 512, 1024, 4096}[seed%4])
		records := randomRecords(rng, 1500, []int{20, 200, 900}[rng.IntN(3)], []int{0, 100, 3000}[rng.IntN(3)])
		seal := format.Seal(1 + rng.IntN(8000))
		w := segment.NewWriter(x.file, x, 0)
		w.SetSeal(seal)
		w.MakeIndex(0)
		type published struct {
			seg *segment.Segment
			n   int
		}
		var all []published
		for i, r := range records {
			if err := w.Add(r.kind, r.key, r.value); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(150) != 0 {
				continue
			}
			s, ok, err := w.Pause()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			seg := x.open(s, seal)
			if seg.Index = w.PartIndex(); seg.Index.Fences() != nil {
				fenced++
			}
			all = append(all, published{seg, i + 1})
			pauses++
			if x.geo.IsLast(s.Last) || !seg.Continuable() {
				t.Fatalf("seed %d: the segment ends on page %d, after which nothing can be written", seed, s.Last)
			}
			if s.Last != s.Root {
				t.Fatalf("seed %d: the last page is %d, and the root %d", seed, s.Last, s.Root)
			}
			if x.geo.IsFirst(s.Last) {
				atEnd++
			}
			if rng.IntN(2) == 0 {
				continued++
				if w, err = segment.Continue(seg, x); err != nil {
					t.Fatal(err)
				}
				w.ContinueIndex(seg.Index)
			}
		}
		s, _, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		x.reopen()
		for i := range all {
			all[i].seg.Space.File = x.file
			x.expectRecords(all[i].seg, records[:all[i].n], "a part")
		}
		x.expectRecords(x.open(s, seal), records, "the whole")
		if last := records[len(records)-1]; len(all) > 0 && all[len(all)-1].n == len(records) {
			c, err := segment.Continue(all[len(all)-1].seg, x)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Add(last.kind, last.key, nil); err == nil {
				t.Errorf("seed %d: a key is added that is there already", seed)
			}
		}
	}
	if pauses < 200 || continued < 80 || atEnd == 0 || fenced < 50 {
		t.Errorf("%d pauses, %d continued, %d at the end of a block, %d with fences: the test shows little",
			pauses, continued, atEnd, fenced)
	}
}

// TestFrom overwrites the blocks that From gives up: no search for the key or a greater one
// misses them, of b-trees with long keys, too.
func TestFrom(t *testing.T) {
	given := 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 2))
		x := newFixture(t, []int{256, 1024, 4096}[seed%3])
		records := randomRecords(rng, 1200, []int{20, 300, 1500}[rng.IntN(3)], []int{50, 1000}[rng.IntN(2)])
		seg, _ := x.write(records, 0)
		for at := rng.IntN(len(records)); at < len(records)-1 && records[at].kind&base.System == 0; at += 1 + rng.IntN(len(records)/2) {
			key := records[at].key
			left, err := seg.From(0, key)
			if err != nil {
				t.Fatal(err)
			}
			blocks, err := seg.Blocks()
			if err != nil {
				t.Fatal(err)
			}
			kept, err := left.Blocks()
			if err != nil {
				t.Fatal(err)
			}
			gone := blocks[:len(blocks)-len(kept)]
			given += len(gone)
			for _, b := range gone {
				junk := bytes.Repeat([]byte{0xA5}, x.geo.BlockSize)
				if _, err := x.f.WriteAt(junk, int64(b-1)*int64(x.geo.BlockSize)); err != nil {
					t.Fatal(err)
				}
			}
			x.reopen()
			left.Space.File = x.file
			var it segment.Iter
			it.Init(left)
			for i := at; i < len(records); i++ {
				r := &records[i]
				expectAt(t, &it, it.SeekGE(r.kind&base.System, r.key), records, i, "what is left")
				after := append(bytes.Clone(r.key), 0)
				ok := it.SeekLE(r.kind&base.System, after)
				if i+1 < len(records) && bytes.Equal(records[i+1].key, after) {
					continue
				}
				expectAt(t, &it, ok, records, i, "what is left")
			}
			seg = left
		}
	}
	if given < 200 {
		t.Errorf("%d blocks were given up: the test shows little", given)
	}
}

// TestSealOfAHalfDoneMerge: the checkpoint does not say which seal the output of a half-done merge
// has. It is found, also where the sum of a page at one of its ends is 0, as that of one page in
// 8192 is.
func TestSealOfAHalfDoneMerge(t *testing.T) {
	zeros := 0
	for seal := format.Seal(1); seal < 8191; seal++ {
		x := newFixture(t, 256)
		var records []record
		for i := range 40 {
			records = append(records, record{base.Insert, fmt.Appendf(nil, "%04d", i), make([]byte, 30)})
		}
		w := segment.NewWriter(x.file, x, 0)
		w.SetSeal(seal)
		for _, r := range records {
			if err := w.Add(r.kind, r.key, r.value); err != nil {
				t.Fatal(err)
			}
		}
		s, ok, err := w.Pause()
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		space := &blockfile.Space{File: x.file}
		seg, err := segment.Open(space, s, segment.What{Output: true})
		if err != nil {
			t.Fatalf("seal %d: %v", seal, err)
		}
		if !seg.Space.Sealed || seg.Space.Seal != seal {
			t.Fatalf("seal %d: found %d (sealed: %t)", seal, seg.Space.Seal, seg.Space.Sealed)
		}
		for _, p := range []base.PageNo{s.First, s.Last} {
			raw, err := space.RawPage(p)
			if err != nil {
				t.Fatal(err)
			}
			if x.geo.StoredSum(p, raw) == 0 {
				zeros++
			}
		}
		if seal%50 == 0 {
			x.expectRecords(seg, records, "opened without a seal")
		}
	}
	if zeros == 0 {
		t.Error("no page at an end has the sum 0: the test shows nothing")
	}
}
