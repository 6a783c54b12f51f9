// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/attach"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

// attachInterval is how often a handle that nobody uses goes on to the newest checkpoint of the process that
// writes, which can use the space of older ones again after that.
const attachInterval = time.Second

// start begins to go on to newer checkpoints while nobody uses the handle.
func (a *attached) start() {
	if a.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	go func() {
		defer close(a.done)
		sched.Point("renewer begins")
		tick := time.NewTicker(attachInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				sched.Point("renewer ends")
				return
			case <-tick.C:
				sched.Point("renewer ticks")
				a.renew(ctx)
			}
		}
	}()
}

// renew goes on to the newest checkpoint, and gives up what nobody reads any more. Errors are those of the next
// call that reads.
func (a *attached) renew(ctx context.Context) {
	if a.turn.Take(ctx) != nil {
		return
	}
	defer a.turn.Release()
	now := time.Now().UnixNano()
	var err error
	if a.rest == nil {
		err = a.follower.Renew(ctx)
	}
	if a.rest != nil || errors.Is(err, attach.ErrNoWriter) {
		// Of a process that has ended, a pin is left, which the next one honours.
		a.follower.Leave()
		err = a.next(ctx)
	}
	a.reap()
	if err != nil {
		return
	}
	a.note(now)
}

// stopRenewing ends what start has begun.
func (a *attached) stopRenewing() {
	_ = a.turn.Take(context.Background()) // a call that reads may be about to start it, and finds the handle closed after that
	stop := a.stop
	a.turn.Release()
	if stop != nil {
		stop()
		<-a.done
		sched.Point("renewer has ended")
	}
}

// close gives up everything. Nobody uses the handle any more.
func (a *attached) close() {
	_ = a.turn.Take(context.Background())
	defer a.turn.Release()
	a.closing.Lock()
	a.closed = true
	a.closing.Unlock()
	a.follower.Close()
	if a.rest != nil {
		a.left = append(a.left, a.rest)
	}
	for _, r := range a.left {
		r.watch.Close()
		if r.db != a.db {
			_ = a.closeFiles(r.db)
		}
	}
	a.rest, a.left = nil, nil
}
