// SPDX-License-Identifier: Apache-2.0

package pragma

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/store"
)

// longSegment is a store of which a segment has more pages than are listed.
type longSegment struct{ store.Inspector }

func (longSegment) SegmentPages(first int64) ([]int64, error) {
	return make([]int64, maxArrayPages+5), nil
}

// boundedSegment can stop after a number of pages.
type boundedSegment struct {
	store.Inspector
	asked *int
}

func (s boundedSegment) FirstSegmentPages(first int64, most int) ([]int64, error) {
	*s.asked = most
	return make([]int64, most), nil
}

// TestArrayPagesLimit: a large segment is listed up to a limit, and no more of it is collected.
func TestArrayPagesLimit(t *testing.T) {
	asked := 0
	for _, s := range []store.Inspector{longSegment{}, boundedSegment{asked: &asked}} {
		if table, err := arrayPages(s, 1); err != nil || len(table.Rows) != maxArrayPages {
			t.Errorf("%T: %d rows, %v", s, len(table.Rows), err)
		}
	}
	if asked != maxArrayPages {
		t.Errorf("%d pages were asked for", asked)
	}
}
