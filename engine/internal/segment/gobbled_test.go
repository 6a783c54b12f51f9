// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// TestGobbledInputOfLongValues walks over what is left of a segment of long values whose front is
// overwritten: every key is there, and no value is read on the way.
func TestGobbledInputOfLongValues(t *testing.T) {
	x := newFixture(t, 1024)
	var records []record
	for i := range 300 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "%06d", i), bytes.Repeat([]byte{byte(i)}, 40<<10)})
	}
	whole, _ := x.write(records, 0)
	blocks, err := whole.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	seg, err := whole.From(0, records[200].key)
	if err != nil || len(seg.Owned) > len(blocks)/2 {
		t.Fatalf("%d of %d blocks are left, %v", len(seg.Owned), len(blocks), err)
	}
	junk := bytes.Repeat([]byte{0xA5}, x.geo.PageSize)
	for _, b := range blocks[:len(blocks)-len(seg.Owned)] {
		for p := x.geo.FirstPage(b) + 1; p < x.geo.LastPage(b); p++ {
			if _, err := x.f.WriteAt(junk, x.geo.Offset(p)); err != nil {
				t.Fatal(err)
			}
		}
	}
	x.reopen()
	seg.Space.File = x.file
	var it segment.Iter
	it.Init(seg)
	defer it.Done()
	before := x.file.Stats()
	n := 200
	for ok := it.SeekGE(0, records[n].key); ok; ok = it.Next() {
		if !bytes.Equal(it.Key(), records[n].key) {
			t.Fatalf("%q, want %q", it.Key(), records[n].key)
		}
		n++
	}
	if n != len(records) || it.Err() != nil {
		t.Fatalf("%d of %d records, %v", n, len(records), it.Err())
	}
	after := x.file.Stats()
	if read := after.PagesRead() - before.PagesRead(); read > 400 {
		t.Errorf("%d pages are read for 100 keys", read)
	}
	n = 250
	for ok := it.SeekGE(0, records[n].key); ok && n > 201; ok = it.Prev() {
		if !bytes.Equal(it.Key(), records[n].key) {
			t.Fatalf("backward: %q, want %q", it.Key(), records[n].key)
		}
		n--
	}
	if n != 201 || it.Err() != nil {
		t.Fatalf("backward as far as record %d, %v", n, it.Err())
	}
}

// TestGobbledInput overwrites the front of a segment, as happens to the inputs of a merge
// that C lsm1 left half done. The b-tree still refers to long keys on pages that are gone.
func TestGobbledInput(t *testing.T) {
	x := newFixture(t, 1024)
	var records []record
	for i := range 1000 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "%06d%s", i, bytes.Repeat([]byte("k"), 300)), []byte("value")})
	}
	whole, _ := x.write(records, 0)
	blocks, err := whole.Blocks()
	if err != nil || len(blocks) < 5 {
		t.Fatal(blocks, err)
	}
	// What is left begins with the fifth block.
	left := whole.Segment
	left.First = x.geo.FirstPage(blocks[4])
	junk := bytes.Repeat([]byte{0xA5}, int(x.geo.PageSize))
	for p := whole.First; x.geo.Block(p) != blocks[4]; {
		next, err := whole.Space.NextPage(p)
		if err != nil {
			t.Fatal(err)
		}
		if x.geo.IsFirst(p) || x.geo.IsLast(p) {
			p = next // the links are not needed, but the loop wants them
			continue
		}
		x.change(p, func(raw []byte) { copy(raw, junk) })
		whole.Space.File = x.file
		p = next
	}
	seg := &segment.Segment{Segment: left, Space: whole.Space, LastPage: whole.LastPage}
	var it segment.Iter
	it.Init(seg)
	failed := 0
	for _, r := range records[900:] {
		if _, err := it.Lookup(r.key); err != nil {
			failed++
			it.Init(seg)
		}
	}
	if failed == 0 {
		t.Error("no search has come by what is gone: the test shows nothing")
	}
	seg.SetGobbled()
	it.Init(seg)
	for i, r := range records[900:] {
		out, err := it.Lookup(r.key)
		if err != nil || out != segment.Found {
			t.Fatalf("record %d: %v, %v", 900+i, out, err)
		}
	}
}
