// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// unreachable is a target whose every call fails.
type unreachable struct{}

var errNoRoute = errors.New("no route")

func (unreachable) Create(context.Context, string, []byte) error { return errNoRoute }
func (unreachable) Get(context.Context, string) ([]byte, error)  { return nil, errNoRoute }
func (unreachable) Delete(context.Context, string) error         { return errNoRoute }
func (unreachable) Close() error                                 { return nil }
func (unreachable) String() string                               { return "unreachable" }
func (unreachable) List(context.Context, string, string) iter.Seq2[target.Info, error] {
	return func(yield func(target.Info, error) bool) { yield(target.Info{}, errNoRoute) }
}

// TestStopUnreachable: Stop ends with its context where no request succeeds, a second call with its own, and the lag
// grows meanwhile.
func TestStopUnreachable(t *testing.T) {
	f := newFakeSource()
	r, err := start(f, unreachable{}, quick())
	ok(t, err)
	ok(t, sleep(t.Context(), 30*time.Millisecond))
	if s := r.Status(); s.Lag < 30*time.Millisecond || s.LastFailure == "" {
		t.Errorf("%+v", s)
	}
	first, cancel := context.WithCancel(t.Context())
	results := make(chan error, 1)
	go func() { results <- r.Stop(first) }()
	for !r.stop.Load() {
		ok(t, sleep(t.Context(), time.Millisecond))
	}
	second, cancelSecond := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancelSecond()
	if err := r.Stop(second); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second Stop: %v", err)
	}
	cancel()
	select {
	case err := <-results:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Stop: %v", err)
		}
	case <-time.After(target.ProbeCleanup + 10*time.Second):
		t.Fatal("Stop does not return")
	}
	if err := r.Stop(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("Stop after the first one: %v", err)
	}
}

// stalling is a target whose lists give a name and then nothing more, for the first times.
type stalling struct {
	target.Target
	times int
}

func (s *stalling) List(ctx context.Context, prefix, after string) iter.Seq2[target.Info, error] {
	return func(yield func(target.Info, error) bool) {
		for info, err := range s.Target.List(ctx, prefix, after) {
			if !yield(info, err) {
				return
			}
			if s.times--; s.times >= 0 {
				<-ctx.Done()
				return // as if it were at its end
			}
		}
	}
}

// mute is a target whose lists never give a name.
type mute struct{ target.Target }

func (mute) List(ctx context.Context, _, _ string) iter.Seq2[target.Info, error] {
	return func(func(target.Info, error) bool) { <-ctx.Done() }
}

// TestListStalls: a list that stalls is asked again from the last name on, and nothing is missing; a reader that takes
// its time is no stall.
func TestListStalls(t *testing.T) {
	m := &target.Memory{}
	for _, name := range []string{"a", "b", "c", "d"} {
		m.Put(name, nil)
	}
	p := newPatient(&stalling{m, 2}, 4, 20*time.Millisecond)
	var failures []error
	p.failed, p.pause = func(err error) { failures = append(failures, err) }, time.Millisecond
	var got string
	for info, err := range p.List(t.Context(), "", "") {
		ok(t, err)
		got += info.Name
		ok(t, sleep(t.Context(), 30*time.Millisecond))
	}
	if got != "abcd" || len(failures) != 2 {
		t.Errorf("listed %q with failures %v", got, failures)
	}
	p = newPatient(mute{m}, 3, time.Millisecond)
	p.pause = time.Millisecond
	var last error
	for _, err := range p.List(t.Context(), "", "") {
		last = err
	}
	if last == nil || errors.Is(last, context.Canceled) {
		t.Errorf("a list that stalls each time: %v", last)
	}
}

// between is a source to which another goroutine commits just after somebody has looked at its state.
type between struct {
	*fakeSource
	r *Replicator
	n int // how many more times
}

func (b *between) snapshot(ctx context.Context) (sourceSnapshot, error) {
	s, err := b.fakeSource.snapshot(ctx)
	if b.n--; b.n >= 0 {
		n := b.commit(object.Op{Kind: object.OpPut, Key: []byte("x"), Value: []byte("y")})
		for end := time.Now().Add(50 * time.Millisecond); b.r.Status().Uploaded < n && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	return s, err
}

// TestSyncBesideACommit: Sync returns also if the next transaction is uploaded before it has been noticed.
func TestSyncBesideACommit(t *testing.T) {
	f := &between{fakeSource: newFakeSource()}
	r, err := start(f, &target.Memory{}, quick())
	ok(t, err)
	f.r = r
	for n := range 3 {
		f.commit(object.Op{Kind: object.OpPut, Key: []byte("a"), Value: []byte("y")})
		ok(t, r.Sync(t.Context()))
		f.n = 1
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := r.Sync(ctx); err != nil {
			t.Errorf("%d: %v", n, err)
		}
		cancel()
	}
	ok(t, r.Stop(t.Context()))
}
