// SPDX-License-Identifier: Apache-2.0

// Package turn is the right to do what only one goroutine may do at a time.
//
// A database has three turns. These turns and its mutexes are taken in one order: a goroutine
// that holds one of them never waits for one further up in this list.
//
//  1. the writer's turn: the live tree, the log, the number of the newest commit;
//  2. the worker's turn: jobs, and every change of the levels but a commit's;
//  3. the checkpointer's turn: the meta pages;
//  4. the mutex of writing the log;
//  5. the mutex of the group of commits that share a sync;
//  6. the ledger's mutex;
//  7. the registry's mutex, in package snapshot.
//
// The mutexes of notes, of failed work, of the files' names and of changing options are leaves: a
// goroutine that holds one takes no other, except that of syncs of the database file, which is the last.
//
// The holder of the checkpointer's turn may be in the middle of a sync. So a goroutine that has
// the worker's turn does not wait for it, except when a database is opened or closed, and in a
// commit that does the work itself.
package turn

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

// Turn is the right to do something that only one goroutine may do at a time. Those that wait get
// it in the order of arrival: a goroutine blocked on a full channel is served before any that
// comes later.
type Turn struct {
	name  string
	slot  chan struct{}
	since atomic.Int64 // when it was taken last, in Unix nanoseconds; negative if it is free again
	way   way

	awaited  atomic.Bool   // a goroutine waits in Await
	mu       sync.Mutex    // a leaf
	released chan struct{} // closed when it is given back the next time; nil if nobody awaits that
}

// New makes a turn that is free. The name says whose it is.
func New(name string) *Turn {
	return &Turn{name: name, slot: make(chan struct{}, 1), way: way{many: runtime.GOMAXPROCS(0) > 1}}
}

// Take waits for the turn, at most as long as the context lasts.
func (t *Turn) Take(ctx context.Context) error {
	select {
	case t.slot <- struct{}{}:
	default:
		select {
		case t.slot <- struct{}{}:
			t.since.Store(time.Now().UnixNano())
			sched.Point("turn")
			return nil
		case <-ctx.Done():
			sched.Point("turn")
			return ctx.Err()
		}
	}
	t.since.Store(time.Now().UnixNano())
	return nil
}

// Try takes the turn if it is free.
func (t *Turn) Try() bool {
	select {
	case t.slot <- struct{}{}:
		t.since.Store(time.Now().UnixNano())
		return true
	default:
		return false
	}
}

// Release gives the turn back.
func (t *Turn) Release() {
	t.since.Store(-t.since.Load())
	<-t.slot
	if t.awaited.Load() {
		t.wakeAwaiting()
	}
}

func (t *Turn) wakeAwaiting() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.awaited.Swap(false) {
		close(t.released)
		t.released = nil
	}
}

// Await waits until the turn is given back, if it is taken, and at most as long as the context lasts. It does not take
// it, so that nobody finds it taken because of that.
func (t *Turn) Await(ctx context.Context) error {
	t.mu.Lock()
	if t.released == nil {
		t.released = make(chan struct{})
	}
	t.awaited.Store(true) // before the look, so that a release after that is noticed
	released, free := t.released, len(t.slot) == 0
	t.mu.Unlock()
	if free {
		return ctx.Err()
	}
	select {
	case <-released:
		sched.Point("turn is given back")
		return nil
	case <-ctx.Done():
		sched.Point("turn")
		return ctx.Err()
	}
}

// TakenAt returns when the turn was taken, in Unix nanoseconds, or 0 if nobody has it.
func (t *Turn) TakenAt() int64 { return max(t.since.Load(), 0) }

// MustBeHeld asserts that the turn is held. It is called where a function says that its
// caller has it, and costs nothing without the build tag invariants.
func (t *Turn) MustBeHeld() {
	if invariant.Expensive {
		invariant.Check(t.since.Load() > 0, "nobody has the "+t.name+"'s turn")
	}
}
