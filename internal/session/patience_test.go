// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestPatienceBeginsWithTheWait: the time before nobody waits does not count, what comes after
// does, and the context that it is part of ends it at any time.
func TestPatienceBeginsWithTheWait(t *testing.T) {
	const limit, before = 3 * time.Second, time.Hour
	for name, wait := range map[string]func(p *patience) error{
		"for the channel": func(p *patience) error { <-p.Done(); return p.Err() },
		"by looking": func(p *patience) error {
			for p.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			return p.Err()
		},
		"for the deadline": func(p *patience) error {
			at, ok := p.Deadline()
			if !ok {
				t.Error("no deadline")
			}
			time.Sleep(time.Until(at) + time.Millisecond)
			return p.Err()
		},
		"for a context made from it": func(p *patience) error {
			ctx, cancel := context.WithCancel(p)
			defer cancel()
			<-ctx.Done()
			return ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &patience{Context: context.Background(), limit: limit}
				defer p.end()
				if time.Sleep(before); p.Err() != nil {
					t.Errorf("ended before anything waited: %v", p.Err())
				}
				start := time.Now()
				err := wait(p)
				if took := time.Since(start).Round(10 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) || took != limit {
					t.Errorf("%v after %v, want %v", err, took, limit)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				parent, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				p := &patience{Context: parent, limit: limit}
				defer p.end()
				start := time.Now()
				err := wait(p)
				if took := time.Since(start).Round(10 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
					t.Errorf("%v after %v, want 1s, as the context", err, took)
				}
			})
		})
	}
}
