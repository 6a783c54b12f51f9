// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// cutOff is a target that cannot be reached, or does not answer, while that is set.
type cutOff struct {
	*target.Memory
	gone, silent atomic.Bool
}

var errCutOff = errors.New("no route to the target")

func (c *cutOff) trouble(ctx context.Context) error {
	for c.silent.Load() {
		if err := sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	if c.gone.Load() {
		return errCutOff
	}
	return nil
}

func (c *cutOff) Get(ctx context.Context, name string) ([]byte, error) {
	if err := c.trouble(ctx); err != nil {
		return nil, err
	}
	return c.Memory.Get(ctx, name)
}

func (c *cutOff) List(ctx context.Context, prefix, after string) iter.Seq2[target.Info, error] {
	return func(yield func(target.Info, error) bool) {
		if err := c.trouble(ctx); err != nil {
			yield(target.Info{}, err)
			return
		}
		c.Memory.List(ctx, prefix, after)(yield)
	}
}

func put(f *fakeSource, key string) {
	f.commit(object.Op{Kind: object.OpPut, Key: []byte(key), Value: []byte(key)})
}

// TestFollowerFindsAnyGreaterGeneration: the generations right after that of a follower were begun and removed as
// outdated while it was away from the target.
func TestFollowerFindsAnyGreaterGeneration(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	put(f, "a")
	r, err := start(f, tg, quick())
	ok(t, err)
	ok(t, r.Stop(t.Context()))
	fo := following(memfs.New())
	fo.Poll = time.Hour
	follower, err := Follow(t.Context(), tg, "/replica.lsm", fo)
	ok(t, err)
	ok(t, follower.CatchUp(t.Context()))
	for range 3 {
		put(f, "b")
		put(f, "c")
		f.forget(uint64(len(f.txs)))
		r, err := start(f, tg, quick())
		ok(t, err)
		ok(t, r.Stop(t.Context()))
	}
	for _, gen := range []uint64{1, 2, 3} {
		ok(t, r.removeGeneration(t.Context(), gen))
	}
	ok(t, follower.CatchUp(t.Context()))
	if s := follower.Status(); s.Generation != 4 || s.Applied != uint64(len(f.txs)) {
		t.Fatalf("%+v", s)
	}
	shows(t, follower, f)
	ok(t, follower.Close())
}

// TestFollowerIsHonest: a follower that cannot look at the target does not say that it is up to date.
func TestFollowerIsHonest(t *testing.T) {
	for name, set := range map[string]func(*cutOff) *atomic.Bool{
		"it cannot be reached": func(c *cutOff) *atomic.Bool { return &c.gone },
		"it does not answer":   func(c *cutOff) *atomic.Bool { return &c.silent },
	} {
		t.Run(name, func(t *testing.T) {
			f, tg := newFakeSource(), &cutOff{Memory: &target.Memory{}}
			put(f, "a")
			r, err := start(f, tg, quick())
			ok(t, err)
			ok(t, r.Stop(t.Context()))
			o := following(memfs.New())
			o.slow = time.Millisecond
			fo, err := Follow(t.Context(), tg, "/replica.lsm", o)
			ok(t, err)
			ok(t, fo.CatchUp(t.Context()))
			set(tg).Store(true)
			at := time.Now()
			for s := fo.Status(); s.Lag == 0 || tg.gone.Load() && s.LastFailure == ""; s = fo.Status() {
				if time.Since(at) > 20*time.Second {
					t.Fatalf("%+v", s)
				}
				ok(t, sleep(t.Context(), time.Millisecond))
			}
			set(tg).Store(false)
			for fo.CatchUp(t.Context()) != nil { // attempts that had failed may come to their end first
				ok(t, sleep(t.Context(), time.Millisecond))
			}
			// Looks go on, and none fails any more.
			for s := fo.Status(); s.Lag != 0 || s.LookedAt.Before(at); s = fo.Status() {
				ok(t, sleep(t.Context(), time.Millisecond))
			}
			ok(t, fo.Close())
			if s := fo.Status(); s.Err == nil || s.Lag == 0 {
				t.Errorf("it has ended, and says that it is up to date: %+v", s)
			}
		})
	}
}
