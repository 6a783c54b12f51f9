// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// patience is how long one goroutine has the turn before others give way to it.
	patience = 200 * time.Microsecond
	// givePart is the part of the time since the turn was taken that passes between two times of
	// giving way, and leastPause the least. So a holder that needs long, or that waits for something
	// else, costs others little: they give way 480 times in the first second, and 150 times in the next
	// nine.
	givePart   = 64
	leastPause = 20 * time.Microsecond
	// freePart is givePart while the turn is free, and freeLong is how long after it was taken, or after one of
	// the others last saw that it was held for long, they give way to a goroutine that may be about to take it
	// again: one that writes row by row loses its processor at times between two of them.
	freePart = 4
	freeLong = 10 * time.Millisecond
)

// way is what others know of giving way.
type way struct {
	many  bool         // several goroutines can run at a time
	next  atomic.Int64 // not before that, in Unix nanoseconds
	seen  atomic.Int64 // when the turn was held for long, as one saw last, patience apart, in Unix nanoseconds
	given atomic.Int64 // how often
}

// GiveWay is for goroutines that could keep the holder of the turn from running: those that
// compute without ever waiting, such as readers of rows in memory. They call it now and then, where they
// hold nothing that others wait for; a page and a pinned state are nothing of that kind. If the turn has
// been held for a while, its holder may be waiting for a processor, because Go lets each of the others have
// one for 10 ms; and all that want the turn wait, too. Then GiveWay lets other goroutines run first. It also
// does so a few times soon after the turn was given back. A holder that calls it itself, as one does that
// reads a snapshot in the middle of its transaction, gives way like all others.
//
// Where only one goroutine can run at a time it does nothing: the holder would take almost all of
// that one processor.
func (t *Turn) GiveWay() {
	since := t.since.Load()
	if since == 0 || !t.way.many {
		return
	}
	if t.way.due(since, time.Now().UnixNano()) {
		runtime.Gosched()
	}
}

// Given returns how often others have given way.
func (t *Turn) Given() int64 { return t.way.given.Load() }

// due reports whether it is time to give way, now, to one that took the turn at since, or at -since if
// it has given it back, and sets when it is time again. If the clock was set back, what it set before
// does not count.
func (w *way) due(since, now int64) bool {
	held, part := w.look(since, now)
	if held < int64(patience) || part == freePart && held > int64(freeLong) {
		return false
	}
	pause, next := max(held/part, int64(leastPause)), w.next.Load()
	if left := next - now; left > 0 && left <= pause || !w.next.CompareAndSwap(next, now+pause) {
		return false
	}
	w.given.Add(1)
	return true
}

// look returns how long the turn has been held, or about how long it has been free, and the part of that which
// passes between two times of giving way.
//
// When it was given back is not read from a clock, because that would cost each commit something. What others have
// seen shortly before is as good: if a transaction was long, and nobody has looked at it, nobody kept it from running.
func (w *way) look(since, now int64) (held, part int64) {
	seen := w.seen.Load()
	if since > 0 {
		held = now - since
		if held >= int64(patience) && (now-seen >= int64(patience) || now < seen) {
			w.seen.Store(now)
		}
		return held, givePart
	}
	taken := -since
	if seen > taken && seen <= now {
		return now - seen, freePart
	}
	return now - taken, freePart
}
