// SPDX-License-Identifier: Apache-2.0

package merge_test

import (
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// describe makes levels of a text: a digit is a level of that age, "f" one of free-list
// entries, "h" one that C lsm1 left half merged, "p" one that lsmlite did. Each has 100 pages,
// so that no run is worth a merge for its space, but the oldest, which has 10,000.
func describe(text string) (levels []*snapshot.Level) {
	for i, c := range text {
		l := &snapshot.Level{Seg: &segment.Segment{}}
		l.Seg.Size = 100
		if i == len(text)-1 {
			l.Seg.Size = 10000
		}
		switch c {
		case 'f':
			l.FreelistOnly = true
		case 'p':
			l.Merging = &snapshot.Merging{RHS: []*segment.Segment{{}, {}}, Ours: true}
		case 'h':
			l.Merging = &snapshot.Merging{RHS: []*segment.Segment{{}, {}}}
		default:
			l.Age = uint16(c - '0')
		}
		levels = append(levels, l)
	}
	return levels
}

func TestChoose(t *testing.T) {
	// on is a job over levels[lo:hi] that is in progress.
	type on struct{ lo, hi int }
	many := strings.Repeat("0123456789", 3)
	for _, test := range []struct {
		name                 string
		levels               string
		old, moved, flushing bool
		whole                bool // no merge can be published in part
		flush, small, main   *on
		next                 *on // in the slot next to that of main
		want                 merge.Choice
	}{
		{name: "an empty database"},
		{name: "too few levels", levels: "000"},
		{name: "a run of one age", levels: "000012", want: merge.Choice{Action: merge.Begin, Slot: merge.Main, Hi: 4}},
		{name: "the old tree goes first", levels: "0000", old: true,
			want: merge.Choice{Action: merge.Begin, Slot: merge.Flush}},
		{name: "a flush takes in free-list entries on top", levels: "f000", old: true,
			want: merge.Choice{Action: merge.Begin, Slot: merge.Flush, Hi: 1}},
		{name: "unless a merge has them", levels: "f000", old: true, main: &on{0, 4},
			want: merge.Choice{Action: merge.Begin, Slot: merge.Flush}},
		{name: "a flush goes on", levels: "0000", old: true, flush: &on{0, 0}, main: &on{0, 4},
			want: merge.Choice{Action: merge.GoOn, Slot: merge.Flush}},
		{name: "nothing to flush", levels: "0000", flushing: true},
		{name: "nothing to flush, though a merge is in progress", levels: "0000", flushing: true, main: &on{0, 4}},
		{name: "a merge goes on", levels: "0000", main: &on{0, 4}, want: merge.Choice{Action: merge.GoOn, Slot: merge.Main}},
		{name: "a small merge begins beside it", levels: "000011", main: &on{4, 6},
			want: merge.Choice{Action: merge.Begin, Slot: merge.Main - 1, Hi: 4}},
		{name: "a smaller one begins beside that one", levels: "0000" + strings.Repeat("1", 16) + "22", main: &on{20, 22}, next: &on{4, 20},
			want: merge.Choice{Action: merge.Begin, Slot: merge.Main - 2, Hi: 4}},
		{name: "but not one that is nearly as large", levels: "000011112", main: &on{8, 9}, next: &on{4, 8},
			want: merge.Choice{Action: merge.GoOn, Slot: merge.Main - 1}},
		{name: "nor when no slot is left", levels: "000011", small: &on{4, 6},
			want: merge.Choice{Action: merge.GoOn, Slot: merge.Small}},
		{name: "the smallest goes on", levels: "00000000111122", main: &on{12, 14}, next: &on{4, 12}, small: &on{0, 4},
			want: merge.Choice{Action: merge.GoOn, Slot: merge.Small}},
		{name: "three levels are not worth it", levels: "00011111122", main: &on{9, 11}, next: &on{3, 9},
			want: merge.Choice{Action: merge.GoOn, Slot: merge.Main - 1}},
		{name: "but two are if there are too many to flush", levels: many, old: true, main: &on{20, 30}, next: &on{8, 20},
			want: merge.Choice{Action: merge.Begin, Slot: merge.Main - 2, Lo: 0, Hi: 2}},
		{name: "a small merge goes before it", levels: "000011", main: &on{4, 6}, small: &on{0, 4},
			want: merge.Choice{Action: merge.GoOn, Slot: merge.Small}},
		{name: "with too many segments a merge goes before the flush", levels: many, old: true,
			want: merge.Choice{Action: merge.Begin, Slot: merge.Main, Lo: 0, Hi: 2}},
		{name: "even if nothing but flushing is wanted", levels: many, old: true, flushing: true,
			want: merge.Choice{Action: merge.Begin, Slot: merge.Main, Lo: 0, Hi: 2}},
		{name: "it is that of a run", levels: strings.Repeat("0000111122", 3), old: true,
			want: merge.Choice{Action: merge.Begin, Slot: merge.Main, Lo: 0, Hi: 4}},
		{name: "but the cheapest one if it cannot be published in part", levels: strings.Repeat("0000111122", 3), old: true, whole: true,
			want: merge.Choice{Action: merge.Begin, Slot: merge.Main, Lo: 0, Hi: 2}},
		{name: "which does not matter while no tree waits", levels: strings.Repeat("0000111122", 3), whole: true,
			want: merge.Choice{Action: merge.Begin, Slot: merge.Main, Lo: 0, Hi: 4}},
		{name: "one segment less", levels: many[1:], old: true,
			want: merge.Choice{Action: merge.Begin, Slot: merge.Flush}},
		{name: "what C left half merged goes before the flush", levels: "0h1", old: true, flushing: true,
			want: merge.Choice{Action: merge.Anew, Slot: merge.Main, Lo: 1, Hi: 2}},
		{name: "and before other merges, which are given up", levels: "0000h1", main: &on{0, 4},
			want: merge.Choice{Action: merge.Anew, Slot: merge.Main, Lo: 4, Hi: 5}},
		{name: "it goes on", levels: "0h1", main: &on{1, 2}, want: merge.Choice{Action: merge.GoOn, Slot: merge.Main}},
		{name: "it waits if there is nothing to flush", levels: "0h1", flushing: true},
		{name: "a flush goes on top of a merge that lsmlite left half done", levels: "0p", old: true, flushing: true,
			want: merge.Choice{Action: merge.Begin, Slot: merge.Flush}},
		{name: "which is taken up then", levels: "00000p", want: merge.Choice{Action: merge.Begin, Slot: merge.Main, Lo: 5, Hi: 6}},
		{name: "and goes on", levels: "00p", main: &on{2, 3}, want: merge.Choice{Action: merge.GoOn, Slot: merge.Main}},
		{name: "not if only flushing is wanted", levels: "00p", flushing: true},
		{name: "over moved blocks nothing is done without need", levels: "01", moved: true},
		{name: "nor when only flushing is wanted", levels: "0000", moved: true, flushing: true},
		{name: "over moved blocks a flush takes in all levels", levels: "01", moved: true, old: true, flushing: true,
			want: merge.Choice{Action: merge.Anew, Slot: merge.Flush, Hi: 2}},
		{name: "over moved blocks a merge takes in all levels", levels: "00001", moved: true,
			want: merge.Choice{Action: merge.Anew, Slot: merge.Main, Hi: 5}},
		{name: "over moved blocks a half-done merge does, too", levels: "0h", moved: true,
			want: merge.Choice{Action: merge.Anew, Slot: merge.Main, Hi: 2}},
		{name: "over moved blocks the merge of all levels goes on", levels: "00", moved: true, old: true, main: &on{0, 2},
			want: merge.Choice{Action: merge.GoOn, Slot: merge.Main}},
		{name: "over moved blocks the flush into all levels goes on", levels: "00", moved: true, old: true, flush: &on{0, 2},
			want: merge.Choice{Action: merge.GoOn, Slot: merge.Flush}},
	} {
		s := merge.Situation{Levels: describe(test.levels), OldTree: test.old, Moved: test.moved, MinLevels: 4, FlushOnly: test.flushing, Whole: test.whole}
		for slot, j := range map[merge.Slot]*on{merge.Flush: test.flush, merge.Small: test.small, merge.Main - 1: test.next, merge.Main: test.main} {
			if j != nil {
				s.Jobs[slot] = merge.Running{On: true, Inputs: s.Levels[j.lo:j.hi]}
			}
		}
		if got := merge.Choose(&s); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}
