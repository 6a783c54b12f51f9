// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// beginMerge writes the same rows to two levels and begins to merge these.
func (d *desk) beginMerge(rows int) {
	d.t.Helper()
	d.flush(rows, 200)
	d.flush(rows, 200)
	d.holdTurn(func() {
		j, err := d.newJob(plan{hi: 2})
		must(d.t, err)
		d.jobs[merge.Main] = j
	})
}

// TestMergeInParts: a large merge is published as it goes on, and gives up blocks of its inputs.
// One that is dropped is taken up where it was, also with segments on top of it.
func TestMergeInParts(t *testing.T) {
	d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoCheckpoint = 20 << 10 })
	const rows = 3000
	d.flush(rows, 200)
	d.flush(rows, 200)
	half := func() bool { return d.levels()[len(d.levels())-1].Merging != nil }
	whole := d.Ledger.Account()
	d.holdTurn(func() {
		j, err := d.newJob(plan{hi: 2})
		must(t, err)
		d.jobs[merge.Main] = j
	})
	for !half() {
		if n, err := d.work(Order{Pages: 10}); n == 0 || err != nil {
			t.Fatalf("%d pages, %v, before anything was published", n, err)
		}
	}
	d.expectRows(rows)
	m := d.levels()[0].Merging
	if !m.Ours || len(m.RHS) != 2 || d.levels()[0].Age != merge.HalfAge(1, true) {
		t.Errorf("level %+v, merging %+v", d.levels()[0], m)
	}
	for before := len(d.Ledger.Account().Free); len(d.Ledger.Account().Free) <= before; {
		if n, err := d.work(Order{Pages: 10}); n == 0 || err != nil || !half() {
			t.Fatalf("%d pages, %v, before a block was given up", n, err)
		}
	}
	// Dropped: what is published stays, and nothing is reserved any more.
	d.holdTurn(d.DropJobs)
	if got := d.Ledger.Account().Reserved; len(got) != 0 {
		t.Errorf("blocks %v are reserved", got)
	}
	at := d.levels()[0].Seg.Size
	d.flush(rows, 100)
	if len(d.levels()) != 2 || !half() {
		t.Fatalf("%d levels after a flush on top", len(d.levels()))
	}
	d.expectRows(rows)
	before := d.Counters.Pages[ForMerge].Load()
	for half() {
		if n, err := d.work(Order{Pages: 50}); n == 0 || err != nil {
			t.Fatalf("%d pages, %v", n, err)
		}
	}
	if all, n := d.levels()[1].Seg.Size, d.Counters.Pages[ForMerge].Load()-before; n > all-at+20 {
		t.Errorf("%d of %d pages were merged, and %d more written to end the merge", at, all, n)
	}
	if age := d.levels()[1].Age; age != 1 {
		t.Errorf("a merge of two levels of age 0 that was taken up again has age %d", age)
	}
	if got := d.Ledger.Account(); len(got.Reserved) != 0 || got.Blocks > whole.Blocks+10 {
		t.Errorf("%d blocks after the merge, %d before; %v are reserved", got.Blocks, whole.Blocks, got.Reserved)
	}
	d.expectRows(rows)
}

// TestResumedMergeRecordsNoBlockInUseAsFree: a merge that is taken up with nothing on top of it holds
// free-list entries. None of them names a block of what was written before it was taken up.
func TestResumedMergeRecordsNoBlockInUseAsFree(t *testing.T) {
	d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoCheckpoint = 20 << 10 })
	const rows = 3000
	d.beginMerge(rows)
	half := func() *snapshot.Level { return d.levels()[len(d.levels())-1] }
	for half().Merging == nil || len(blocksOf(t, half().Seg)) < 3 {
		if n, err := d.work(Order{Pages: 10}); n == 0 || err != nil {
			t.Fatalf("%d pages, %v, before enough was published", n, err)
		}
	}
	d.holdTurn(d.DropJobs)
	for half().Merging != nil {
		if n, err := d.work(Order{Pages: 50}); n == 0 || err != nil {
			t.Fatalf("%d pages, %v", n, err)
		}
	}
	if len(d.levels()) != 1 {
		t.Fatalf("%d levels, want 1", len(d.levels()))
	}
	recorded, err := cursor.RecordedFree(d.Ledger.Newest().Disk)
	must(t, err)
	if len(recorded) < 3 {
		t.Errorf("the segment holds %d free-list entries: the test sees too little", len(recorded))
	}
	used := blocksOf(t, d.levels()[0].Seg)
	for b := range recorded {
		if used[b] {
			t.Errorf("block %d is recorded as free, and in use", b)
		}
	}
	if n := d.Ledger.Unrecorded(); n > 0 {
		t.Errorf("%d entries are left to the checkpoint, although the segment was to hold all", n)
	}
	d.expectRows(rows)
}

// TestFailedPart: a merge that fails after a part of it was published goes on later.
func TestFailedPart(t *testing.T) {
	d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoCheckpoint = 20 << 10 })
	d.flush(2000, 200)
	d.flush(2000, 200)
	d.holdTurn(func() {
		j, err := d.newJob(plan{hi: 2})
		must(t, err)
		for len(d.levels()) == 2 {
			_, _, err := d.runJob(context.Background(), j, 20)
			must(t, err)
		}
		d.data.write = errFail
		for o := unfinished; o != failed; {
			_, o, _ = d.runJob(context.Background(), j, 20)
		}
		d.data.write = nil
	})
	if got := d.Ledger.Account().Reserved; len(got) != 0 {
		t.Errorf("blocks %v are reserved", got)
	}
	d.expectRows(2000)
	if _, err := d.work(Order{Pages: Unlimited}); err != nil || len(d.levels()) != 1 || d.levels()[0].Merging != nil {
		t.Fatalf("%d levels, %v", len(d.levels()), err)
	}
	d.expectRows(2000)
}

// TestRewriteOfAHalfDoneMerge: it writes what is merged so far again, too, to other blocks.
func TestRewriteOfAHalfDoneMerge(t *testing.T) {
	d := newDesk(t, func(_ *Config, v *tuning.Values) { v.AutoCheckpoint = 20 << 10 })
	const rows = 3000
	d.beginMerge(rows)
	for d.levels()[0].Merging == nil {
		if n, err := d.work(Order{Pages: 10}); n == 0 || err != nil {
			t.Fatalf("%d pages, %v, before anything was published", n, err)
		}
	}
	if len(d.levels()) != 1 || !d.levels()[0].Seg.Continuable() {
		t.Fatalf("%d levels; want one that could go on", len(d.levels()))
	}
	before := blocksOf(t, d.levels()[0].Seg)
	d.holdTurn(func() { must(t, d.rewrite(context.Background())) })
	l := d.levels()
	if len(l) != 1 || l[0].Merging != nil {
		t.Fatalf("%d levels, the first merging %v", len(l), l[0].Merging)
	}
	for b := range blocksOf(t, l[0].Seg) {
		if before[b] {
			t.Errorf("block %d holds what is written again, and held what is suspect", b)
		}
	}
	d.expectRows(rows)
}

func blocksOf(t *testing.T, seg *segment.Segment) map[base.BlockNo]bool {
	t.Helper()
	list, err := seg.Blocks()
	must(t, err)
	in := make(map[base.BlockNo]bool, len(list))
	for _, b := range list {
		in[b] = true
	}
	return in
}
