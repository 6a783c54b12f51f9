// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// Replicator uploads the commits of a database. It has goroutines of its own until Stop or until it fails for good.
type Replicator struct {
	src     source
	t       *patient
	h       history
	o       Options
	board   board
	cancel  context.CancelFunc
	done    chan struct{}
	syncs   chan *waiter
	probed  bool
	stopped chan error // has what Stop returns, once it is known
	stop    atomic.Bool

	joined *joinPoint // where the last session met an object that another run has made, nil if it did not
	owned  uint64     // the generation in which this replicator has made objects
}

// joinPoint is where a session began.
type joinPoint struct{ gen, seq uint64 }

// waiter waits until a commit is in the target. The session's loop finds out which one: it looks at the database when
// the waiter comes, so what was read by then is no later.
type waiter struct {
	ctx    context.Context // of the call: when it has ended, nobody waits
	settle bool            // also for the snapshot that is due, and for retention
	pos    object.Position
	done   chan error // gets one value
}

func start(src source, t target.Target, o Options) (*Replicator, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if src.encrypted() && o.Key == nil && !o.Clear {
		return nil, fmt.Errorf("the database is encrypted, and its rows would be readable in %s: set Options.Key, "+
			"or Clear if that is wanted: %w", t, ErrKey)
	}
	r := &Replicator{src: src, o: o, done: make(chan struct{}), syncs: make(chan *waiter), stopped: make(chan error, 1)}
	r.t = newPatient(t, 0, o.RequestTimeout)
	r.t.pause, r.t.failed = o.pause, r.failed
	r.h = history{t: r.t, key: o.Key}
	r.board.s.Target, r.board.oldest = t.String(), time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go r.run(ctx)
	return r, nil
}

// Status returns how far it has come.
func (r *Replicator) Status() Status { return r.board.get(time.Now()) }

// Done is closed when replication has ended; Status has the reason.
func (r *Replicator) Done() <-chan struct{} { return r.done }

// Sync returns when everything that was committed before the call can be restored from the target.
func (r *Replicator) Sync(ctx context.Context) error { return r.await(ctx, false) }

// Settle is Sync, waits also for the snapshot that is due, and then removes what Options.Keep does not keep. It is for
// programs that run for a short time: others need no such thing, as both happen while they run.
func (r *Replicator) Settle(ctx context.Context) error { return r.await(ctx, true) }

func (r *Replicator) await(ctx context.Context, settle bool) error {
	for {
		w := &waiter{ctx: ctx, settle: settle, done: make(chan error, 1)}
		select {
		case r.syncs <- w:
		case <-ctx.Done():
			return ctx.Err()
		case <-r.done:
			return r.ended()
		}
		var err error
		select {
		case err = <-w.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		switch {
		case errors.Is(err, errClosed): // what was read before is still being uploaded
			select {
			case <-r.done:
				return r.ended()
			case <-ctx.Done():
				return ctx.Err()
			}
		case !errors.Is(err, errJoin):
			return err
		}
		// The session in which it waited has ended; the next one knows what is there.
	}
}

// Stop uploads what was committed before the call, as Sync does, and ends replication. If ctx ends first, or the
// target is lost for good, the error says that not everything is there; the next Start goes on with it. Stop writing,
// call Stop, then close the database. A second call waits for the first one, until its own ctx ends.
func (r *Replicator) Stop(ctx context.Context) error {
	if r.stop.Swap(true) {
		select {
		case err := <-r.stopped:
			r.stopped <- err // for the next one
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := r.Sync(ctx)
	r.cancel()
	<-r.done
	if errors.Is(err, ErrStopped) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("replication has stopped before everything was in the target: %w", err)
	} else {
		r.board.set(func(*Status) { r.board.oldest = time.Time{} })
	}
	r.stopped <- err
	return err
}

// ended is why it has.
func (r *Replicator) ended() error {
	if err := r.Status().Err; err != nil {
		return err
	}
	return ErrStopped
}

// failed notes a failure that is going to be repaired by another attempt.
func (r *Replicator) failed(err error) {
	r.board.set(func(s *Status) { s.Failures, s.LastFailure = s.Failures+1, err.Error() })
	r.o.Logger.Warn("replication: an attempt failed", "target", r.t.String(), "error", err)
}

// hopeless reports whether an error stays, whatever is tried again.
func hopeless(err error) bool {
	return errors.Is(err, ErrFenced) || errors.Is(err, ErrKey) || errors.Is(err, ErrVersion) || errors.Is(err, target.ErrNotExclusive) ||
		errors.Is(err, ErrStopped) || errors.Is(err, errClosed) || errors.Is(err, ErrMisuse)
}

// run repeats sessions until one ends for good.
func (r *Replicator) run(ctx context.Context) {
	defer close(r.done)
	for {
		err := r.session(ctx)
		switch {
		case ctx.Err() != nil:
			r.finish(ErrStopped)
			return
		case hopeless(err):
			r.finish(err)
			return
		}
		pause := r.o.RetryEvery
		if errors.Is(err, errJoin) { // the next session finds more in the target
			pause = min(pause, r.o.pause)
		}
		r.failed(err)
		if sleep(ctx, pause) != nil {
			r.finish(ErrStopped)
			return
		}
	}
}

func (r *Replicator) finish(err error) {
	r.board.set(func(s *Status) { s.Err = err })
	if !errors.Is(err, ErrStopped) {
		r.o.Logger.Error("replication has ended", "target", r.t.String(), "error", err)
	}
}
