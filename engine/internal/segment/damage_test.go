// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// TestDamage: whatever is wrong with a page, reading ends with an error that names the
// file, and never in a panic or a wrong record before the damage.
func TestDamage(t *testing.T) {
	x := newFixture(t, 1024)
	rng := rand.New(rand.NewPCG(1, 1))
	records := randomRecords(rng, 400, 300, 2000)
	seg, _ := x.write(records, 0)
	for _, p := range x.pages(seg) {
		old, err := (&blockfile.Space{File: x.file}).RawPage(p)
		if err != nil {
			t.Fatal(err)
		}
		x.change(p, func(raw []byte) { raw[500] ^= 0x40 })
		s, err := segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{})
		if err == nil {
			var it segment.Iter
			it.Init(s)
			i := 0
			for ok := it.First(); ok; ok = it.Next() {
				if !bytes.Equal(it.Key(), records[i].key) {
					t.Fatalf("page %d damaged: record %d is wrong", p, i)
				}
				if _, err = it.AppendValue(nil); err != nil {
					break
				}
				i++
			}
			if err == nil {
				err = it.Err()
			}
			if err == nil && i != len(records) {
				t.Fatalf("page %d damaged: %d of %d records, no error", p, i, len(records))
			}
		}
		var ce *errs.CorruptionError
		if !errors.As(err, &ce) || ce.Page != int64(p) || ce.File == "" {
			t.Errorf("page %d damaged: %v", p, err)
		}
		x.change(p, func(raw []byte) { copy(raw, old) })
	}
}

// TestOpenRefuses pages at the ends that were never written.
func TestOpenRefuses(t *testing.T) {
	x := newFixture(t, 1024)
	seg, _ := x.write(randomRecords(rand.New(rand.NewPCG(1, 1)), 100, 30, 300), 0)
	for _, p := range []base.PageNo{seg.First, seg.Last} {
		old, err := (&blockfile.Space{File: x.file}).RawPage(p)
		if err != nil {
			t.Fatal(err)
		}
		x.change(p, func(raw []byte) { clear(raw) })
		_, err = segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{})
		var ce *errs.CorruptionError
		if !errors.As(err, &ce) || ce.Page != int64(p) {
			t.Errorf("page %d wiped: %v", p, err)
		}
		x.change(p, func(raw []byte) { copy(raw, old) })
	}
	// A page in the middle is found when it is read.
	mid := seg.First + 3
	x.change(mid, func(raw []byte) { clear(raw) })
	s, err := segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{})
	if err != nil {
		t.Fatal(err)
	}
	var it segment.Iter
	it.Init(s)
	for ok := it.First(); ok; ok = it.Next() {
	}
	if it.Err() == nil || !strings.Contains(it.Err().Error(), fmt.Sprintf("page %d", mid)) {
		t.Errorf("page %d wiped: %v", mid, it.Err())
	}
}

// TestCircles: links and b-tree pointers that lead in circles end in errors.
func TestCircles(t *testing.T) {
	x := newFixture(t, 1024)
	seg, _ := x.write(randomRecords(rand.New(rand.NewPCG(1, 1)), 900, 30, 600), 0)
	blocks, err := seg.Blocks()
	if err != nil || len(blocks) < 3 {
		t.Fatal(blocks, err)
	}
	last := x.geo.LastPage(blocks[1])
	old, err := (&blockfile.Space{File: x.file}).RawPage(last)
	if err != nil {
		t.Fatal(err)
	}
	x.change(last, func(raw []byte) {
		x.geo.SetLink(last, raw, blocks[0])
		x.geo.SealPage(last, raw, 0)
	})
	s, err := segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{})
	if err != nil {
		t.Fatal(err)
	}
	var it segment.Iter
	it.Init(s)
	for ok := it.First(); ok; ok = it.Next() {
	}
	if !errors.Is(it.Err(), errs.ErrCorrupt) {
		t.Errorf("blocks in a circle: %v", it.Err())
	}
	if _, err := s.Blocks(); !errors.Is(err, errs.ErrCorrupt) {
		t.Errorf("blocks in a circle: %v", err)
	}
	x.change(last, func(raw []byte) { copy(raw, old) })

	x.change(seg.Root, func(raw []byte) {
		page := x.geo.Content(seg.Root, raw)
		clear(page)
		var b format.BTreeBuilder
		b.Reset(1024)
		b.Add(format.BTreeCell{Child: seg.Root, Kind: base.Separator, Key: []byte("b")})
		b.Write(page, seg.Root)
		x.geo.SealPage(seg.Root, raw, 0)
	})
	if s, err = segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{}); err != nil {
		t.Fatal(err)
	}
	it.Init(s)
	if it.SeekGE(0, []byte("a")) || !errors.Is(it.Err(), errs.ErrCorrupt) {
		t.Errorf("b-tree in a circle: %v", it.Err())
	}
}

// TestHugeLengths: a record that claims more bytes than the segment has costs an error,
// not memory.
func TestHugeLengths(t *testing.T) {
	x := newFixture(t, 1024)
	seg, _ := x.write([]record{{base.Insert, []byte("a"), make([]byte, 3000)}}, 0)
	for _, at := range []string{"key", "value"} {
		x.change(seg.First, func(raw []byte) {
			page := x.geo.Content(seg.First, raw)
			clear(page)
			var b format.LeafBuilder
			b.Reset(page)
			if at == "key" {
				b.StartCell(base.Insert, 1<<29, 3) // the longest that a process of 32 bits reads
			} else {
				b.StartCell(base.Insert, 1, 1<<30)
			}
			x.geo.SealPage(seg.First, raw, 0)
		})
		s, err := segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{})
		if err != nil {
			t.Fatal(err)
		}
		var it segment.Iter
		it.Init(s)
		if it.First() {
			_, err = it.AppendValue(nil)
		} else {
			err = it.Err()
		}
		if !errors.Is(err, errs.ErrCorrupt) || !strings.Contains(err.Error(), "beyond the end") {
			t.Errorf("a huge %s: %v", at, err)
		}
	}
}

// TestDisorder: a seek in a segment whose keys are out of order never ends on the wrong
// side of its target.
func TestDisorder(t *testing.T) {
	x := newFixture(t, 256)
	var records []record
	for i := range 100 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "key-%03d", i), make([]byte, 20)})
	}
	seg, _ := x.write(records, 0)
	pages := x.pages(seg)
	rng := rand.New(rand.NewPCG(1, 1))
	failed := 0
	for range 60 {
		p := pages[rng.IntN(len(pages))]
		old, err := (&blockfile.Space{File: x.file}).RawPage(p)
		if err != nil {
			t.Fatal(err)
		}
		x.change(p, func(raw []byte) {
			page := x.geo.Content(p, raw)
			for i := range page.NumCells() {
				if page.IsBTree() {
					page.BTreeCell(i).Key[5] = byte('0' + rng.IntN(10))
				} else if at := page.LeafCell(i).Body + 5; at < page.EOF() {
					page[at] = byte('0' + rng.IntN(10))
				}
			}
			x.geo.SealPage(p, raw, 0)
		})
		s, err := segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{})
		if err != nil {
			t.Fatal(err)
		}
		var it segment.Iter
		it.Init(s)
		for _, r := range records {
			if it.SeekGE(0, r.key) && bytes.Compare(it.Key(), r.key) < 0 {
				t.Fatalf("GE %q ends on %q", r.key, it.Key())
			}
			if it.Err() != nil {
				failed++
			}
			if it.SeekLE(0, r.key) && bytes.Compare(it.Key(), r.key) > 0 {
				t.Fatalf("LE %q ends on %q", r.key, it.Key())
			}
			if it.Err() != nil {
				failed++
			}
		}
		x.change(p, func(raw []byte) { copy(raw, old) })
	}
	if failed == 0 {
		t.Error("the disorder was never met")
	}
}
