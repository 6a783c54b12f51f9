// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

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
