// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// withIndex gives a segment no index, or that of its writer.
func withIndex(t testing.TB, seg *segment.Segment, w *segment.Writer, which int) {
	t.Helper()
	switch which {
	case 0:
		seg.Index = nil
	case 1:
		seg.Index = w.Index()
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
	if n := pages(1); n > lookups+lookups/10 {
		t.Errorf("%d pages for %d lookups with fences", n, lookups)
	}
}
