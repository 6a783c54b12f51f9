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

// TestGiveWaySoonAfterTheTurn: soon after the turn was given back others that were there before give way a
// few times, and then never, however long it was held. After a moment that counts from when it was taken.
func TestGiveWaySoonAfterTheTurn(t *testing.T) {
	const start, look = int64(1 << 60), int64(time.Microsecond)
	for _, held := range []time.Duration{0, patience / 2, patience, freeLong, 15 * time.Millisecond, time.Second, 10 * time.Second} {
		var w way
		end := start + int64(held)
		now := start
		for ; now < end; now += look {
			w.due(start, now)
		}
		before := w.given.Load()
		var first, last time.Duration
		for ; now < end+int64(time.Second); now += look {
			if w.due(-start, now) {
				if last = time.Duration(now - end); w.given.Load() == before+1 {
					first = last
				}
			}
		}
		if n := w.given.Load() - before; n < 10 || n > 30 {
			t.Errorf("held for %v: given way %d times, not about 20", held, n)
		}
		if first > patience || last > freeLong || last < freeLong/2 {
			t.Errorf("held for %v: given way from %v to %v after its end", held, first, last)
		}
	}
}

// TestGiveWayToNobody: who comes long after a transaction does not give way, nor to one that was long before.
func TestGiveWayToNobody(t *testing.T) {
	const start = int64(1 << 60)
	var w way
	end := start + int64(time.Second)
	for now := start; now < end; now += int64(time.Microsecond) {
		w.due(start, now)
	}
	for _, later := range []time.Duration{2 * freeLong, time.Hour} {
		if w.due(-start, end+int64(later)) {
			t.Errorf("due %v after a transaction", later)
		}
	}
	if next := end + int64(time.Hour); w.due(-next, next+int64(patience)-1) || !w.due(-next, next+int64(patience)) {
		t.Error("a long transaction of an hour ago counts after a short one")
	}
	if w.due(-start, end+int64(2*time.Hour)) {
		t.Error("due hours after a transaction")
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
