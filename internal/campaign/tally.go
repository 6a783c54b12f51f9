// SPDX-License-Identifier: Apache-2.0

package campaign

import "sync"

// A Tally counts what a unit did. Any number of goroutines may use it.
type Tally struct {
	mu     sync.Mutex
	cases  int64
	counts map[string]int64
	marks  map[string]int64
}

// Add counts n cases.
func (t *Tally) Add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cases += int64(n)
}

// Count counts n things of a kind that the report shows by itself.
func (t *Tally) Count(kind string, n int) {
	if n == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = make(map[string]int64)
	}
	t.counts[kind] += int64(n)
}

// Mark counts that a state was met once more.
func (t *Tally) Mark(state string) { t.MarkTimes(state, 1) }

// MarkTimes counts that a state was met n times.
func (t *Tally) MarkTimes(state string, n int) {
	if n == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.marks == nil {
		t.marks = make(map[string]int64)
	}
	t.marks[state] += int64(n)
}
