// SPDX-License-Identifier: Apache-2.0

package server

import "sync"

// maxIdleCrew is how many goroutines a crew keeps for later.
const maxIdleCrew = 128

// crew runs functions as the go statement does, and keeps goroutines for later. A new one begins with a small
// stack, and making that larger, step by step, takes as long in WebAssembly as a whole request.
// The zero value is ready.
type crew struct {
	mu        sync.Mutex
	idle      []chan func()
	dismissed bool
}

// run has f done, and does not wait for it.
func (c *crew) run(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.idle)
	if n == 0 {
		go c.work(f)
		return
	}
	c.idle[n-1] <- f // there is room for one
	c.idle = c.idle[:n-1]
}

func (c *crew) work(f func()) {
	next := make(chan func(), 1)
	for f != nil {
		f()
		c.mu.Lock()
		keep := !c.dismissed && len(c.idle) < maxIdleCrew
		if keep {
			c.idle = append(c.idle, next)
		}
		c.mu.Unlock()
		if !keep {
			return
		}
		f = <-next
	}
}

// dismiss ends the goroutines that do nothing, and keeps none from now on.
func (c *crew) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dismissed = true
	for _, next := range c.idle {
		close(next)
	}
	c.idle = nil
}
