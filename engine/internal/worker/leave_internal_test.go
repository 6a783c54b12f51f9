// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
)

// beginYoungMerge writes the same rows to five levels, and begins to merge the four newer ones.
func beginYoungMerge(t *testing.T, rows, pages int) *desk {
	t.Helper()
	d := newDesk(t, nil)
	for range 5 {
		d.flush(rows, 200)
	}
	d.holdTurn(func() {
		j, err := d.newJob(plan{hi: 4})
		must(t, err)
		d.jobs[merge.Main] = j
	})
	if n, err := d.work(Order{Pages: pages}); n < pages || err != nil || len(d.levels()) != 5 {
		t.Fatalf("%d pages, %v, and %d levels", n, err, len(d.levels()))
	}
	return d
}

// TestLeaveJobs: what is done of a merge of newer levels is published when the database is closed.
// It goes on from there, also with segments on top of it.
func TestLeaveJobs(t *testing.T) {
	const rows = 2000
	d := beginYoungMerge(t, rows, 200)
	d.holdTurn(d.LeaveJobs)
	half := d.levels()[0]
	if len(d.levels()) != 2 || half.Merging == nil || !half.Merging.Ours || half.Seg.Size < 190 || half.Age != 0 {
		t.Fatalf("%d levels; the first is %+v, merging %+v", len(d.levels()), half, half.Merging)
	}
	if got := d.Ledger.Account().Reserved; len(got) != 0 || d.merging() {
		t.Errorf("blocks %v are reserved, a merge is in progress: %t", got, d.merging())
	}
	d.expectRows(rows)
	d.flush(rows, 100)
	before := d.Counters.Pages[ForMerge].Load()
	for len(d.levels()) == 3 && d.levels()[1].Merging != nil {
		if n, err := d.work(Order{Pages: 50}); n == 0 || err != nil {
			t.Fatalf("%d pages, %v", n, err)
		}
	}
	if len(d.levels()) != 3 || d.levels()[1].Age != 0 {
		t.Fatalf("%d levels, the merged one of age %d", len(d.levels()), d.levels()[1].Age)
	}
	if all, n := d.levels()[1].Seg.Size, d.Counters.Pages[ForMerge].Load()-before; n > all-half.Seg.Size+20 {
		t.Errorf("%d of %d pages were merged, and %d more written to end the merge", half.Seg.Size, all, n)
	}
	d.expectRows(rows)
}

// TestLeaveLittle: some pages are not worth it.
func TestLeaveLittle(t *testing.T) {
	d := beginYoungMerge(t, 2000, 8)
	d.holdTurn(d.LeaveJobs)
	if got := d.Ledger.Account().Reserved; len(d.levels()) != 5 || d.merging() || len(got) != 0 {
		t.Errorf("%d levels, a merge is in progress: %t, blocks %v are reserved", len(d.levels()), d.merging(), got)
	}
	d.expectRows(2000)
}

// TestLeaveFails: a merge that cannot be published is given up, and nothing else is lost.
func TestLeaveFails(t *testing.T) {
	d := beginYoungMerge(t, 2000, 200)
	d.data.write = errFail
	d.holdTurn(d.LeaveJobs)
	d.data.write = nil
	if got := d.Ledger.Account().Reserved; len(d.levels()) != 5 || d.merging() || len(got) != 0 {
		t.Errorf("%d levels, a merge is in progress: %t, blocks %v are reserved", len(d.levels()), d.merging(), got)
	}
	if n := d.Counters.WorkErrors.Load(); n != 1 {
		t.Errorf("%d errors were counted, want 1", n)
	}
	d.expectRows(2000)
	if _, err := d.work(Order{Pages: Unlimited, MinLevels: 2}); err != nil {
		t.Fatal(err)
	}
	d.expectRows(2000)
}
