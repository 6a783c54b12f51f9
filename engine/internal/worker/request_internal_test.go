// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestRequestWorksInSlices: between them others have the turn, and the progress is told.
func TestRequestWorksInSlices(t *testing.T) {
	d := newDesk(t, nil)
	var told []Progress
	r := d.NewRequest("work", ByWork, func(p Progress) {
		if !d.Turn.Try() {
			t.Error("somebody has the turn")
		} else {
			d.Turn.Release()
		}
		told = append(told, p)
	})
	r.Begin(PhaseMerge, 30)
	slice := 0
	err := r.InSlices(context.Background(), func() (int, bool, error) {
		if d.Turn.Try() {
			t.Error("a slice has no turn")
		}
		slice++
		return 10 * slice, slice == 3, nil
	})
	want := []Progress{
		{Phase: PhaseMerge, PhaseTotal: 30},
		{Phase: PhaseMerge, PagesWritten: 10, PhasePages: 10, PhaseTotal: 30},
		{Phase: PhaseMerge, PagesWritten: 30, PhasePages: 30, PhaseTotal: 30},
		{Phase: PhaseMerge, PagesWritten: 60, PhasePages: 60, PhaseTotal: 30},
	}
	if err != nil || !slices.Equal(told, want) {
		t.Errorf("told %+v, want %+v; %v", told, want, err)
	}
	r.Begin(PhaseCheckpoint, 0)
	if last := told[len(told)-1]; last != (Progress{Phase: PhaseCheckpoint, PagesWritten: 60}) {
		t.Errorf("the next phase begins with %+v", last)
	}
}

// TestRequestEnds with an error of a slice, its context, or a database that nothing can be
// written to any more; and it keeps no turn.
func TestRequestEnds(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, tt := range map[string]struct {
		ctx     context.Context
		stopped error
		want    error
		slices  int
	}{
		"a slice fails":     {context.Background(), nil, errFail, 2},
		"its context ended": {cancelled, nil, context.Canceled, 0},
		"stopped":           {context.Background(), errFail, errFail, 0},
	} {
		d := newDesk(t, nil)
		d.stop(tt.stopped)
		n := 0
		err := d.NewRequest("work", ByWork, nil).InSlices(tt.ctx, func() (int, bool, error) {
			if n++; n == 2 {
				return 0, false, errFail
			}
			return 1, false, nil
		})
		if !errors.Is(err, tt.want) || n != tt.slices || d.Turn.TakenAt() != 0 {
			t.Errorf("%s: %v after %d slices; the turn was taken at %d", name, err, n, d.Turn.TakenAt())
		}
	}
}

// TestSomeWorkIsReportedOnce: all slices of a request together, and whether nothing is left.
func TestSomeWorkIsReportedOnce(t *testing.T) {
	var shares []Share
	d := newDesk(t, func(c *Config, _ *tuning.Values) { c.Events.Worked = func(s Share) { shares = append(shares, s) } })
	d.flush(1000, 200)
	d.setAside(1000, 200)
	r := d.NewRequest("work", ByWork, nil)
	err := r.Some(context.Background(), 100, 0)
	if r.End(err); err != nil || r.Done || r.PagesWritten < 100 || r.PagesWritten > 200 {
		t.Errorf("of 100 pages %d are written, done: %t, %v", r.PagesWritten, r.Done, err)
	}
	if len(shares) != 1 || shares[0].By != ByWork || shares[0].Pages < 90 {
		t.Errorf("shares %+v", shares)
	}
	r = d.NewRequest("work", ByWork, nil)
	if r.End(r.Some(context.Background(), 0, 0)); len(shares) != 1 {
		t.Errorf("nothing is reported as %+v", shares[1:])
	}
	r = d.NewRequest("work", ByWork, nil)
	if err := r.Some(context.Background(), Unlimited, 1); err != nil || !r.Done || len(d.levels()) != 1 || d.Ledger.Newest().HasOld {
		t.Errorf("without a bound: done %t, %d levels, %v", r.Done, len(d.levels()), err)
	}
	d.expectRows(1000)
}

// TestOptimizeLeavesNoGaps: one segment at the beginning of the file, durable, and nothing
// after it.
func TestOptimizeLeavesNoGaps(t *testing.T) {
	d := newDesk(t, nil)
	for range 5 {
		d.flush(2000, 200)
	}
	before, err := d.data.Size()
	must(t, err)
	r := d.NewRequest("optimize", ByOptimize, nil)
	must(t, r.Optimize(context.Background()))
	size, err := d.data.Size()
	must(t, err)
	pages := d.levels()[0].Seg.Size
	if len(d.levels()) != 1 || !r.Done || r.Phase != PhaseTruncate || size >= before || size > pages*1024+3*64<<10 {
		t.Errorf("%d levels, done %t; %d bytes of %d for %d pages", len(d.levels()), r.Done, size, before, pages)
	}
	if got := d.Ledger.Stored().Synced; got != d.Ledger.Newest().Disk.ID {
		t.Errorf("checkpoint %d is synced, the newest state is %d", got, d.Ledger.Newest().Disk.ID)
	}
	d.expectRows(2000)
	// There is nothing left to do.
	r = d.NewRequest("optimize", ByOptimize, nil)
	if must(t, r.Optimize(context.Background())); r.PagesWritten != 0 {
		t.Errorf("again %d pages are written", r.PagesWritten)
	}
}

// TestGoroutinesWorkWhenTheyAreWoken, and end with Stop.
func TestGoroutinesWorkWhenTheyAreWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(c *Config, v *tuning.Values) {
			c.HasMerger, c.HasCheckpointer, v.AutoCheckpoint = true, true, 10<<10
		})
		d.Start()
		defer d.Stop()
		synctest.Wait()
		d.setAside(1000, 200)
		synctest.Wait()
		if !d.Ledger.Newest().HasOld {
			t.Error("the old tree is flushed though nobody was woken")
		}
		d.data.write = errFail
		d.AfterCommit(100)
		synctest.Wait()
		if !d.Ledger.Newest().HasOld || d.failures.kept.Load() != 1 {
			t.Errorf("an old tree: %t; %d errors are kept", d.Ledger.Newest().HasOld, d.failures.kept.Load())
		}
		d.holdTurn(func() { d.data.write = nil })
		time.Sleep(firstPause)
		synctest.Wait()
		if d.Ledger.Newest().HasOld || d.Ledger.Stored().Synced != d.Ledger.Newest().Disk.ID {
			t.Errorf("after the pause an old tree: %t; checkpoint %d is synced", d.Ledger.Newest().HasOld, d.Ledger.Stored().Synced)
		}
	})
}
