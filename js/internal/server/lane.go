// SPDX-License-Identifier: Apache-2.0

package server

import "sync"

// lane does one thing after another, in the order in which they were added. The zero value is ready.
type lane struct {
	mu      sync.Mutex
	waiting []func()
	busy    bool
}

// add has f done after everything that was added before, by a crew. It does not wait.
func (l *lane) add(c *crew, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, f)
	if !l.busy {
		l.busy = true
		c.run(l.run)
	}
}

func (l *lane) run() {
	for {
		l.mu.Lock()
		if len(l.waiting) == 0 {
			l.busy = false
			l.waiting = nil
			l.mu.Unlock()
			return
		}
		all := l.waiting
		l.waiting = nil
		l.mu.Unlock()
		for _, f := range all {
			f()
		}
	}
}
