// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// restInterval is how often a handle that was opened while nobody wrote looks whether another process does. Before it
// was attached for the first time, its reads cost little more than those of a file that never changes.
const restInterval = 10 * time.Millisecond

// refresh makes what was committed before the call visible. Calls at the same time share what one of them does.
func (a *attached) refresh(ctx context.Context, op string) error {
	if a.found.Load() {
		now := time.Now().UnixNano()
		if since := now - a.looked.Load(); since >= 0 && since < int64(restInterval) {
			return nil
		}
		a.looked.Store(now)
	}
	came := a.begun.Load()
	if err := a.turn.Take(ctx); err != nil {
		return worker.WaitError(op, a.db.path, "the log of the process that writes", err)
	}
	defer a.turn.Release()
	if a.good.Load() > came { // it began after this call
		return a.db.usable(op)
	}
	return a.advance(ctx, op)
}

// advance is refresh for one that has the turn, and goes on with what it finds before another call can change that:
// then either files at rest are shown, or a run is followed and something of it is shown.
func (a *attached) advance(ctx context.Context, op string) error {
	if err := a.db.usable(op); err != nil {
		return err
	}
	n := a.begun.Add(1)
	now := time.Now().UnixNano()
	if err := a.follow(ctx); err != nil {
		a.looked.Store(0) // so that the next call does not show what is out of date
		return err
	}
	a.good.Store(n)
	a.note(now)
	return nil
}
