// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// noWait is how long a call that must not wait does wait, in case what is in its way is about to end.
const noWait = 2 * time.Millisecond

// patient returns a context for an operation that may wait for a turn, of the writer or of work on the file: it ends
// once a wait is longer than busy_timeout. The connections of the driver have that limit for transactions; this one
// is for what the engine does without one. stop gives up what the context has left with ctx.
func (s *Server) patient(ctx context.Context, op string) (_ context.Context, stop func()) {
	s.mu.Lock()
	limit, db := s.limit, s.db.DB
	s.mu.Unlock()
	if limit == 0 {
		return ctx, func() {}
	}
	p := newPatience(ctx, max(limit, noWait), func() error { return busyError(db, op, limit) })
	return p, p.stop
}

// busyError says what is in the way of an operation, and how long it has waited.
func busyError(db *engine.DB, op string, limit time.Duration) error {
	detail := "other work is being done on the file"
	if w, busy := db.Writer(); busy {
		detail = fmt.Sprintf("the writer's turn is held by a transaction for %v, since %s",
			time.Since(w.Since).Round(time.Microsecond), w.Since.Format("2006-01-02 15:04:05.000"))
	}
	if limit > 0 {
		detail += fmt.Sprintf("; gave up after busy_timeout=%v", limit)
	}
	return &engine.Error{Code: engine.CodeBusy, Op: op, Path: db.Path(), Detail: detail}
}

// patience is a context that ends once a wait is longer than a limit. A wait begins when the channel of
// Done is taken, and is over when Err is called: work that goes on after a wait calls Err, and does not take the
// channel. So what takes long by itself is not cut off.
type patience struct {
	context.Context // that it is part of
	limit           time.Duration
	why             func() error // makes the error of a wait that was too long
	ended           chan struct{}
	forget          func() bool

	mu    sync.Mutex
	waits int         // how many there were
	timer *time.Timer // of the wait that goes on; nil if there is none
	late  *lateError  // nil unless a wait was too long
	over  bool        // ended is closed
}

// lateError is why a context of patience has ended. Those who look at a context take it for the end of its time;
// what is answered is the error in it.
type lateError struct{ busy error }

func (e *lateError) Error() string { return e.busy.Error() }

func (e *lateError) Is(target error) bool { return target == context.DeadlineExceeded }

func newPatience(ctx context.Context, limit time.Duration, why func() error) *patience {
	p := &patience{Context: ctx, limit: limit, why: why, ended: make(chan struct{})}
	p.forget = context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.end()
	})
	return p
}

// Done implements context.Context.
func (p *patience) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer == nil && !p.over {
		p.waits++
		mine := p.waits
		p.timer = time.AfterFunc(p.limit, func() { p.lose(mine) })
	}
	return p.ended
}

// lose ends the context, if the wait with that number still goes on.
func (p *patience) lose(wait int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil && p.waits == wait && !p.over {
		p.late = &lateError{p.why()}
		p.end()
	}
}

// end closes the channel. The caller holds the mutex.
func (p *patience) end() {
	if !p.over {
		p.over = true
		close(p.ended)
	}
}

// Err implements context.Context.
func (p *patience) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.late != nil {
		return p.late
	}
	p.rest()
	return p.Context.Err()
}

// rest ends a wait. The caller holds the mutex.
func (p *patience) rest() {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

func (p *patience) stop() {
	p.forget()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest()
}
