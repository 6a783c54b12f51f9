// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"sync"
	"time"
)

// patience is a context that ends after a time. The time begins when its end is waited for, or looked
// for a second time: the first look is of a call that may have nothing to wait for. A timer costs
// about as much as a quarter of a small transaction, and mostly there is nothing to wait for.
type patience struct {
	context.Context // that it is part of
	limit           time.Duration

	mu     sync.Mutex
	looked bool
	timed  context.Context // nil until the time begins
	cancel context.CancelFunc
}

// Done implements context.Context.
func (p *patience) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begin().Done()
}

// Err implements context.Context.
func (p *patience) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed == nil && !p.looked {
		p.looked = true
		return p.Context.Err()
	}
	return p.begin().Err()
}

// Deadline implements context.Context.
func (p *patience) Deadline() (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begin().Deadline()
}

// begin lets the time begin, if it has not. The caller holds the mutex.
func (p *patience) begin() context.Context {
	if p.timed == nil {
		p.timed, p.cancel = context.WithTimeout(p.Context, p.limit)
	}
	return p.timed
}

// end stops the timer, if there is one.
func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
}
