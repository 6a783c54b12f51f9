// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/target"
)

const (
	// DefaultRequestTimeout is how long a request may take before it is sent again: enough for the largest object at
	// half a megabyte a second.
	DefaultRequestTimeout = 2 * time.Minute
	// ReadAttempts is how often Restore and others that do not go on forever send a request.
	ReadAttempts = 8
	// firstPause and lastPause are how long to wait before a request is sent again; it doubles.
	firstPause = 50 * time.Millisecond
	lastPause  = 10 * time.Second
)

// patient sends requests of a target again that fail, with the same bytes. An object whose Create fails may have been
// stored; then the next attempt gets ErrExists, and the caller compares.
type patient struct {
	target.Target
	attempts int // 0: until the context ends
	timeout  time.Duration
	pause    time.Duration // the first one
	failed   func(error)   // gets each failure, if not nil
}

func newPatient(t target.Target, attempts int, timeout time.Duration) *patient {
	if timeout == 0 {
		timeout = DefaultRequestTimeout
	}
	return &patient{Target: t, attempts: attempts, timeout: timeout, pause: firstPause}
}

// final reports whether an error is an answer, so that the same request would get it again.
func final(err error) bool {
	return errors.Is(err, target.ErrExists) || errors.Is(err, target.ErrNotFound) || errors.Is(err, target.ErrTooBig) ||
		errors.Is(err, target.ErrNotExclusive) || errors.Is(err, target.ErrNotPlain)
}

// again calls f until it succeeds or has an answer.
func (p *patient) again(ctx context.Context, f func(ctx context.Context) error) error {
	pause := p.pause
	for n := 1; ; n++ {
		err := p.once(ctx, f)
		if err == nil || final(err) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if p.failed != nil {
			p.failed(err)
		}
		if n == p.attempts {
			return fmt.Errorf("%d attempts: %w", n, err)
		}
		if err := sleep(ctx, pause/2+rand.N(pause/2+1)); err != nil {
			return err
		}
		pause = min(2*pause, lastPause)
	}
}

func (p *patient) once(ctx context.Context, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, fmt.Errorf("%s: no answer within %v", p.Target, p.timeout))
	defer cancel()
	err := f(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = context.Cause(ctx)
	}
	return err
}

// sleep waits, or returns the error of the context.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Create implements target.Target.
func (p *patient) Create(ctx context.Context, name string, data []byte) error {
	return p.again(ctx, func(ctx context.Context) error { return p.Target.Create(ctx, name, data) })
}

// Get implements target.Target.
func (p *patient) Get(ctx context.Context, name string) (data []byte, err error) {
	err = p.again(ctx, func(ctx context.Context) (err error) {
		data, err = p.Target.Get(ctx, name)
		return err
	})
	return data, err
}

// Delete implements target.Target.
func (p *patient) Delete(ctx context.Context, name string) error {
	return p.again(ctx, func(ctx context.Context) error { return p.Target.Delete(ctx, name) })
}

// List implements target.Target. After a failure it goes on with the name after the last one that came. The timeout is
// that of the next name: a list may take as long as it has names, if they come.
func (p *patient) List(ctx context.Context, prefix, after string) iter.Seq2[target.Info, error] {
	return func(yield func(target.Info, error) bool) {
		pause, failures := p.pause, 0
		for {
			enough := false
			failed := p.listOnce(ctx, prefix, after, func(info target.Info) bool {
				after, pause, failures = info.Name, p.pause, 0
				enough = !yield(info, nil)
				return !enough
			})
			if failed == nil || enough {
				return
			}
			if final(failed) {
				yield(target.Info{}, failed)
				return
			}
			failures++
			if p.failed != nil && ctx.Err() == nil {
				p.failed(failed)
			}
			if ctx.Err() == nil && failures != p.attempts {
				if sleep(ctx, pause) == nil {
					pause = min(2*pause, lastPause)
					continue
				}
				failed = ctx.Err()
			}
			yield(target.Info{}, failed)
			return
		}
	}
}

// listOnce is one attempt at a list. What the caller does with a name is not part of the time.
func (p *patient) listOnce(ctx context.Context, prefix, after string, next func(target.Info) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(p.timeout, func() { cancel(fmt.Errorf("%s: the next name of a list did not come within %v", p.Target, p.timeout)) })
	defer watchdog.Stop()
	for info, err := range p.Target.List(ctx, prefix, after) {
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		watchdog.Stop()
		if !next(info) {
			return nil
		}
		watchdog.Reset(p.timeout)
	}
	return context.Cause(ctx) // a list that was cut off is not a whole one, whatever the target says
}
