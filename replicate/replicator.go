// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	stop    sync.Once
	stopped error // what Stop returns
	joined  bool  // the last session met an object of another run
}

// waiter waits until a commit is in the target.
type waiter struct {
	pos  object.Position
	done chan error // gets one value
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
	r := &Replicator{src: src, o: o, done: make(chan struct{}), syncs: make(chan *waiter)}
	r.t = newPatient(t, 0, o.RequestTimeout)
	r.t.pause, r.t.failed = o.pause, r.failed
	r.h = history{t: r.t, key: o.Key}
	r.board.s.Target = t.String()
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
func (r *Replicator) Sync(ctx context.Context) error {
	for {
		s, err := r.src.snapshot(ctx)
		if errors.Is(err, errClosed) { // what it had read before is still being uploaded
			select {
			case <-r.done:
				return r.ended()
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err != nil {
			return err
		}
		w := &waiter{pos: s.position(), done: make(chan error, 1)}
		s.close()
		select {
		case r.syncs <- w:
		case <-ctx.Done():
			return ctx.Err()
		case <-r.done:
			return r.ended()
		}
		select {
		case err = <-w.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err == nil {
			return nil
		}
		// The session in which it waited has ended; the next one knows what is there.
	}
}

// Stop uploads what was committed before the call, as Sync does, and ends replication. If ctx ends first, or the
// target is lost for good, the error says that not everything is there; the next Start goes on with it. Stop writing,
// call Stop, then close the database.
func (r *Replicator) Stop(ctx context.Context) error {
	r.stop.Do(func() {
		err := r.Sync(ctx)
		r.cancel()
		<-r.done
		if err != nil && !errors.Is(err, ErrStopped) {
			r.stopped = fmt.Errorf("replication has stopped before everything was in the target: %w", err)
		}
	})
	return r.stopped
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
		case errors.Is(err, errGap), errors.Is(err, errJoin):
			r.o.Logger.Info("replication begins again", "target", r.t.String(), "reason", err)
		default:
			r.failed(err)
			if sleep(ctx, r.o.RetryEvery) != nil {
				r.finish(ErrStopped)
				return
			}
		}
	}
}

func (r *Replicator) finish(err error) {
	r.board.set(func(s *Status) { s.Err = err })
	if !errors.Is(err, ErrStopped) {
		r.o.Logger.Error("replication has ended", "target", r.t.String(), "error", err)
	}
}
