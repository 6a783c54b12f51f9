// SPDX-License-Identifier: Apache-2.0

package merge_test

import (
	"math"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

func levels(ages ...int) (out []*snapshot.Level) {
	for i, a := range ages {
		out = append(out, &snapshot.Level{Age: uint16(a), Seg: &segment.Segment{Segment: format.Segment{Size: int64(100 - i)}}})
	}
	return out
}

func TestPick(t *testing.T) {
	none := func(*snapshot.Level) bool { return false }
	for _, test := range []struct {
		name          string
		ages          []int
		busy, merging int // index of a level, -1 for none
		min, lo, hi   int
	}{
		{"nothing", nil, -1, -1, 4, 0, 0},
		{"too few", []int{0, 0, 0}, -1, -1, 4, 0, 0},
		{"just enough", []int{0, 0, 0, 0}, -1, -1, 4, 0, 4},
		{"the longest run", []int{0, 0, 1, 1, 1, 2}, -1, -1, 2, 2, 5},
		{"the newest of equal runs", []int{0, 0, 1, 1}, -1, -1, 2, 0, 2},
		{"no run of one", []int{0, 1, 2}, -1, -1, 1, 0, 0},
		{"around a busy level", []int{0, 0, 0, 0, 0}, 1, -1, 2, 2, 5},
		{"around a half-done merge", []int{0, 0, 0, 0, 0}, -1, 2, 2, 0, 2},
		{"no run across a busy level", []int{0, 0, 0}, 1, -1, 2, 0, 0},
	} {
		ls := levels(test.ages...)
		if test.merging >= 0 {
			ls[test.merging].Merging = &snapshot.Merging{}
		}
		busy := none
		if test.busy >= 0 {
			busy = func(l *snapshot.Level) bool { return l == ls[test.busy] }
		}
		if lo, hi := merge.Pick(ls, busy, test.min); lo != test.lo || hi != test.hi {
			t.Errorf("%s: %d to %d, want %d to %d", test.name, lo, hi, test.lo, test.hi)
		}
	}
	if lo, hi := merge.PickAny(levels(0, 1, 2, 3), none); lo != 2 || hi != 4 {
		t.Errorf("the cheapest neighbours are levels 2 to 4, picked %d to %d", lo, hi)
	}
	if lo, hi := merge.PickAny(levels(0, 0, 1, 2), none); lo != 0 || hi != 2 {
		t.Errorf("a run goes first, picked %d to %d", lo, hi)
	}
	if lo, hi := merge.PickAny(levels(5), none); lo != hi {
		t.Errorf("picked %d to %d of one level", lo, hi)
	}
}

func TestAge(t *testing.T) {
	for _, test := range []struct {
		ages   []int
		lo, hi int
		want   uint16
	}{
		{[]int{0, 0, 0}, 0, 3, 1},
		{[]int{0, 0, 0}, 0, 2, 0}, // a part of a run: not above the rest of it
		{[]int{0, 0, 5}, 0, 2, 1},
		{[]int{0, 3}, 0, 2, 3},
		{[]int{2, 2, 2, 3}, 0, 3, 3},
		{[]int{4, 7}, 0, 1, 4},
		{[]int{0, 64 + 3}, 1, 2, 3}, // a half-done merge that goes on
		{[]int{0, 3, 64 + 2}, 2, 3, 3},
		{[]int{0, 2, 64 + 3}, 0, 3, 3}, // one that C has ended
		{[]int{1, 4, 64 + 2}, 1, 3, 5},
		{[]int{0, 0, 64}, 0, 2, 1},
	} {
		if got := merge.Age(levels(test.ages...), test.lo, test.hi); got != test.want {
			t.Errorf("levels %d to %d of ages %v: %d, want %d", test.lo, test.hi, test.ages, got, test.want)
		}
	}
}

// TestHalfAge: no age is less while a merge is half done, and the merge ends with the age that it was
// to have.
func TestHalfAge(t *testing.T) {
	for _, age := range []uint16{0, 1, 7, 63, 64, 200, math.MaxUint16 - 64} {
		half := merge.HalfAge(age, true)
		if half < 64 || half <= age {
			t.Errorf("age %d is %d while the merge is half done", age, half)
		}
		if got := merge.Age(levels(int(half)), 0, 1); got != age {
			t.Errorf("a merge to age %d that goes on has age %d", age, got)
		}
	}
	if got := merge.HalfAge(math.MaxUint16, true); got != math.MaxUint16 {
		t.Errorf("the greatest age becomes %d", got)
	}
}

// TestRunWithWhatCHasEnded: a level that kept the age of a half-done merge is in the run of levels as
// old as it is without that.
func TestRunWithWhatCHasEnded(t *testing.T) {
	none := func(*snapshot.Level) bool { return false }
	if lo, hi := merge.Pick(levels(0, 2, 2, 64+2), none, 3); lo != 1 || hi != 4 {
		t.Errorf("picked %d to %d, want 1 to 4", lo, hi)
	}
	if lo, hi := merge.Pick(levels(0, 1, 2, 64+3), none, 2); lo != hi {
		t.Errorf("picked %d to %d, want none", lo, hi)
	}
}

// busyWith is a situation in which one of some levels is an input of a job.
func busyWith(levels []*snapshot.Level, one *snapshot.Level) *merge.Situation {
	s := &merge.Situation{Levels: levels, MinLevels: 2}
	s.Jobs[merge.Small] = merge.Running{On: true, Inputs: []*snapshot.Level{one}}
	return s
}

// TestMergesWaitForAMergeForSpace: what is to be written again soon is not merged before, unless
// there are many segments or somebody has asked for it.
func TestMergesWaitForAMergeForSpace(t *testing.T) {
	for _, test := range []struct {
		name   string
		newer  int // levels of 10 pages and age 0 above one of age 1
		oldest int64
		hurry  bool
		want   bool // a merge of the newer ones begins
	}{
		{"far from it", 6, 101, false, true},
		{"three fifths of it", 6, 100, false, false},
		{"three fifths of it, and asked for", 6, 100, true, true},
		{"almost all", 11, 111, false, true},
		{"almost all, and not many segments", 10, 101, false, false},
	} {
		levels := levels(append(make([]int, test.newer), 1)...)
		for _, l := range levels {
			l.Seg.Size = 10
		}
		levels[test.newer].Seg.Size = test.oldest
		c := merge.Choose(&merge.Situation{Levels: levels, MinLevels: 4, Lazy: !test.hurry})
		if got := c == (merge.Choice{Action: merge.Begin, Slot: merge.Main, Hi: test.newer}); got != test.want {
			t.Errorf("%s: %+v", test.name, c)
		}
	}
}

func TestPickSpace(t *testing.T) {
	sized := func(pages ...int64) (out []*snapshot.Level) {
		for _, n := range pages {
			out = append(out, &snapshot.Level{Seg: &segment.Segment{Segment: format.Segment{Size: n}}})
		}
		return out
	}
	for _, test := range []struct {
		name   string
		pages  []int64
		min    int
		limit  int
		lo, hi int
	}{
		{"the newer ones are smaller", []int64{5, 10, 20, 36}, 4, 0, 0, 0},
		{"as large as the oldest", []int64{5, 10, 20, 35}, 4, 0, 0, 4},
		{"half as large, and more may be wasted", []int64{5, 10, 20, 70}, 4, 51, 0, 0},
		{"half as large, and no more may be wasted", []int64{5, 10, 20, 70}, 4, 50, 0, 4},
		{"twice as large, and more may be wasted", []int64{5, 30, 30, 30}, 4, 217, 0, 0},
		{"too few levels", []int64{20, 20, 35}, 4, 0, 0, 0},
		{"never a level alone", []int64{0}, 0, 0, 0, 0},
		{"nothing", nil, 4, 0, 0, 0},
	} {
		if lo, hi := merge.PickSpace(&merge.Situation{Levels: sized(test.pages...), MinLevels: test.min, MaxGarbage: test.limit}); lo != test.lo || hi != test.hi {
			t.Errorf("%s: %d to %d, want %d to %d", test.name, lo, hi, test.lo, test.hi)
		}
	}
	for _, lazy := range []bool{false, true} {
		for n, want := range map[int]int{3: 0, 4: 4, 7: 7, 8: 8} {
			pages := make([]int64, n)
			pages[n-1] = 1
			pages[0] = 1
			s := &merge.Situation{Levels: sized(pages...), MinLevels: 8, Lazy: lazy}
			if !lazy && n < 8 {
				want = 0
			}
			if _, hi := merge.PickSpace(s); hi != want {
				t.Errorf("%d levels, a merge of runs from 8 on, by itself: %t: %d are picked, want %d", n, lazy, hi, want)
			}
		}
	}
	for _, test := range []struct {
		name  string
		ages  []int
		pages []int64
		lo    int
	}{
		{"small young levels stay out", []int{0, 0, 1, 2, 2}, []int64{1, 1, 4, 90, 95}, 3},
		{"up to where they have a part of the whole", []int{0, 0, 1, 2, 2}, []int64{1, 1, 14, 90, 95}, 2},
		{"a run of one age is not split", []int{0, 0, 0, 2, 2}, []int64{1, 1, 14, 90, 95}, 0},
		{"levels of one age are all taken", []int{0, 0, 0, 0}, []int64{1, 1, 90, 90}, 0},
		{"at least the two oldest are left", []int{0, 1, 2, 3}, []int64{0, 0, 90, 90}, 2},
	} {
		young := sized(test.pages...)
		for i := range young {
			young[i].Age = uint16(test.ages[i])
		}
		if lo, hi := merge.PickSpace(&merge.Situation{Levels: young, MinLevels: 4}); lo != test.lo || hi != len(young) {
			t.Errorf("%s: %d to %d, want %d to %d", test.name, lo, hi, test.lo, len(young))
		}
	}
	ls := sized(50, 50, 50, 50)
	if lo, hi := merge.PickSpace(busyWith(ls, ls[3])); lo != hi {
		t.Errorf("picked %d to %d with a level that is busy", lo, hi)
	}

	big := sized(10, 10, 10, 10, 100, 100)
	inMerge := func(l *snapshot.Level) bool { return l == big[4] || l == big[5] }
	if lo, hi := merge.PickBeside(big, big[4:], inMerge, 4); lo != 0 || hi != 4 {
		t.Errorf("beside a merge of 200 pages: %d to %d, want the four newer ones", lo, hi)
	}
	big[0].Seg.Size = 30
	if lo, hi := merge.PickBeside(big, big[4:], inMerge, 4); lo != hi {
		t.Errorf("beside a merge of 200 pages: picked %d to %d, which have 60", lo, hi)
	}
	half := sized(10, 10, 10, 10, 1)
	half[4].Merging = &snapshot.Merging{RHS: []*segment.Segment{big[4].Seg, big[5].Seg}}
	if lo, hi := merge.PickBeside(half, half[4:], func(l *snapshot.Level) bool { return l == half[4] }, 4); lo != 0 || hi != 4 {
		t.Errorf("beside a merge of 200 pages that has written one: %d to %d, want the four newer ones", lo, hi)
	}
	if lo, hi := merge.PickBeside(big, sized(1), inMerge, 2); lo != hi {
		t.Errorf("beside a merge of levels that are gone: %d to %d", lo, hi)
	}
}
