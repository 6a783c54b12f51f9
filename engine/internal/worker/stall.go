// SPDX-License-Identifier: Apache-2.0

package worker

import "time"

// Reason is what a writer was held back for.
type Reason uint8

// The reasons.
const (
	StallFlush Reason = iota
	StallMerge
	StallCheckpoint
	StallChanges
	NumReasons
)

// Stall is a wait that goes on. It is measured whether or not it is observed: it is rare, and
// long.
type Stall struct {
	w      *Worker
	reason Reason
	op     string
	start  time.Time
}

// Stall begins the measure of a wait by which a writer is held back. The caller calls End
// when it is over. op is "commit" or "begin".
func (w *Worker) Stall(reason Reason, op string) Stall {
	w.Counters.Stalled.Add(1)
	return Stall{w: w, reason: reason, op: op, start: time.Now()}
}

// End counts the stall and reports it. It returns how long it was.
func (s Stall) End() time.Duration {
	d := time.Since(s.start)
	c := &s.w.Counters.Stalls[s.reason]
	c.Count.Add(1)
	c.Nanos.Add(int64(d))
	s.w.Counters.Stalled.Add(-1)
	if f := s.w.Events.Stalled; f != nil {
		f(Stalled{Reason: s.reason, Op: s.op, Duration: d})
	}
	return d
}
