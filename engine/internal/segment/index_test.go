// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

func goOn() error { return nil }

func buildFences(t testing.TB, seg *segment.Segment) *fence.Fences {
	t.Helper()
	f, err := seg.BuildFences(goOn)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// withIndex gives a segment no index, that of its writer, or one made from its pages.
func withIndex(t testing.TB, seg *segment.Segment, w *segment.Writer, which int) {
	t.Helper()
	switch which {
	case 0:
		seg.Index = nil
	case 1:
		seg.Index = w.Index()
	case 2:
		seg.Index = new(segment.Index)
		seg.Index.SetFences(buildFences(t, seg))
		seg.Index.SetFilter(buildFilter(t, seg))
	}
}

func buildFilter(t testing.TB, seg *segment.Segment) *filter.Filter {
	t.Helper()
	n, err := seg.EstimateKeys(8)
	if err != nil {
		t.Fatal(err)
	}
	f, err := seg.BuildFilter(n, goOn)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFencesOfWriterAndBTree: those that are made while a segment is written are the same
// as those that are read from its b-tree.
func TestFencesOfWriterAndBTree(t *testing.T) {
	some := 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 5))
		pageSize := []int{256, 1024, 4096}[rng.IntN(3)]
		x := newFixture(t, pageSize)
		seg, w := x.write(randomRecords(rng, 1+rng.IntN(1500), []int{12, 60, pageSize}[rng.IntN(3)], 300), 0)
		written, read := w.Index().Fences(), buildFences(t, seg)
		if (written == nil) != (read == nil) {
			t.Fatalf("seed %d: fences %v and %v", seed, written != nil, read != nil)
		}
		if written == nil {
			continue
		}
		some++
		for range 500 {
			key := make([]byte, rng.IntN(12))
			for i := range key {
				key[i] = "ab\x00\xff"[rng.IntN(4)]
			}
			if a, b := written.Find(key), read.Find(key); a != b {
				t.Fatalf("seed %d: %q: %+v and %+v", seed, key, a, b)
			}
		}
		if !reflect.DeepEqual(written, read) && written.Bytes() == read.Bytes() {
			t.Fatalf("seed %d: the fences differ", seed)
		}
	}
	if some < 10 {
		t.Errorf("only %d segments had fences", some)
	}
}

// TestFencesSaveTheDescent: with fences a lookup reads one page.
func TestFencesSaveTheDescent(t *testing.T) {
	x := newFixture(t, 1024)
	var records []record
	for i := range 5000 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "key-%06d", i), make([]byte, 50)})
	}
	seg, w := x.write(records, 0)
	pages := func(which int) int64 {
		withIndex(t, seg, w, which)
		before := x.file.Stats().CacheLookups
		var it segment.Iter
		it.Init(seg)
		for i := 0; i < len(records); i += 7 {
			if out, err := it.Lookup(records[i].key); out != segment.Found || err != nil {
				t.Fatal(out, err)
			}
		}
		it.FlushLookups()
		return x.file.Stats().CacheLookups - before
	}
	lookups := int64((len(records) + 6) / 7)
	if n := pages(0); n < 3*lookups {
		t.Errorf("%d pages for %d lookups without fences: the b-tree is too low to show anything", n, lookups)
	}
	for which := 1; which <= 2; which++ {
		// A key that begins a page may share its first bytes with no other; then it is
		// found on the page at once.
		if n := pages(which); n > lookups+lookups/10 {
			t.Errorf("%d pages for %d lookups with fences", n, lookups)
		}
	}
}

// TestNoFences: a segment of one page has none, and an input of a half-done merge, whose
// pages may be gone.
func TestNoFences(t *testing.T) {
	x := newFixture(t, 1024)
	small, w := x.write([]record{{base.Insert, []byte("a"), nil}}, 0)
	if w.Index().Fences() != nil || buildFences(t, small) != nil {
		t.Error("a segment of one page has fences")
	}
	var records []record
	for i := range 500 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "%06d", i), make([]byte, 50)})
	}
	seg, _ := x.write(records, 0)
	if buildFences(t, seg) == nil {
		t.Error("a whole segment has none")
	}
	seg.SetGobbled()
	if buildFences(t, seg) != nil {
		t.Error("an input of a half-done merge has fences")
	}
}

// TestFencesOfDamagedBTree: of a damaged b-tree no fences are made, nor once the caller has
// ended the work.
func TestFencesOfDamagedBTree(t *testing.T) {
	x := newFixture(t, 1024)
	var records []record
	for i := range 2000 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "%06d", i), make([]byte, 50)})
	}
	seg, _ := x.write(records, 0)
	stop := errors.New("stop")
	for n := range 4 {
		if _, err := seg.BuildFences(func() error {
			if n--; n < 0 {
				return stop
			}
			return nil
		}); err != stop {
			t.Fatalf("stopped: %v", err)
		}
	}
	x.change(seg.Root, func(raw []byte) { raw[len(raw)/2] ^= 1 })
	seg.Space = &blockfile.Space{File: x.file, Sealed: true, Seal: seg.Space.Seal}
	if _, err := seg.BuildFences(goOn); !errors.Is(err, errs.ErrCorrupt) {
		t.Errorf("a damaged root: %v", err)
	}
	seg.Space = &blockfile.Space{File: x.file}
	x.change(seg.Root, func(raw []byte) { copy(raw, bytes.Repeat([]byte{0}, len(raw))) })
	seg.Space = &blockfile.Space{File: x.file}
	if f, err := seg.BuildFences(goOn); f != nil {
		t.Errorf("a root of zeros: fences, %v", err)
	}
}

// TestFiltersAreRight: of no key that a segment says something about, nor of a key in a deleted
// range, does its filter say that it is absent, whether it was made with the segment or read
// from it; and of most others it does.
func TestFiltersAreRight(t *testing.T) {
	asked, ruledOut := 0, 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 6))
		pageSize := []int{256, 1024, 4096}[rng.IntN(3)]
		x := newFixture(t, pageSize)
		records := randomRecords(rng, 1+rng.IntN(800), []int{12, 60, pageSize}[rng.IntN(3)], 300)
		seg, w := x.write(records, 0)
		for which := 1; which <= 2; which++ {
			withIndex(t, seg, w, which)
			f := seg.Index.Filter()
			users := 0
			for _, r := range records {
				if r.kind&base.System == 0 {
					users++
				}
			}
			if users == 0 {
				if f != nil {
					t.Fatalf("seed %d: a filter without user keys", seed)
				}
				continue
			}
			if f == nil {
				t.Fatalf("seed %d: no filter", seed)
			}
			if f.Keys() != int64(users) {
				t.Fatalf("seed %d: a filter of %d keys, want %d", seed, f.Keys(), users)
			}
			var it segment.Iter
			it.Init(seg)
			for range 200 {
				key := bytes.Clone(records[rng.IntN(len(records))].key)
				if rng.IntN(2) == 0 {
					key = append(key, "ab\x00\xff"[rng.IntN(4)])
				}
				out, err := it.Lookup(key)
				if err != nil {
					t.Fatal(err)
				}
				absent := f.Absent(filter.Hash(key), key)
				if absent && out != segment.Unknown {
					t.Fatalf("seed %d: the filter hides what the segment says about %q", seed, key)
				}
				if out == segment.Unknown {
					if asked++; absent {
						ruledOut++
					}
				}
			}
		}
	}
	if asked < 2000 || ruledOut < asked*9/10 {
		t.Errorf("%d of %d keys are ruled out", ruledOut, asked)
	}
}

// TestEstimateKeys: the estimate is right for records of one size, and not much below for others.
func TestEstimateKeys(t *testing.T) {
	for _, n := range []int{1, 10, 1000, 20_000} {
		x := newFixture(t, 1024)
		var records []record
		for i := range n {
			records = append(records, record{base.Insert, fmt.Appendf(nil, "%06d", i), make([]byte, 50)})
		}
		seg, w := x.write(records, 0)
		for which := 1; which <= 2; which++ {
			withIndex(t, seg, w, which)
			seg.Index.SetFilter(nil)
			got, err := seg.EstimateKeys(8)
			if err != nil || got < int64(n) || got > int64(n)*5/4+10 {
				t.Errorf("%d keys are taken for %d, %v", n, got, err)
			}
		}
	}
}
