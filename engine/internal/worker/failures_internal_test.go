// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

var errFull = &errs.Error{Code: errs.CodeFull, Op: "write"}

// TestPausesDouble: each failure of a kind doubles its pause, up to the longest, and a success
// ends it. Other kinds are not held back.
func TestPausesDouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f failures
		for i, want := range []time.Duration{10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000} {
			f.add(mergeTask, errFail)
			if got := f.wait(mergeTask); got != want*time.Millisecond {
				t.Fatalf("after %d failures %v, want %v", i+1, got, want*time.Millisecond)
			}
			if f.wait(flushTask) != 0 || f.wait(checkpointTask) != 0 {
				t.Fatal("what has not failed is left alone, too")
			}
		}
		time.Sleep(4999 * time.Millisecond)
		if got := f.wait(mergeTask); got != time.Millisecond {
			t.Errorf("a little before the end %v", got)
		}
		f.settle(mergeTask)
		if !f.failing[mergeTask].Load() {
			t.Error("what is left alone counts as settled")
		}
		time.Sleep(time.Millisecond)
		if got := f.wait(mergeTask); got != 0 || !f.failing[mergeTask].Load() {
			t.Errorf("after the pause %v", got)
		}
		f.settle(mergeTask)
		if f.failing[mergeTask].Load() {
			t.Error("what has nothing left to do counts as failing")
		}
		f.add(mergeTask, errFail)
		if got := f.wait(mergeTask); got != firstPause {
			t.Errorf("after a success the pause is %v", got)
		}
		f.done(mergeTask)
		if got := f.wait(mergeTask); got != 0 {
			t.Errorf("a success leaves a pause of %v", got)
		}
	})
}

// TestEachKindKeepsItsFirstError, until a transaction is told, once.
func TestEachKindKeepsItsFirstError(t *testing.T) {
	var f failures
	second := errors.New("another one")
	f.add(flushTask, errFail)
	f.add(flushTask, second)
	f.add(checkpointTask, second)
	if got := f.kept.Load(); got != 2 {
		t.Errorf("%d errors are kept, want 2", got)
	}
	for kind, want := range map[task]error{flushTask: errFail, mergeTask: nil, checkpointTask: second} {
		if got := f.take(kind); got != want {
			t.Errorf("kind %d: %v, want %v", kind, got, want)
		}
		if got := f.take(kind); got != nil {
			t.Errorf("kind %d: %v a second time", kind, got)
		}
	}
	if got := f.kept.Load(); got != 0 {
		t.Errorf("%d errors are left", got)
	}
	f.add(flushTask, second)
	if got := f.take(flushTask); got != second {
		t.Errorf("after that %v, want %v", got, second)
	}
}

// TestFullDiskIsForgottenOnSuccess, and no other error.
func TestFullDiskIsForgottenOnSuccess(t *testing.T) {
	for _, tt := range []struct{ err, want error }{{errFull, nil}, {errFail, errFail}} {
		var f failures
		f.add(flushTask, tt.err)
		f.done(flushTask)
		if got := f.take(flushTask); got != tt.want {
			t.Errorf("%v: %v is kept, want %v", tt.err, got, tt.want)
		}
		if got := f.kept.Load(); got != 0 {
			t.Errorf("%v: %d errors are left", tt.err, got)
		}
	}
}

// TestNextTryIsOfTheFirstKind whose pause is over, of those that are looked at.
func TestNextTryIsOfTheFirstKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f failures
		if d, any := f.next(flushTask, mergeTask, checkpointTask); any {
			t.Errorf("nothing has failed, and is tried in %v", d)
		}
		f.add(mergeTask, errFail)
		f.add(mergeTask, errFail)
		f.add(checkpointTask, errFail)
		for _, tt := range []struct {
			kinds []task
			want  time.Duration
			any   bool
		}{
			{[]task{flushTask}, 0, false},
			{[]task{flushTask, mergeTask}, 2 * firstPause, true},
			{[]task{mergeTask, checkpointTask}, firstPause, true},
			{[]task{checkpointTask, mergeTask}, firstPause, true},
		} {
			if d, any := f.next(tt.kinds...); d != tt.want || any != tt.any {
				t.Errorf("kinds %v: %v (%t), want %v (%t)", tt.kinds, d, any, tt.want, tt.any)
			}
		}
	})
}

// TestKeptErrorIsReturnedOnce, those of several kinds together.
func TestKeptErrorIsReturnedOnce(t *testing.T) {
	var reported []string
	d := newDesk(t, func(c *Config, _ *tuning.Values) {
		c.Events.Failed = func(op string, err error) { reported = append(reported, op+": "+err.Error()) }
	})
	second := errors.New("another one")
	d.failed(mergeTask, ByMerger, errFail)
	d.failed(checkpointTask, "checkpointer", second)
	if err := d.KeptError(context.Background()); !errors.Is(err, errFail) || !errors.Is(err, second) {
		t.Errorf("%v", err)
	}
	if err := d.KeptError(context.Background()); err != nil {
		t.Errorf("a second time %v", err)
	}
	if len(reported) != 2 || reported[0] != "merger: failed on purpose" || reported[1] != "checkpointer: another one" {
		t.Errorf("reported are %q", reported)
	}
}

// TestFullDiskIsTriedAgainBeforeItIsReported: there may be room by now.
func TestFullDiskIsTriedAgainBeforeItIsReported(t *testing.T) {
	d := newDesk(t, nil)
	d.setAside(100, 100)
	d.data.write = syscall.ENOSPC
	_, err := d.work(Order{Pages: Unlimited, FlushOnly: true})
	if !errors.Is(err, errs.ErrFull) {
		t.Fatal(err)
	}
	d.failed(flushTask, ByCommit, err)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.KeptError(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if err := d.KeptError(context.Background()); !errors.Is(err, errs.ErrFull) {
		t.Errorf("while the disk is full: %v", err)
	}
	d.failed(flushTask, ByCommit, err)
	d.data.write = nil
	if err := d.KeptError(context.Background()); err != nil {
		t.Errorf("once there is room: %v", err)
	}
	if d.Ledger.Newest().HasOld || d.failures.failing[flushTask].Load() {
		t.Error("the old tree waits still")
	}
	d.expectRows(100)
	// Without autowork no work is tried for a transaction.
	v := *d.tuning.Load()
	v.AutoWork = false
	d.tuning.Store(v)
	d.setAside(100, 100)
	d.failed(flushTask, ByCommit, errFull)
	if err := d.KeptError(context.Background()); !errors.Is(err, errs.ErrFull) || !d.Ledger.Newest().HasOld {
		t.Errorf("%v; an old tree: %t", err, d.Ledger.Newest().HasOld)
	}
}
