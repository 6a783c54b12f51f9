package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// turn is the right to do something that only one may do at a time. Those who wait get
// it in the order in which they came: a goroutine blocked on a full channel is served
// before any that comes later.
//
// Turns are taken in this order: writer, worker, checkpointer.
type turn struct {
	slot  chan struct{}
	since atomic.Int64 // when it was taken, in Unix nanoseconds; 0 if it is free
}

func newTurn() *turn { return &turn{slot: make(chan struct{}, 1)} }

// take waits for the turn, at most as long as the context lasts.
func (t *turn) take(ctx context.Context) error {
	select {
	case t.slot <- struct{}{}:
	default:
		select {
		case t.slot <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.since.Store(time.Now().UnixNano())
	return nil
}

// try takes the turn if nobody has it.
func (t *turn) try() bool {
	select {
	case t.slot <- struct{}{}:
		t.since.Store(time.Now().UnixNano())
		return true
	default:
		return false
	}
}

func (t *turn) release() {
	t.since.Store(0)
	<-t.slot
}

// heldSince returns when the turn was taken, if somebody has it.
func (t *turn) heldSince() (time.Time, bool) {
	ns := t.since.Load()
	if ns == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, ns), true
}
