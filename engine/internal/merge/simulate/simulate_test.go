// SPDX-License-Identifier: Apache-2.0

package simulate_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge/simulate"
)

// TestBounds holds what the policy promises for a million rows, in each preset.
func TestBounds(t *testing.T) {
	for _, preset := range engine.PresetNames() {
		o, _ := engine.Preset(preset)
		for _, s := range scenarios {
			keys, load, operations := s.make(1e6)
			c := configOf(o, keys)
			c.Load, c.Sizes = load, []float64{operations}
			p := simulate.Run(c)[0]
			bounds(t, fmt.Sprintf("%s, %s", s.name, preset), p, keys, o.PageSize)
		}
	}
}

// bounds holds what the policy promises for up to ten million rows; for more, only what holds of
// any number.
func bounds(t *testing.T, at string, p simulate.Point, keys simulate.Keys, pageSize int) {
	t.Helper()
	at = fmt.Sprintf("%s: %+v", at, p)
	large := p.Live > 1.01e7
	if p.SegmentsWorst > merge.MaxSegments || p.Segments > p.SegmentsWorst || p.SegmentsMean > float64(p.SegmentsWorst) {
		t.Errorf("too many segments: %s", at)
	}
	if !large && p.WriteAmp > 8 {
		t.Errorf("too much is written: %s", at)
	}
	if p.Hit > p.SegmentsMean {
		t.Errorf("a read looks into more segments than there are: %s", at)
	}
	if keys.Depth == 0 && p.LongestMerge > int64(p.FileBytes)/int64(pageSize) {
		t.Errorf("a merge is larger than the file: %s", at)
	}
	if !large && keys.Depth == 0 && p.SpaceAmpWorst > 5 {
		t.Errorf("too much space: %s", at)
	}
}

// TestScale holds that nothing gets out of hand where all of a hundred million rows are written
// four times: neither what is written, nor the number of segments, nor what one commit does for
// it, although merges take many gigabytes.
func TestScale(t *testing.T) {
	o := engine.PresetDefault()
	c := configOf(o, simulate.Keys{Fixed: 1e8})
	c.Load, c.Sizes = 1e8, []float64{1e8, 4e8}
	p := simulate.Run(c)[1]
	if p.WriteAmp > 7.5 || p.SegmentsWorst > 20 || p.WorstCommit*int64(o.PageSize) > 4<<20 || p.SpaceAmpWorst > 3.5 {
		t.Errorf("%+v", p)
	}
	if p.LongestMerge*int64(o.PageSize) < 4<<30 {
		t.Errorf("the longest merge has %d pages: the test is too small", p.LongestMerge)
	}
}

// TestRowsAreKept: what the segments hold is what was written, less at most two trees.
func TestRowsAreKept(t *testing.T) {
	o := engine.PresetDefault()
	for _, s := range scenarios {
		keys, load, operations := s.make(2e6)
		c := configOf(o, keys)
		c.Load, c.Sizes = load, []float64{operations}
		p := simulate.Run(c)[0]
		trees := 2 * 1.1 * float64(o.AutoFlush) / 116
		if p.Rows < p.Live-trees || keys.Deleting == 0 && p.Flushes < int64(operations/trees) {
			t.Errorf("%s: %+v", s.name, p)
		}
		if again := simulate.Run(c)[0]; !reflect.DeepEqual(again, p) {
			t.Errorf("%s: %+v, then %+v", s.name, p, again)
		}
	}
}

// TestPolicyIsCalled: another policy leads to another result, with nothing merged if it says so.
func TestPolicyIsCalled(t *testing.T) {
	c := configOf(engine.PresetDefault(), simulate.Keys{})
	c.Sizes = []float64{1e6}
	c.Choose = func(s *merge.Situation) merge.Choice {
		if c := merge.Choose(s); c.Slot == merge.Flush {
			return c
		}
		return merge.Choice{}
	}
	p := simulate.Run(c)[0]
	if p.Merges != 0 || int64(p.Segments) != p.Flushes || p.WriteAmp > 1.1 {
		t.Errorf("%+v", p)
	}
}

// TestSessions: a database that is closed and opened again and again, in the middle of its merges,
// is merged as one that stays open is, for years: levels grow no older, not much more is written,
// and there are hardly more segments. That holds of short sessions, too, which write less than a tree each.
func TestSessions(t *testing.T) {
	for name, keys := range map[string]simulate.Keys{"overwrites": {Fixed: 3e6}, "inserts": {}} {
		for _, session := range []struct{ rows, all, more float64 }{
			{3e6, 1e8, 1.1}, {3e5, 2e7, 1.15}, {3e4, 2e7, 1.4}, {1e4, 2e7, 1.6},
		} {
			c := configOf(engine.PresetDefault(), keys)
			c.Load, c.Sizes = keys.Fixed, []float64{session.all}
			whole := simulate.Run(c)[0]
			c.Session = session.rows
			p := simulate.Run(c)[0]
			if p.Resumed < 5 {
				t.Errorf("%s: %d merges were taken up again: the test sees too little", name, p.Resumed)
			}
			if p.Oldest > whole.Oldest+2 || p.WriteAmp > whole.WriteAmp*session.more || p.SegmentsWorst > whole.SegmentsWorst+3 ||
				p.SpaceAmpWorst > whole.SpaceAmpWorst*1.5 {
				t.Errorf("%s, in sessions of %.0f rows: %+v\nin one: %+v", name, session.rows, p, whole)
			}
			t.Logf("%s, sessions of %.0f rows: written %.2f times, %d segments at most; in one %.2f, %d", name, session.rows,
				p.WriteAmp, p.SegmentsWorst, whole.WriteAmp, whole.SegmentsWorst)
		}
	}
}

// TestLargerAutoMergeTakesNoMoreSpace: runs of more levels are written less often, and what they
// overwrite is merged for space as before, in a database of a few trees, too.
func TestLargerAutoMergeTakesNoMoreSpace(t *testing.T) {
	for _, rows := range []float64{150e3, 1e6} {
		var at [2]simulate.Point
		for i, n := range []int{4, 8} {
			c := configOf(engine.PresetDefault(), simulate.Keys{Fixed: rows})
			c.Settings.AutoMerge = n
			c.Load, c.Sizes = rows, []float64{8 * rows}
			at[i] = simulate.Run(c)[0]
		}
		if at[1].SpaceAmpWorst > at[0].SpaceAmpWorst*1.05 || at[1].WriteAmp > at[0].WriteAmp {
			t.Errorf("%.0f rows, automerge 4: %+v\nautomerge 8: %+v", rows, at[0], at[1])
		}
	}
}
