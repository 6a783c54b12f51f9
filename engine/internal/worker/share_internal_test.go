// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestCommitOwesWorkInProportion: nothing for a few bytes, about as many bytes for each level
// as were written when they have come together, and nothing while nothing waits.
func TestCommitOwesWorkInProportion(t *testing.T) {
	d := newDesk(t, nil)
	d.pace.credit = 5000 // from before
	d.AfterCommit(1 << 20)
	if d.pace.credit != 0 || d.jobs != ([merge.NumSlots]*job{}) {
		t.Errorf("without anything to do a commit owes %d bytes", d.pace.credit)
	}
	d.setAside(1000, 200)
	const bytes = 100
	commits := 0
	for d.pace.flushed.Load() == 0 && commits < 1000 {
		d.AfterCommit(bytes)
		commits++
	}
	// With an old tree and no level each byte counts three times.
	if want := leastShare / (3*bytes + 1); commits < want || commits > want+2 {
		t.Errorf("after %d commits of %d bytes something is flushed, want about %d", commits, bytes, want)
	}
	if d.pace.credit >= leastShare {
		t.Errorf("%d bytes are owed still", d.pace.credit)
	}
	before := d.pace.flushed.Load()
	d.AfterCommit(10 << 10)
	const rows = 4 // of a page
	if got := (d.pace.flushed.Load() - before) / rows; got < 25 || got > 50 {
		t.Errorf("a commit of 10 pages flushes about %d, want three times as many", got)
	}
}

// TestSmallCommitsWorkInSmallSlices: no commit does much more than is worth beginning with, and
// together they do all that they owe.
func TestSmallCommitsWorkInSmallSlices(t *testing.T) {
	const bytes, rows, size = 100, 1000, 200
	d := newDesk(t, nil)
	d.setAside(rows, size)
	most := int64(leastShare/(size+5) + 1)
	commits := 0
	for ; d.Ledger.Newest().HasOld; commits++ {
		before := d.pace.flushed.Load()
		d.AfterCommit(bytes)
		if n := d.pace.flushed.Load() - before; n > most {
			t.Fatalf("commit %d flushes %d rows, want %d at most", commits, n, most)
		}
	}
	owed := commits * (3*bytes + 1)
	if written := rows * size; owed < written || owed > written+written/4 {
		t.Errorf("%d commits, which owed %d bytes, have flushed %d", commits, owed, written)
	}
}

// TestOverdoneIsMadeUpForInPart: what a commit has done beyond what was owed is taken from what the next ones
// owe, but not more than a small step's worth: a long value does not stop the work for as long.
func TestOverdoneIsMadeUpForInPart(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []struct{ over, credit int64 }{{-1, 700}, {0, 700}, {100, 600}, {leastShare, 700 - leastShare}, {1 << 30, 700 - leastShare}} {
		d.pace.credit = 700
		if d.pace.overdone(c.over); int64(d.pace.credit) != c.credit {
			t.Errorf("after %d bytes too many, %d are owed, want %d", c.over, d.pace.credit, c.credit)
		}
	}
	const rows, size = 100, 20 << 10
	d.setAside(rows, size)
	commits := 0
	for ; d.Ledger.Newest().HasOld; commits++ {
		d.AfterCommit(1000)
	}
	if commits > 2*rows {
		t.Errorf("%d commits to flush %d long rows", commits, rows)
	}
}

// TestNothingIsLookedForAgain: once a commit has found nothing to merge, the next ones owe nothing,
// until there is something new.
func TestNothingIsLookedForAgain(t *testing.T) {
	d := newDesk(t, nil)
	d.flush(50, 100)
	d.flush(50, 100)
	d.AfterCommit(1 << 20)
	if !d.nothingLeft(d.Ledger.Newest()) {
		t.Fatal("two levels are worth a merge")
	}
	d.AfterCommit(100)
	if d.pace.credit != 0 {
		t.Errorf("%d bytes are owed", d.pace.credit)
	}
	d.flush(50, 100)
	d.flush(50, 100)
	d.AfterCommit(1 << 20)
	if n := len(d.levels()); n >= 4 {
		t.Errorf("%d levels; they are not merged", n)
	}
}

// TestCommitFlushesAsFarAsTheLiveTreeIsFilled, and no further.
func TestCommitFlushesAsFarAsTheLiveTreeIsFilled(t *testing.T) {
	d := newDesk(t, nil)
	d.setAside(2000, 200)
	d.AfterCommit(1)
	if d.pace.flushed.Load() != 0 {
		t.Error("something is flushed though the live tree is empty")
	}
	d.live.fill = inline.end / 2
	d.AfterCommit(1)
	if f := Fraction(d.pace.flushed.Load(), d.pace.toFlush.Load()); f < 0.5 || f > 0.7 {
		t.Errorf("%v of the old tree is flushed, want half of it", f)
	}
	d.live.fill = inline.end
	d.AfterCommit(1)
	if d.Ledger.Newest().HasOld {
		t.Error("the old tree waits still")
	}
	if d.live.rotated != 0 || d.Counters.Stalls[StallFlush].Count.Load() != 0 {
		t.Error("the live tree is taken to be full")
	}
}

// TestFullTreeIsFlushedAndTheLiveOneFollows in one commit, which is held back for that.
func TestFullTreeIsFlushedAndTheLiveOneFollows(t *testing.T) {
	var shares []Share
	d := newDesk(t, func(c *Config, _ *tuning.Values) { c.Events.Worked = func(s Share) { shares = append(shares, s) } })
	d.setAside(1000, 200)
	d.live.fill = 1
	d.AfterCommit(1)
	if d.Ledger.Newest().HasOld || d.live.rotated != 1 || d.Counters.Stalls[StallFlush].Count.Load() != 1 {
		t.Errorf("an old tree: %t; the live one followed %d times", d.Ledger.Newest().HasOld, d.live.rotated)
	}
	if len(shares) != 1 || shares[0].By != ByCommit || shares[0].Pages < 200 || shares[0].Err != nil {
		t.Errorf("shares %+v", shares)
	}
	d.expectRows(1000)
}

// TestCommitLeavesWorkToWhoDoesIt: without autowork to its callers, and to the goroutine that
// has the worker's turn.
func TestCommitLeavesWorkToWhoDoesIt(t *testing.T) {
	d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoWork = false })
	d.setAside(1000, 200)
	d.live.fill = 1
	d.AfterCommit(1 << 20)
	if !d.Ledger.Newest().HasOld {
		t.Error("flushed without autowork")
	}
	d = newDesk(t, nil)
	d.setAside(1000, 200)
	d.holdTurn(func() { d.AfterCommit(1 << 20) }) // which returns
	if !d.Ledger.Newest().HasOld {
		t.Error("flushed without the turn")
	}
}

// TestErrorOfACommitsWorkIsKept for the next transaction: the commit itself has not failed.
func TestErrorOfACommitsWorkIsKept(t *testing.T) {
	d := newDesk(t, nil)
	d.setAside(1000, 200)
	d.data.write = errFail
	d.AfterCommit(1 << 20)
	if d.failures.kept.Load() != 1 || !d.failures.failing[flushTask].Load() {
		t.Errorf("%d errors are kept", d.failures.kept.Load())
	}
	d.data.write = nil
	d.AfterCommit(1 << 20)
	if !d.Ledger.Newest().HasOld {
		t.Error("it is tried again before its pause is over")
	}
}
