// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

const year = 365 * 24 * time.Hour

// fromAClock adds a snapshot of the state after the last transaction, of which the object is in the target, as a clock
// that is wrong would.
func fromAClock(t *testing.T, r *Replicator, f *fakeSource, at time.Time, logTime time.Time) {
	t.Helper()
	seq := uint64(len(f.txs))
	g, err := r.h.open(t.Context(), 1)
	ok(t, err)
	_, d, err := g.log(t.Context(), seq, 0)
	ok(t, err)
	s, err := f.snapshot(t.Context())
	ok(t, err)
	ready := make(chan logEnd, 1)
	ready <- logEnd{d, logTime}
	ok(t, r.putSnapshot(t.Context(), g, s, &object.Index{Pos: f.pos[seq], Time: at}, ready))
}

// twoTransactions replicates two transactions in two objects.
func twoTransactions(t *testing.T, o Options) (*fakeSource, *target.Memory, *Replicator) {
	f, tg := newFakeSource(), &target.Memory{}
	putKey(f, "a")
	r, err := start(f, tg, o)
	ok(t, err)
	ok(t, r.Sync(soon(t)))
	putKey(f, "b")
	ok(t, r.Stop(soon(t)))
	return f, tg, r
}

// TestClockAhead: after a clock that was ahead by a year, snapshots are made, nothing is removed that a moment needs
// by the right clock, and no later object is older.
func TestClockAhead(t *testing.T) {
	o := quick()
	o.Keep = time.Hour
	f, tg, r := twoTransactions(t, o)
	before := time.Now()
	ok(t, sleep(t.Context(), time.Millisecond))
	fromAClock(t, r, f, time.Now().Add(year), time.Time{})
	o.SnapshotEvery = 5 * time.Millisecond
	r, err := start(f, tg, o)
	ok(t, err)
	for ctx := soon(t); r.Status().Snapshot <= 2; {
		putKey(f, "c")
		ok(t, r.Sync(ctx))
	}
	putKey(f, "d")
	f.forget(uint64(len(f.txs)))
	ok(t, r.Stop(soon(t)))
	r, err = start(f, tg, o) // another generation
	ok(t, err)
	ok(t, r.Stop(soon(t)))
	if done := restored(t, tg, f, RestoreOptions{Time: before}); done.Seq != 2 {
		t.Errorf("the moment before is %+v", done)
	}
	list, err := List(t.Context(), tg, nil)
	ok(t, err)
	newest := time.Time{}
	for _, g := range list {
		for _, at := range append([]time.Time{g.Began}, times(g)...) {
			if at.Before(newest) {
				t.Errorf("generation %d: %v comes after %v", g.Number, at, newest)
			}
			newest = at
		}
	}
}

func times(g Generation) (list []time.Time) {
	for _, s := range g.Snapshots {
		list = append(list, s.Time)
	}
	return append(list, g.Newest)
}

// TestClockBack: a snapshot is no older than the log object of its last transaction, so that a moment before that is
// not restored with it.
func TestClockBack(t *testing.T) {
	f, tg, r := twoTransactions(t, quick())
	g, err := r.h.open(t.Context(), 1)
	ok(t, err)
	l, _, err := g.log(t.Context(), 2, 0)
	ok(t, err)
	fromAClock(t, r, f, l.Time.Add(-time.Hour), l.Time)
	if done := restored(t, tg, f, RestoreOptions{Time: l.Time.Add(-1)}); done.Seq != 1 {
		t.Errorf("restored %+v", done)
	}
}

// TestClockIsSetAhead: a clock that is set ahead removes nothing that is younger than Keep by the clock before.
func TestClockIsSetAhead(t *testing.T) {
	o := quick()
	o.Keep = time.Hour
	f, tg, r := twoTransactions(t, o)
	moment := time.Now()
	ok(t, sleep(t.Context(), time.Millisecond))
	// As if everything so far were a week old, by a clock that was set ahead: what is there is younger than Keep.
	o.Keep, o.clockStep = 30*time.Millisecond, 50*time.Millisecond
	fromAClock(t, r, f, time.Now(), time.Time{})
	ok(t, sleep(t.Context(), 80*time.Millisecond))
	r, err := start(f, tg, o)
	ok(t, err)
	putKey(f, "c")
	ok(t, r.Sync(soon(t)))
	ok(t, r.Settle(soon(t)))
	ok(t, r.Stop(soon(t)))
	if done := restored(t, tg, f, RestoreOptions{Time: moment}); done.Seq != 2 {
		t.Errorf("restored %+v", done)
	}
}
