// SPDX-License-Identifier: Apache-2.0

// Package campaign runs one kind of test case very often: briefly in an ordinary `go test`, and by a flag
// until a goal, for a time, or one part alone. A long run may be stopped at any moment and goes on later
// where its report ends.
//
// A campaign consists of units with numbers from 0 on. A unit does a few cases and depends on its number
// alone as far as it can, so that a failed one can be repeated. Units run in several goroutines, but count in the
// order of their numbers: what a report says after n units is the same whichever goroutine was first.
//
// Only tests use this package. A test has one campaign, and calls Run once.
package campaign

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

// A Campaign is a kind of case, and how often it is to be run.
type Campaign struct {
	Name  string // of the report, without spaces
	Cases string // what one case is, in the plural: "losses of power"
	Goal  int64  // how many cases a whole run has
	Brief int    // how many units an ordinary `go test` runs

	// CPU is how much CPU time Brief units take, about.
	CPU time.Duration
	// Patience is how long a unit may take before it counts as hanging, which ends the process with all
	// stacks. It is for one unit on a slow, busy machine; 0 means ten minutes.
	Patience time.Duration
	// Marks are states that the units have to meet. A run fails if it met one of them never, unless it had fewer
	// than Brief units in all.
	Marks []string
	// Flags are added to the command that repeats a unit.
	Flags string
	// Unit runs a unit and counts its cases. It is called by several goroutines at once.
	Unit func(unit uint64, tally *Tally) error
}

// window is how many units may be under way or done while one before them has not ended.
const window = 1024

// A run is the work on a campaign from Run to its end.
type run struct {
	Campaign
	request
	t        testing.TB
	report   *ledger
	progress *longtest.Progress
	begun    time.Time

	mu      sync.Mutex
	room    sync.Cond // report.Next has grown, or the run is over
	taken   uint64    // the next unit that nobody has taken
	pending map[uint64]*Tally
	failed  map[uint64]error
	stop    bool
	written time.Time // when the report was last written
}

// Run runs a campaign as the flags of this package say. It fails the test if a unit fails, which ends the run, if a
// mark was never met, or if the report cannot be read or written.
func Run(t testing.TB, c Campaign) {
	t.Helper()
	if c.Patience == 0 {
		c.Patience = 10 * time.Minute
	}
	runRequest(t, c, requested(t))
}

func runRequest(t testing.TB, c Campaign, q request) {
	t.Helper()
	if q.goal {
		q.cases = c.Goal
	}
	if q.one {
		q.reports = ""
	}
	rep, err := openLedger(q, c)
	if err != nil {
		t.Fatal(err)
	}
	if q.one {
		rep.Next = q.unit
	}
	r := &run{Campaign: c, request: q, t: t, report: rep, begun: time.Now(), written: time.Now(),
		pending: make(map[uint64]*Tally), failed: make(map[uint64]error)}
	r.room.L = &r.mu
	r.taken = rep.Next
	r.progress = longtest.Start(t, c.CPU, 0).Counting("units")

	var workers sync.WaitGroup
	for range r.workers {
		workers.Go(r.work)
	}
	workers.Wait()
	r.finish()
}

// work runs units until there are enough.
func (r *run) work() {
	for {
		unit, ok := r.take()
		if !ok {
			return
		}
		tally := new(Tally)
		watch := time.AfterFunc(r.Patience, func() {
			panic(fmt.Sprintf("unit %d does not end in %v; repeat: %s", unit, r.Patience, repeat(r.t.Name(), unit, r.Flags)))
		})
		err := caught(func() error { return r.Unit(unit, tally) })
		watch.Stop()
		r.progress.Step()
		r.end(unit, tally, err)
	}
}

// take returns a unit to run, unless the run is over.
func (r *run) take() (uint64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.over() && r.taken >= r.report.Next+window {
		r.room.Wait()
	}
	if r.over() {
		return 0, false
	}
	r.taken++
	return r.taken - 1, true
}

// over reports whether no further unit is to be begun. r.mu is locked.
func (r *run) over() bool {
	switch {
	case r.stop, r.t.Failed():
		return true
	case r.one:
		return r.taken > r.unit
	case !r.until.IsZero() && time.Now().After(r.until):
		return true
	case r.forTime > 0 && time.Since(r.begun) >= r.forTime:
		return true
	case r.cases > 0:
		return r.report.Done >= r.cases
	case r.forTime > 0:
		return false
	}
	return r.taken >= r.report.begunAt+uint64(r.Brief)
}

// end takes in what a unit did, with those after it that had to wait for it.
func (r *run) end(unit uint64, tally *Tally, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed[unit], r.stop = err, true
	} else {
		r.pending[unit] = tally
	}
	for r.pending[r.report.Next] != nil {
		done := r.report.Next
		r.report.add(r.pending[done])
		delete(r.pending, done)
	}
	r.room.Broadcast()
	if time.Since(r.written) > r.every {
		r.write()
	}
}

func (r *run) write() {
	r.written = time.Now()
	if err := r.report.write(time.Since(r.begun)); err != nil {
		r.t.Error(err)
	}
}

// finish says what was done and writes the report.
func (r *run) finish() {
	r.t.Helper()
	for unit, err := range r.failed {
		command := repeat(r.t.Name(), unit, r.Flags)
		r.t.Errorf("unit %d: %v\nrepeat: %s", unit, err, command)
		r.report.Fail(unit, err, command)
	}
	r.write()
	r.t.Log(r.report.String())
	if r.one || r.report.Next < uint64(r.Brief) {
		return
	}
	for _, mark := range r.Marks {
		if r.report.Marks[mark] == 0 {
			r.t.Errorf("no unit has met this: %s", mark)
		}
	}
}

// caught runs f, and makes an error of a panic, with its stack.
func caught(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			stack := make([]byte, 16<<10)
			err = fmt.Errorf("panic: %v\n%s", p, stack[:runtime.Stack(stack, false)])
		}
	}()
	return f()
}
