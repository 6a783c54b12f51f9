// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestPlaceOfAMerge: the lowest free blocks if almost no gaps are left then, else after all
// that is in use.
func TestPlaceOfAMerge(t *testing.T) {
	own := []*snapshot.Level{{Seg: &segment.Segment{}}}
	linked := []*snapshot.Level{{Seg: &segment.Segment{MayLink: true}}}
	two := []*snapshot.Level{own[0], own[0]}
	span := func(from, to base.BlockNo) (list []base.BlockNo) {
		for b := from; b <= to; b++ {
			list = append(list, b)
		}
		return list
	}
	for name, tt := range map[string]struct {
		room ledger.Room
		n    int
		low  bool
	}{
		"one block more than it fills":             {ledger.Room{Free: span(2, 10), End: 12, Blocks: 20, Levels: two}, 9, true},
		"two more":                                 {ledger.Room{Free: span(3, 11), End: 12, Blocks: 20, Levels: two}, 9, false},
		"a 32nd part of a large one more":          {ledger.Room{Free: span(4, 67), End: 70, Blocks: 80, Levels: two}, 64, true},
		"more than that":                           {ledger.Room{Free: span(5, 68), End: 70, Blocks: 80, Levels: two}, 64, false},
		"nothing free, in front of the end":        {ledger.Room{End: 5, Blocks: 5, Levels: two}, 4, false},
		"it reaches a little beyond the end":       {ledger.Room{Free: span(1, 4), End: 4, Blocks: 4, Levels: two}, 6, true},
		"too few free blocks, and a large rest":    {ledger.Room{Free: span(9, 10), End: 8, Blocks: 10, Levels: two}, 5, false},
		"an empty merge of a small file":           {ledger.Room{End: 1, Blocks: 1, Levels: two}, 0, true},
		"an empty merge of a large file":           {ledger.Room{Free: span(2, 9), End: 1, Blocks: 9, Levels: two}, 0, false},
		"one level, at the front already":          {ledger.Room{End: 6, Blocks: 6, Levels: own}, 5, true},
		"one level, in front of which is room":     {ledger.Room{Free: span(1, 6), End: 12, Blocks: 12, Levels: own}, 5, true},
		"one level, with too little room":          {ledger.Room{Free: span(1, 5), End: 12, Blocks: 12, Levels: own}, 5, false},
		"one level, with gaps in front":            {ledger.Room{Free: append(span(1, 5), 8), End: 12, Blocks: 12, Levels: own}, 5, false},
		"one level that C wrote is merged as many": {ledger.Room{Free: span(1, 5), End: 12, Blocks: 12, Levels: linked}, 5, true},
	} {
		want := place{whole: true}
		if !tt.low {
			want.above = tt.room.End
		}
		if got := placeIn(&tt.room, tt.n); got != want {
			t.Errorf("%s: above %d, want %d", name, got.above, want.above)
		}
	}
}

// TestWhenACheckpointIsDue: the log has a limit of its own if its length is bounded, and never
// a larger one than the file.
func TestWhenACheckpointIsDue(t *testing.T) {
	for name, tt := range map[string]struct {
		auto, log int64
		want      ledger.Limits
	}{
		"never":                         {0, 0, ledger.Limits{}},
		"a log without bound":           {1000, -1, ledger.Limits{File: 1000, Log: 1000, Blocks: 250}},
		"a short log":                   {1000, 500, ledger.Limits{File: 1000, Log: 250, Blocks: 250}},
		"a long log":                    {1000, 4000, ledger.Limits{File: 1000, Log: 1000, Blocks: 250}},
		"for the log alone":             {0, 4000, ledger.Limits{Log: 2000}},
		"for the shortest log":          {0, 1, ledger.Limits{Log: 1}},
		"a setting below 0 means never": {-5, 0, ledger.Limits{}},
	} {
		w := &Worker{Config: Config{Tuning: &tuning.Current{}}}
		w.Tuning.Store(tuning.Values{AutoCheckpoint: tt.auto, MaxLog: tt.log})
		if got := w.limits(); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// TestFraction: of nothing, nothing is done.
func TestFraction(t *testing.T) {
	for _, tt := range []struct {
		done, all int64
		want      float64
	}{{0, 0, 0}, {5, 0, 0}, {5, -1, 0}, {1, 4, 0.25}, {4, 4, 1}, {6, 4, 1.5}} {
		if got := Fraction(tt.done, tt.all); got != tt.want {
			t.Errorf("%d of %d is %v, want %v", tt.done, tt.all, got, tt.want)
		}
	}
}
