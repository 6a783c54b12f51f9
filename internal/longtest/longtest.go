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
	return &Progress{t: t, cases: cases, begun: now, spoken: now}
}

// Step counts one case that is done. A line says so when some seconds have passed since the
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
		p.t.Logf("%d of %d cases after %v", p.done, p.cases, took)
	} else {
		p.t.Logf("%d cases after %v", p.done, took)
	}
}
