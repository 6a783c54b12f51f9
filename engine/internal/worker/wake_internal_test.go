// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// withMerger makes a desk whose merger does its rounds when the test says so.
func withMerger(t *testing.T) *desk {
	d := newDesk(t, func(c *Config, _ *tuning.Values) { c.HasMerger = true })
	d.bg.merger = make(chan struct{}, 1)
	d.rounds(nil)
	return d
}

// rounds is what the merger does when it is woken.
func (d *desk) rounds(want error) {
	d.t.Helper()
	for more := true; more; {
		var err error
		if more, err = d.mergerRound(context.Background()); !errors.Is(err, want) {
			d.t.Fatalf("the merger's round: %v, want %v", err, want)
		}
	}
}

// expectWoken looks whether a small commit wakes the merger.
func (d *desk) expectWoken(want bool, when string) {
	d.t.Helper()
	d.AfterCommit(100)
	select {
	case <-d.bg.merger:
		if !want {
			d.t.Errorf("%s: the merger is woken", when)
		}
	default:
		if want {
			d.t.Errorf("%s: nobody wakes the merger", when)
		}
	}
}

// TestMergerSleepsWhileThereIsNothingToDo, and each reason for work wakes it.
func TestMergerSleepsWhileThereIsNothingToDo(t *testing.T) {
	d := withMerger(t)
	d.expectWoken(false, "in an empty database")

	d.setAside(1000, 200)
	d.expectWoken(true, "a tree waits")
	d.expectWoken(true, "it waits still")
	d.rounds(nil)
	d.expectWoken(false, "the tree is flushed")

	d.flush(10, 100)
	d.expectWoken(true, "another goroutine has flushed")
	d.rounds(nil)
	d.expectWoken(false, "the merger has seen that")

	v := *d.tuning.Load()
	v.AutoMerge = 2
	d.tuning.Store(v)
	d.expectWoken(true, "less is worth a merge")
	d.rounds(nil)
	if len(d.levels()) != 1 {
		t.Errorf("%d levels", len(d.levels()))
	}
	d.expectWoken(false, "the merge is done")

	// A merge that somebody has begun on request is left to the merger.
	d.flush(1000, 200)
	d.rounds(nil)
	v.AutoMerge = 10
	d.tuning.Store(v)
	d.flush(1000, 200)
	d.rounds(nil)
	d.expectWoken(false, "two levels are not worth a merge")
	if n, err := d.work(Order{Pages: 5, MinLevels: 2}); n < 5 || err != nil || !d.merging() {
		t.Fatalf("%d pages' worth, %v; a merge goes on: %t", n, err, d.merging())
	}
	d.expectWoken(true, "a merge goes on")
	d.rounds(nil)
	if d.merging() || len(d.levels()) != 1 {
		t.Errorf("a merge goes on: %t; %d levels", d.merging(), len(d.levels()))
	}
	d.expectRows(1000)

	v.AutoWork = false
	d.tuning.Store(v)
	d.setAside(10, 10)
	d.expectWoken(false, "commits do no work")
	d.rounds(nil)
	v.AutoWork = true
	d.tuning.Store(v)
	d.expectWoken(true, "commits do work again")
}

// TestMergerIsWokenWhileWorkFails: what it has found in a round that failed, or that left work
// alone, does not count.
func TestMergerIsWokenWhileWorkFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := withMerger(t)
		for range 3 {
			d.flush(20, 100)
			d.rounds(nil)
		}
		d.expectWoken(false, "three levels are not worth a merge")
		d.flush(20, 100)
		d.data.write = errFail
		d.rounds(errFail)
		d.expectWoken(true, "a merge has failed")
		d.rounds(nil)
		d.expectWoken(true, "it is left alone")
		d.data.write = nil
		time.Sleep(firstPause)
		d.expectWoken(true, "the pause is over")
		d.rounds(nil)
		if len(d.levels()) != 1 {
			t.Errorf("%d levels", len(d.levels()))
		}
		d.expectWoken(false, "the merge is done")
	})
}

// TestMergerTriesAgainWithoutCommits: nothing but its own clock wakes it after a round that has
// failed, whatever it was that failed.
func TestMergerTriesAgainWithoutCommits(t *testing.T) {
	for kind, name := range []string{flushTask: "flush", mergeTask: "merge", checkpointTask: "checkpoint"} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { triesAgain(t, task(kind)) }) })
	}
}

func triesAgain(t *testing.T, kind task) {
	var failing atomic.Bool
	d := newDesk(t, func(c *Config, v *tuning.Values) {
		c.HasMerger, v.AutoMerge, v.AutoCheckpoint = true, 2, 100<<20
		c.Host.BeforeStore = func() error {
			if failing.Load() {
				return errFail
			}
			return nil
		}
	})
	d.flush(500, 200)
	switch kind {
	case mergeTask:
		d.flush(500, 200)
		d.data.write = errFail
	case flushTask:
		d.setAside(500, 200)
		d.data.write = errFail
	case checkpointTask:
		d.setAside(500, 200)
		v := *d.tuning.Load()
		v.AutoCheckpoint = 10 << 10
		d.tuning.Store(v)
		failing.Store(true)
	}
	d.Start()
	defer d.Stop()
	pause := firstPause
	for round := range int64(3) {
		synctest.Wait()
		d.failures.mu.Lock()
		got := d.failures.pause[kind]
		d.failures.mu.Unlock()
		if got != pause || d.failures.kept.Load() != 1 {
			t.Fatalf("after %d rounds the pause is %v, want %v; %d errors are kept", round+1, got, pause, d.failures.kept.Load())
		}
		time.Sleep(pause)
		pause *= 2
	}
	synctest.Wait()
	d.holdTurn(func() { d.data.write = nil; failing.Store(false) })
	time.Sleep(pause)
	synctest.Wait()
	if d.Ledger.Newest().HasOld || len(d.levels()) != 1 {
		t.Errorf("after the pause an old tree: %t; %d levels", d.Ledger.Newest().HasOld, len(d.levels()))
	}
	if synced := d.Ledger.Stored().Synced; (synced == d.Ledger.Newest().Disk.ID) != (kind == checkpointTask) {
		t.Errorf("checkpoint %d is synced", synced)
	}
	if d.failures.failing[kind].Load() {
		t.Error("it counts as failing still")
	}
	d.expectRows(500)
}
