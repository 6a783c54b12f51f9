// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestFlushOnlyStopsWhenNoOldTreeIsLeft: the merges that are due are left alone.
func TestFlushOnlyStopsWhenNoOldTreeIsLeft(t *testing.T) {
	d := newDesk(t, nil)
	for n := range 6 {
		d.flush(50, 100)
		if got := len(d.levels()); got != n+1 {
			t.Fatalf("%d levels after %d flushes", got, n+1)
		}
	}
	if n, err := d.work(Order{Pages: Unlimited, FlushOnly: true}); n != 0 || err != nil {
		t.Errorf("without an old tree %d pages' worth, %v", n, err)
	}
	if got := d.Counters.Flushes.Load(); got != 6 || d.Counters.Merges.Load() != 0 {
		t.Errorf("%d flushes and %d merges are counted", got, d.Counters.Merges.Load())
	}
	d.expectRows(50)
	if n, err := d.work(Order{Pages: Unlimited}); n == 0 || err != nil || len(d.levels()) != 1 {
		t.Errorf("with merges: %d pages' worth, %v; %d levels are left", n, err, len(d.levels()))
	}
	d.expectRows(50)
}

// TestFewestLevelsOfAMerge: as many of one age as the order says, or the settings.
func TestFewestLevelsOfAMerge(t *testing.T) {
	for name, tt := range map[string]struct{ levels, min, want int }{
		"fewer than the settings say": {3, 0, 3},
		"as many as the settings say": {4, 0, 1},
		"fewer than the order says":   {4, 5, 4},
		"as many as the order says":   {2, 2, 1},
	} {
		d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoMerge = 4 })
		for range tt.levels {
			d.flush(20, 100)
		}
		if _, err := d.work(Order{Pages: Unlimited, MinLevels: tt.min}); err != nil || len(d.levels()) != tt.want {
			t.Errorf("%s: %d levels, want %d; %v", name, len(d.levels()), tt.want, err)
		}
	}
}

// TestBudgetEndsWorkAndTheNextGoesOn: what is not finished goes on with the next order.
func TestBudgetEndsWorkAndTheNextGoesOn(t *testing.T) {
	const rows, size, budget = 1000, 200, 10 // over 200 pages
	d := newDesk(t, nil)
	d.setAside(rows, size)
	rounds, pages := 0, 0
	for d.Ledger.Newest().HasOld {
		n, err := d.work(Order{Pages: budget})
		if err != nil || n < 1 || n > 2*budget {
			t.Fatalf("%d pages' worth of %d, %v", n, budget, err)
		}
		rounds, pages = rounds+1, pages+n
		if j := d.jobs[merge.Flush]; (j != nil) != d.Ledger.Newest().HasOld {
			t.Fatalf("a flush goes on: %t, an old tree: %t", j != nil, d.Ledger.Newest().HasOld)
		}
		if f := Fraction(d.pace.flushed.Load(), d.pace.toFlush.Load()); d.Ledger.Newest().HasOld && (f <= 0 || f >= 1) {
			t.Fatalf("after %d rounds %v of it is flushed", rounds, f)
		}
	}
	if rounds < 200/budget/2 || pages < 200 {
		t.Errorf("%d rounds of %d pages in all", rounds, pages)
	}
	if got := d.Counters.Pages[ForFlush].Load(); got < 200 || d.Counters.Pages[ForMerge].Load() != 0 || d.Counters.Flushes.Load() != 1 {
		t.Errorf("%d pages of %d flushes are counted", got, d.Counters.Flushes.Load())
	}
	d.expectRows(rows)
}

// TestCancelledWorkGoesOnLater: what it has done is not lost, and it has not failed.
func TestCancelledWorkGoesOnLater(t *testing.T) {
	d := newDesk(t, nil)
	d.setAside(1000, 200)
	if _, err := d.work(Order{Pages: 20}); err != nil {
		t.Fatal(err)
	}
	j := d.jobs[merge.Flush]
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d.holdTurn(func() {
		if n, err := d.Work(ctx, Order{Pages: Unlimited}); n != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d pages' worth, %v", n, err)
		}
		if _, o, err := d.runJob(ctx, j, math.MaxInt64); o != unfinished || !errors.Is(err, context.Canceled) {
			t.Errorf("outcome %d, %v; want unfinished", o, err)
		}
	})
	if d.jobs[merge.Flush] != j || d.Counters.WorkErrors.Load() != 0 {
		t.Error("the job is lost, or counts as failed")
	}
	if _, err := d.work(Order{Pages: Unlimited}); err != nil || d.Ledger.Newest().HasOld {
		t.Errorf("an old tree: %t, %v", d.Ledger.Newest().HasOld, err)
	}
	d.expectRows(1000)
}

// TestFailedJobIsGivenUp: its blocks are free again, the old tree waits, and the next order
// begins again.
func TestFailedJobIsGivenUp(t *testing.T) {
	var ended []Job
	d := newDesk(t, func(c *Config, _ *tuning.Values) { c.Events.Flushed = func(j Job) { ended = append(ended, j) } })
	d.setAside(1000, 200)
	if _, err := d.work(Order{Pages: 20}); err != nil || len(d.Ledger.Account().Reserved) == 0 {
		t.Fatal(d.Ledger.Account(), err)
	}
	d.data.write = errFail
	if _, err := d.work(Order{Pages: Unlimited}); !errors.Is(err, errFail) || !errors.Is(err, errs.ErrIO) {
		t.Errorf("%v", err)
	}
	if d.working != flushTask || d.Counters.WorkErrors.Load() != 1 || len(ended) != 1 || !errors.Is(ended[0].Err, errFail) {
		t.Errorf("work of kind %d; %d errors, jobs %+v", d.working, d.Counters.WorkErrors.Load(), ended)
	}
	if got := d.Ledger.Account().Reserved; len(got) != 0 || d.jobs[merge.Flush] != nil || !d.Ledger.Newest().HasOld {
		t.Errorf("blocks %v are reserved, an old tree: %t", got, d.Ledger.Newest().HasOld)
	}
	d.data.write = nil
	if _, err := d.work(Order{Pages: Unlimited}); err != nil {
		t.Error(err)
	}
	if len(ended) != 2 || ended[1].Err != nil || ended[1].Output == nil || ended[1].Output.Size < 200 || ended[1].TreeBytes < 200_000 {
		t.Errorf("jobs %+v", ended)
	}
	d.expectRows(1000)
}

// TestPatientWorkLeavesFailuresAlone until their pause is over, while other work is done.
func TestPatientWorkLeavesFailuresAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		for range 4 {
			d.flush(20, 100)
		}
		d.failures.add(mergeTask, errFail)
		d.setAside(20, 100)
		if _, err := d.work(Order{Pages: Unlimited, Patient: true}); err != nil || d.Ledger.Newest().HasOld || len(d.levels()) != 5 {
			t.Errorf("an old tree: %t, %d levels, %v", d.Ledger.Newest().HasOld, len(d.levels()), err)
		}
		d.setAside(20, 100)
		d.failures.add(flushTask, errFail)
		if n, err := d.work(Order{Pages: Unlimited, Patient: true}); n != 0 || err != nil || !d.Ledger.Newest().HasOld {
			t.Errorf("%d pages' worth are done, %v", n, err)
		}
		if _, err := d.work(Order{Pages: Unlimited, FlushOnly: true}); err != nil || d.Ledger.Newest().HasOld {
			t.Errorf("what is not patient waits, too: %v", err)
		}
		if d.failures.wait(flushTask) != 0 {
			t.Error("a flush that has succeeded is left alone")
		}
		time.Sleep(firstPause)
		if _, err := d.work(Order{Pages: Unlimited, Patient: true}); err != nil || len(d.levels()) != 1 {
			t.Errorf("after the pause %d levels, %v", len(d.levels()), err)
		}
	})
}

// TestPatientFlushDoesNotBeginAMerge that has failed, which has to go first where there are too
// many segments.
func TestPatientFlushDoesNotBeginAMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoMerge = 100 })
		for range merge.MaxSegments {
			d.flush(5, 100)
		}
		d.failures.add(mergeTask, errFail)
		d.setAside(5, 100)
		n, err := d.work(Order{Pages: Unlimited, FlushOnly: true, Patient: true})
		if n != 0 || err != nil || len(d.levels()) != merge.MaxSegments {
			t.Errorf("%d pages' worth, %v; %d levels", n, err, len(d.levels()))
		}
		time.Sleep(firstPause)
		if _, err := d.work(Order{Pages: Unlimited, FlushOnly: true, Patient: true}); err != nil || d.Ledger.Newest().HasOld {
			t.Errorf("after the pause an old tree: %t, %v", d.Ledger.Newest().HasOld, err)
		}
		d.expectRows(5)
	})
}

// TestResultWithoutRootTakesInTheLevelAbove: a job whose result may not be published alone is
// done again with the next newer level, to the end.
func TestResultWithoutRootTakesInTheLevelAbove(t *testing.T) {
	d := newDesk(t, nil)
	d.flush(1, 10, "b")
	d.flush(0, 0, "00000")
	d.flush(1, 10)
	levels := d.levels() // row 00000, deleted, and again
	levels[0].Seg.MayLink = true
	d.holdTurn(func() {
		j, err := d.newJob(plan{lo: 1, hi: 3})
		must(t, err)
		before := d.Ledger.Newest()
		if _, o, err := d.runJob(context.Background(), j, math.MaxInt64); o != widen || err != nil {
			t.Fatalf("outcome %d, %v; want widen", o, err)
		}
		if d.Ledger.Newest() != before || len(d.Ledger.Account().Reserved) != 0 {
			t.Error("something was published, or is reserved still")
		}
		j, err = d.newJob(plan{lo: 1, hi: 3})
		must(t, err)
		d.jobs[merge.Main] = j
		_, err = d.Work(context.Background(), Order{Pages: Unlimited})
		must(t, err)
	})
	if len(d.levels()) != 1 || d.jobs[merge.Main] != nil {
		t.Errorf("%d levels, a job goes on: %t", len(d.levels()), d.jobs[merge.Main] != nil)
	}
	d.expectRows(1)
}

// TestJobOutcomes: unfinished while it has more to do, published at its end.
func TestJobOutcomes(t *testing.T) {
	d := newDesk(t, nil)
	d.flush(500, 200)
	d.flush(500, 200)
	d.holdTurn(func() {
		j, err := d.newJob(plan{hi: 2})
		must(t, err)
		cost, o, err := d.runJob(context.Background(), j, 4*1024)
		if o != unfinished || err != nil || cost < 4*1024 || cost > 5*1024 || len(d.levels()) != 2 {
			t.Fatalf("outcome %d, cost %d, %v; %d levels", o, cost, err, len(d.levels()))
		}
		for o == unfinished {
			if _, o, err = d.runJob(context.Background(), j, 50*1024); err != nil {
				t.Fatal(err)
			}
		}
		if o != published || len(d.levels()) != 1 || d.Counters.Merges.Load() != 1 {
			t.Errorf("outcome %d, %d levels, %d merges", o, len(d.levels()), d.Counters.Merges.Load())
		}
		d.data.write = errFail
		j, err = d.newJob(plan{hi: 1})
		must(t, err)
		if _, o, err = d.runJob(context.Background(), j, math.MaxInt64); o != failed || !errors.Is(err, errFail) {
			t.Errorf("outcome %d, %v; want failed", o, err)
		}
	})
	if got := d.Ledger.Account().Reserved; len(got) != 0 {
		t.Errorf("blocks %v are reserved", got)
	}
	d.expectRows(500)
}

// TestDroppedJobsHoldNothing: what they have reserved is free again.
func TestDroppedJobsHoldNothing(t *testing.T) {
	d := newDesk(t, nil)
	d.setAside(1000, 200)
	if _, err := d.work(Order{Pages: 20}); err != nil || len(d.Ledger.Account().Reserved) == 0 {
		t.Fatal(d.Ledger.Account(), err)
	}
	d.holdTurn(d.DropJobs)
	if got := d.Ledger.Account().Reserved; len(got) != 0 || d.jobs != ([merge.NumSlots]*job{}) {
		t.Errorf("blocks %v are reserved for jobs %v", got, d.jobs)
	}
}

// TestWorkBeginsToWriteWhatASyncWaitsFor, and leaves it alone where nothing is ever synced.
func TestWorkBeginsToWriteWhatASyncWaitsFor(t *testing.T) {
	for _, sync := range []tuning.Sync{tuning.Never, tuning.Checkpoints, tuning.Commits} {
		d := newDesk(t, func(_ *Config, v *tuning.Values) { v.Sync = sync })
		d.flush(12_000, 200) // more than 2 MiB
		if begun := d.data.started > 0; begun != (sync != tuning.Never) {
			t.Errorf("sync %d: begun %d times", sync, d.data.started)
		}
	}
}
