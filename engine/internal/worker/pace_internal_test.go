// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestFlushKeepsPaceWithTheLiveTree: between the start and the end of its part of the filling
// the flush has to be as far as the live tree.
func TestFlushKeepsPaceWithTheLiveTree(t *testing.T) {
	for name, tt := range map[string]struct {
		in             part
		fill           float64
		flushed, of    int64
		noOld, failing bool
		want           bool
	}{
		"the live tree is empty":                   {in: inBackground, of: 100},
		"before its part begins":                   {in: inBackground, fill: 0.25, of: 100},
		"its part has begun":                       {in: inBackground, fill: 0.26, of: 100, want: true},
		"half of its part, and less than half":     {in: inBackground, fill: 0.575, flushed: 49, of: 100, want: true},
		"half of its part, and half of the flush":  {in: inBackground, fill: 0.575, flushed: 51, of: 100},
		"the end of its part, and almost all":      {in: inBackground, fill: 0.95, flushed: 99, of: 100, want: true},
		"the end of its part, and all":             {in: inBackground, fill: 1.5, flushed: 100, of: 100},
		"not begun yet":                            {in: inBackground, fill: 0.5, want: true},
		"commits begin at once":                    {in: inline, fill: 0.01, of: 1000, want: true},
		"commits are a little further than needed": {in: inline, fill: 0.375, flushed: 51, of: 100},
		"there is nothing to flush":                {in: inBackground, fill: 1, of: 100, noOld: true},
		"nobody waits while it fails":              {in: inBackground, fill: 1, of: 100, failing: true},
	} {
		d := newDesk(t, nil)
		d.live.fill = tt.fill
		d.pace.flushed.Store(tt.flushed)
		d.pace.toFlush.Store(tt.of)
		if tt.failing {
			d.failures.add(flushTask, errFail)
		}
		if got := d.flushLags(&snapshot.State{HasOld: !tt.noOld}, tt.in); got != tt.want {
			t.Errorf("%s: it lags: %t, want %t", name, got, tt.want)
		}
	}
}

// TestMergeKeepsPaceWithTheSegments: it has to end before there are too many.
func TestMergeKeepsPaceWithTheSegments(t *testing.T) {
	for name, tt := range map[string]struct {
		segments   int
		fill       float64
		merged, of int64
		failing    bool
		want       bool
	}{
		"few segments":                 {segments: softSegments, fill: 1, of: 100},
		"no merge":                     {segments: hardSegments, fill: 1},
		"one too many":                 {segments: softSegments + 1, fill: 0.5, of: 100, want: true},
		"one too many, and far enough": {segments: softSegments + 1, fill: 0.5, merged: 10, of: 100},
		"almost the most":              {segments: hardSegments, fill: 1, merged: 99, of: 100, want: true},
		"almost the most, and done":    {segments: hardSegments + 5, fill: 3, merged: 100, of: 100},
		"nobody waits while it fails":  {segments: hardSegments, fill: 1, of: 100, failing: true},
	} {
		d := newDesk(t, nil)
		d.live.fill = tt.fill
		d.pace.merged.Store(tt.merged)
		d.pace.toMerge.Store(tt.of)
		if tt.failing {
			d.failures.add(mergeTask, errFail)
		}
		st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: make([]*snapshot.Level, tt.segments)}}
		for i := range st.Disk.Levels {
			st.Disk.Levels[i] = &snapshot.Level{}
		}
		if got := d.mergeLags(st); got != tt.want {
			t.Errorf("%s: it lags: %t, want %t", name, got, tt.want)
		}
	}
}

// TestCheckpointLagsByTwiceWhatMakesItDue, if there is a goroutine that is to make it.
func TestCheckpointLagsByTwiceWhatMakesItDue(t *testing.T) {
	const limit = 10 << 10
	for name, tt := range map[string]struct {
		auto                       int64
		pages                      uint32 // written since the checkpoint before
		inline, failing, published bool
		want                       bool
	}{
		"twice":                          {auto: limit, pages: 20, published: true},
		"more":                           {auto: limit, pages: 21, published: true, want: true},
		"checkpoints are not due":        {auto: 0, pages: 1000, published: true},
		"nothing was published":          {auto: limit, pages: 21},
		"commits make them":              {auto: limit, pages: 21, published: true, inline: true},
		"nobody waits while they fail":   {auto: limit, pages: 21, published: true, failing: true},
		"the count has begun again at 0": {auto: limit, pages: 18, published: true, want: true},
	} {
		d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoCheckpoint = tt.auto })
		if !tt.inline {
			d.bg.checkpointer = make(chan struct{}, 1)
		}
		if tt.failing {
			d.failures.add(checkpointTask, errFail)
		}
		if tt.published {
			d.Ledger.First(&snapshot.Snapshot{ID: 12}, nil)
		}
		if name == "the count has begun again at 0" {
			d.pace.stored.Store(1<<32 - 3)
		}
		d.File.SetWritten(tt.pages)
		if got := d.checkpointLags(); got != tt.want {
			t.Errorf("%s: it lags: %t, want %t", name, got, tt.want)
		}
	}
}

// TestWhatLagsIsNamed: the checkpoint before the flush, and that before the merge; without a
// goroutine that flushes and merges only the first.
func TestWhatLagsIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		checkpoint, flush, merge, inline bool
		want                             Reason
		lags                             bool
	}{
		"nothing":             {},
		"all":                 {checkpoint: true, flush: true, merge: true, want: StallCheckpoint, lags: true},
		"flush and merge":     {flush: true, merge: true, want: StallFlush, lags: true},
		"the merge":           {merge: true, want: StallMerge, lags: true},
		"both, and no merger": {flush: true, merge: true, inline: true},
		"all, and no merger":  {checkpoint: true, flush: true, merge: true, inline: true, want: StallCheckpoint, lags: true},
	} {
		d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoCheckpoint = 10 << 10 })
		d.bg.checkpointer = make(chan struct{}, 1)
		if !tt.inline {
			d.bg.merger = make(chan struct{}, 1)
		}
		d.live.fill = 0.5
		disk := &snapshot.Snapshot{ID: 12}
		if tt.merge {
			d.pace.toMerge.Store(100)
			for range hardSegments {
				disk.Levels = append(disk.Levels, &snapshot.Level{})
			}
		}
		d.Ledger.First(disk, memtree.New())
		if tt.flush {
			d.setAside(1, 1)
		}
		if tt.checkpoint {
			d.File.SetWritten(1000)
		}
		if reason, lags := d.lag(); lags != tt.lags || lags && reason != tt.want {
			t.Errorf("%s: reason %d (%t), want %d (%t)", name, reason, lags, tt.want, tt.lags)
		}
	}
}

// TestCommitWaitsForAWhileOnly: as long as the flush lags, at most for a time that grows with
// what was written.
func TestCommitWaitsForAWhileOnly(t *testing.T) {
	for name, tt := range map[string]struct {
		after func(d *desk) // what happens after a millisecond
		want  time.Duration
	}{
		"nothing gets further": {func(*desk) {}, maxWait + 500*time.Microsecond},
		"the flush gets further": {func(d *desk) {
			d.pace.flushed.Store(100)
			wake(d.pace.step)
		}, time.Millisecond},
		"something gets further, and it lags still": {func(d *desk) { wake(d.pace.step) }, maxWait + 500*time.Microsecond},
		"nothing more can be written": {func(d *desk) {
			d.stop(errFail)
			wake(d.pace.step)
		}, time.Millisecond},
		"the flush fails": {func(d *desk) { d.failed(flushTask, ByMerger, errFail) }, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var stalls []Stalled
				d := newDesk(t, func(c *Config, _ *tuning.Values) {
					c.Events.Stalled = func(s Stalled) { stalls = append(stalls, s) }
				})
				d.bg.merger = make(chan struct{}, 1)
				d.setAside(10, 10)
				d.pace.toFlush.Store(100)
				start := time.Now()
				d.AfterCommit(500)
				if took := time.Since(start); took != 0 || len(stalls) != 0 || len(d.bg.merger) != 1 {
					t.Fatalf("a commit waits %v though nothing lags, or wakes nobody", took)
				}
				d.live.fill = 0.5
				go func() {
					time.Sleep(time.Millisecond)
					tt.after(d)
				}()
				d.AfterCommit(500)
				synctest.Wait()
				if took := time.Since(start); took != tt.want {
					t.Errorf("it waits %v, want %v", took, tt.want)
				}
				want := Stalled{Reason: StallFlush, Op: "commit", Duration: tt.want}
				if len(stalls) != 1 || stalls[0] != want || d.Counters.Stalled.Load() != 0 {
					t.Errorf("stalls %+v, want %+v", stalls, want)
				}
				c := &d.Counters.Stalls[StallFlush]
				if c.Count.Load() != 1 || c.Nanos.Load() != int64(tt.want) {
					t.Errorf("%d stalls of %d ns are counted", c.Count.Load(), c.Nanos.Load())
				}
			})
		})
	}
}

// TestMergeKeepsPaceWithWhatIsFlushedOnTop: what is flushed while a merge goes on takes up space
// next to its inputs and its output.
func TestMergeKeepsPaceWithWhatIsFlushedOnTop(t *testing.T) {
	const tree, inputs = 100, 1 << 20 // pages
	most := int64(inputs / growthPart)
	for name, tt := range map[string]struct {
		newer  []int64 // pages of levels on top of the merge
		before int64   // that were there before it began
		fill   float64
		merged int64
		inputs int64
		want   bool
	}{
		"nothing on top":                  {inputs: inputs},
		"half of the most":                {newer: []int64{most / 4, most / 4}, merged: inputs/2 - 1, inputs: inputs, want: true},
		"half of the most, and as far":    {newer: []int64{most / 4, most / 4}, merged: inputs/2 + 1, inputs: inputs},
		"more than the most":              {newer: []int64{2 * most}, merged: inputs - 1, inputs: inputs, want: true},
		"more than the most, and done":    {newer: []int64{2 * most}, merged: inputs, inputs: inputs},
		"the tree counts":                 {newer: []int64{most/2 - tree/2}, fill: 1, merged: inputs / 2, inputs: inputs, want: true},
		"half was there before":           {newer: []int64{most / 2, most / 2}, before: most / 2, merged: inputs/2 + 1, inputs: inputs},
		"half was there, and it lags":     {newer: []int64{most / 2, most / 2}, before: most / 2, merged: inputs/2 - 1, inputs: inputs, want: true},
		"all was there before":            {newer: []int64{2 * most}, before: 2 * most, inputs: inputs},
		"a small merge, and a tree on it": {newer: []int64{tree}, merged: 51, inputs: 100},
		"a small merge that lags":         {newer: []int64{tree}, merged: 49, inputs: 100, want: true},
	} {
		d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoFlush = tree << 10 })
		d.live.fill = tt.fill
		st := &snapshot.State{Disk: &snapshot.Snapshot{}}
		for _, n := range append(tt.newer, tt.inputs, 7*tt.inputs) {
			st.Disk.Levels = append(st.Disk.Levels, &snapshot.Level{Seg: &segment.Segment{Segment: format.Segment{Size: n}}})
		}
		d.pace.above.Store(st.Disk.Levels[len(tt.newer)])
		d.pace.before.Store(tt.before)
		d.pace.merged.Store(tt.merged)
		d.pace.toMerge.Store(tt.inputs)
		if got := d.mergeLags(st); got != tt.want {
			t.Errorf("%s: it lags: %t, want %t", name, got, tt.want)
		}
	}
}

// TestWhatWasOnTopBeforeAMergeIsNotItsGrowth: also where merges of newer levels make it less
// meanwhile, so that what is flushed later counts.
func TestWhatWasOnTopBeforeAMergeIsNotItsGrowth(t *testing.T) {
	d := newDesk(t, nil)
	for range 4 {
		d.flush(1000, 200)
	}
	one := d.File.PagesIn(d.levels()[0].Seg.Size)
	expect := func(when string, want int64) {
		t.Helper()
		d.holdTurn(d.advanced)
		if got := d.pace.before.Load(); got != want {
			t.Errorf("%s: %d pages were there before, want %d", when, got, want)
		}
	}
	d.holdTurn(func() {
		j, err := d.newJob(plan{lo: 2, hi: 4})
		must(t, err)
		d.jobs[merge.Main] = j
	})
	expect("at the beginning", 2*one)
	d.flush(1000, 200)
	expect("after a flush", 2*one)
	d.holdTurn(func() {
		j, err := d.newJob(plan{hi: 3})
		must(t, err)
		must(t, d.runToEnd(context.Background(), j))
	})
	now := d.File.PagesIn(d.levels()[0].Seg.Size)
	if now >= 2*one {
		t.Fatalf("%d pages on top after a merge, %d before: the test sees nothing", now, 3*one)
	}
	expect("after a merge of newer levels", now)
	d.flush(1000, 200)
	expect("after another flush", now)
	d.holdTurn(d.DropJobs)
	expect("without a merge", 0)
}
