// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/index"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestIndexOfARunningJobCounts: what a job makes for searches in its result is within the budget
// before it is published, too. Where both do not fit it makes fences alone, or nothing. What it does
// not use any more is given back, also if the job is dropped or taken up again.
func TestIndexOfARunningJobCounts(t *testing.T) {
	const rows = 3000
	fence := func(pages int64) int64 { return 12 * pages }
	kinds := map[string]int{}
	for budget := int64(24 << 10); budget < 96<<10; budget += 4 << 10 {
		d := newDesk(t, func(c *Config, v *tuning.Values) {
			c.Index = index.New(c.Ledger, budget)
			v.AutoCheckpoint = 20 << 10
		})
		used := func() int64 {
			fences, filters := d.Index.Sizes()
			return fences + filters
		}
		expectNothingReserved := func(when string) {
			t.Helper()
			left := budget - used()
			room := d.Index.Reserve(index.Planned{Records: budget, Pages: left / 12})
			if !room.Fences {
				t.Errorf("budget %d, %s: less than %d bytes are free", budget, when, left)
			}
			d.Index.Release(room)
		}
		for range 3 {
			d.flush(rows, 200)
		}
		expectNothingReserved("after flushes")
		var j *job
		begin := func(p plan) {
			t.Helper()
			d.holdTurn(func() {
				var err error
				j, err = d.newJob(p)
				must(t, err)
				d.jobs[merge.Main] = j
			})
		}
		begin(plan{hi: 3})
		made := int64(0)
		kind := "nothing"
		if j.room.Fences {
			kind, made = "fences", fence(j.inputPages/3) // two of three records are overwritten
		}
		if j.room.Keys > 0 {
			kind, made = "both", made+filter.BytesFor(j.room.Keys)
		}
		kinds[kind]++
		if n := used() + made; n > budget {
			t.Errorf("budget %d: %s take %d bytes together with what there is", budget, kind, n)
		}
		half := func() bool { return d.levels()[0].Merging != nil }
		for !half() {
			if n, err := d.work(Order{Pages: 10}); n == 0 || err != nil {
				t.Fatal(n, err)
			}
		}
		d.holdTurn(d.DropJobs)
		expectNothingReserved("after the merge was dropped")
		begin(plan{hi: 1})
		if j.Spec().Onto == nil || j.room.Keys > 0 {
			t.Errorf("budget %d: a merge that goes on makes a filter of %d keys", budget, j.room.Keys)
		}
		for half() {
			if n, err := d.work(Order{Pages: 50}); n == 0 || err != nil {
				t.Fatal(n, err)
			}
			if n := used(); n > budget {
				t.Errorf("budget %d: fences and filters take %d bytes", budget, n)
			}
		}
		expectNothingReserved("after the merge")
		d.expectRows(rows)
	}
	if kinds["nothing"] == 0 || kinds["fences"] == 0 || kinds["both"] == 0 {
		t.Errorf("jobs made %v: the test sees too little", kinds)
	}
	t.Log(kinds)
}
