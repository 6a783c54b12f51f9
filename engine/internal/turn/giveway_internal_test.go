// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"testing"
	"time"
)

// TestGiveWayIsDue: to one that has had the turn for a while others give way, the more rarely the
// longer that lasts, and never twice in one pause.
func TestGiveWayIsDue(t *testing.T) {
	const since = int64(1 << 60)
	var w way
	for _, held := range []time.Duration{-time.Second, 0, patience - 1} {
		if w.due(since, since+int64(held)) {
			t.Errorf("due after %v", held)
		}
	}
	now := since + int64(patience)
	if !w.due(since, now) {
		t.Fatalf("not due after %v", patience)
	}
	pause := max(int64(patience)/givePart, int64(leastPause))
	if w.due(since, now) || w.due(since, now+pause-1) {
		t.Error("due again within the pause")
	}
	if !w.due(since, now+pause) {
		t.Error("not due again after the pause")
	}
	if n := w.given.Load(); n != 2 {
		t.Errorf("counted %d times instead of 2", n)
	}
}

// TestGiveWaySoonAfterTheTurn: soon after the turn was taken and given back others give way a few
// times, and then never.
func TestGiveWaySoonAfterTheTurn(t *testing.T) {
	const since, look = int64(1 << 60), int64(time.Microsecond)
	var w way
	var first, last int64
	for now := since; now < since+int64(time.Second); now += look {
		if w.due(-since, now) {
			if last = now - since; first == 0 {
				first = last
			}
		}
	}
	if n := w.given.Load(); n < 10 || n > 30 {
		t.Errorf("given way %d times, not about 20", n)
	}
	if first != int64(patience) || last > int64(freeLong) || last < int64(freeLong)/2 {
		t.Errorf("given way from %v to %v after the turn was taken", time.Duration(first), time.Duration(last))
	}
}

// TestGiveWayEndsAfterAClockIsSetBack: what was set by a clock that ran an hour ahead holds nobody up.
func TestGiveWayEndsAfterAClockIsSetBack(t *testing.T) {
	const before = int64(1 << 60)
	var w way
	if !w.due(before, before+int64(patience)) {
		t.Fatal("not due")
	}
	since := before - int64(time.Hour)
	if !w.due(since, since+int64(patience)) {
		t.Error("not due after the clock was set back")
	}
}

// TestGiveWayCostsLittle: looks that never end give way a bounded number of times to one that has
// the turn for ten seconds.
func TestGiveWayCostsLittle(t *testing.T) {
	const since, look = int64(1 << 60), int64(time.Microsecond)
	var w way
	for now := since; now < since+int64(time.Second); now += look {
		w.due(since, now)
	}
	first := w.given.Load()
	for now := since + int64(time.Second); now < since+10*int64(time.Second); now += 10 * look {
		w.due(since, now)
	}
	all := w.given.Load()
	if first < 300 || first > 500 || all > 700 {
		t.Errorf("given way %d times in the first second and %d in ten, not about 450 and 600", first, all)
	}
}

// TestGiveWayOnlyWhereItHelps: not to a turn that is free or has just been taken, and not where only
// one goroutine can run at a time.
func TestGiveWayOnlyWhereItHelps(t *testing.T) {
	w := New("writer")
	w.way.many = true
	w.GiveWay()
	if !w.Try() {
		t.Fatal("taken")
	}
	w.GiveWay()
	w.since.Add(-int64(time.Hour) / 2) // so that what follows does not depend on how fast it is
	w.way.many = false
	w.GiveWay()
	if n := w.Given(); n != 0 {
		t.Errorf("given way %d times", n)
	}
	w.way.many = true
	w.GiveWay()
	if n := w.Given(); n != 1 {
		t.Errorf("given way %d times instead of once", n)
	}
	w.Release()
}
