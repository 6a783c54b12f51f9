// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestPatience: only a wait that goes on ends the context, and the end of its parent does.
func TestPatience(t *testing.T) {
	why := errors.New("this is why")
	parent, cancel := context.WithCancel(context.Background())
	p := newPatience(parent, time.Hour, func() error { return why })
	defer p.stop()
	p.Done() // the first wait
	if err := p.Err(); err != nil {
		t.Fatalf("ended: %v", err)
	}
	p.lose(1) // the work that came after it takes long
	p.Done()  // the second
	p.lose(1)
	if err := p.Err(); err != nil {
		t.Fatalf("a wait that is over has ended it: %v", err)
	}
	ended := p.Done() // the third
	p.lose(3)
	<-ended
	var late *lateError
	if err := p.Err(); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &late) || late.busy != why {
		t.Errorf("it has ended with %v", err)
	}

	other := newPatience(parent, time.Hour, func() error { return why })
	defer other.stop()
	cancel()
	<-other.Done()
	other.lose(1)
	if err := other.Err(); err != context.Canceled {
		t.Errorf("the end of the parent is %v", err)
	}
}

// TestPatienceEnds: a wait ends by itself, also for a context that was made from it.
func TestPatienceEnds(t *testing.T) {
	p := newPatience(context.Background(), time.Millisecond, func() error { return context.DeadlineExceeded })
	defer p.stop()
	child, cancel := context.WithCancel(p)
	defer cancel()
	<-child.Done()
	if err := child.Err(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it has ended with %v", err)
	}
}
