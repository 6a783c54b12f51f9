package engine

import (
	"sync/atomic"
	"time"
)

const numStallReasons = 3

// stallStats counts, for one reason, how often and how long writers were held back.
type stallStats struct {
	count, nanos atomic.Int64
}

// stallIndex returns the place of a reason among the counters.
func stallIndex(r StallReason) int {
	switch r {
	case StallMerge:
		return 1
	case StallCheckpoint:
		return 2
	}
	return 0
}

// stall is a wait that goes on. It is measured whether or not somebody observes it: it is
// rare, and long.
type stall struct {
	db     *DB
	reason StallReason
	op     string
	start  time.Time
}

// startStall begins the measure of a wait by which a writer is held back. The caller calls
// end when it is over. op is "commit" or "begin".
func (db *DB) startStall(reason StallReason, op string) stall {
	db.stats.stalled.Add(1)
	return stall{db: db, reason: reason, op: op, start: time.Now()}
}

// end counts the stall and tells the observer. It returns how long it was.
func (s stall) end() time.Duration {
	d := time.Since(s.start)
	c := &s.db.stats.stalls[stallIndex(s.reason)]
	c.count.Add(1)
	c.nanos.Add(int64(d))
	s.db.stats.stalled.Add(-1)
	if f := s.db.obs.Stalled; f != nil {
		f(StallEvent{DB: s.db, Reason: s.reason, Op: s.op, Duration: d})
	}
	return d
}
