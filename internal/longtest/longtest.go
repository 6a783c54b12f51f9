// SPDX-License-Identifier: Apache-2.0

// Package longtest lets tests that take seconds say so: when they start, how long they take,
// and from then on how far they are. It shows at once with -v.
//
// Only tests use it. A Progress may be used by any number of goroutines.
package longtest

import (
	"sync"
	"testing"
	"time"
)

// every is the least time between two lines about how far a test is.
const every = 5 * time.Second

// Progress says how far a test is.
type Progress struct {
	t     testing.TB
	cases int
	noun  string // what it counts, in the plural
	begun time.Time

	mu     sync.Mutex
	done   int
	spoken time.Time // when the last line was written
}

// Start says how much CPU time a test takes, about and without the race detector, and of how
// many cases it consists; 0 if it does not know that.
func Start(t testing.TB, cpu time.Duration, cases int) *Progress {
	t.Helper()
	now := time.Now()
	if cases > 0 {
		t.Logf("takes about %v of CPU time; %d cases", cpu, cases)
	} else {
		t.Logf("takes about %v of CPU time", cpu)
	}
	return &Progress{t: t, cases: cases, noun: "cases", begun: now, spoken: now}
}

// Counting says what the steps are, in the plural, where they are not cases. Call it before the first step.
func (p *Progress) Counting(noun string) *Progress {
	p.noun = noun
	return p
}

// Step counts one case, or whatever Counting says, that is done. A line says so when some seconds have passed since the
// last one.
func (p *Progress) Step() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	now := time.Now()
	if now.Sub(p.spoken) < every {
		return
	}
	p.spoken = now
	took := now.Sub(p.begun).Round(time.Second)
	if p.cases > 0 {
		p.t.Logf("%d of %d %s after %v", p.done, p.cases, p.noun, took)
	} else {
		p.t.Logf("%d %s after %v", p.done, p.noun, took)
	}
}
