// SPDX-License-Identifier: Apache-2.0

// Package faults makes requests fail, for tests: those of a target, or those of an HTTP client. What happens to a
// request is decided by a random source, so that a test can be repeated. It is used by tests only.
package faults

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// ErrInjected is what a request fails with.
var ErrInjected = errors.New("injected failure")

// dice are random numbers for any number of goroutines.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (d *dice) roll(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

// Target passes requests on, of which one in Chance fails: before it takes place, or after it; or it takes place once
// more, later, when nobody waits for it.
type Target struct {
	target.Target
	Chance int
	dice   dice
	mu     sync.Mutex
	late   []func()
	dead   bool
}

// New returns a target with failures.
func New(t target.Target, chance int, rng *rand.Rand) *Target {
	return &Target{Target: t, Chance: chance, dice: dice{rng: rng}}
}

// Kill makes all later requests fail, as those of a process that was killed: the ones that are late still take place
// with Late.
func (t *Target) Kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dead = true
}

// Late lets the requests take place that were delayed: those that a network still has.
func (t *Target) Late() {
	t.mu.Lock()
	late := t.late
	t.late = nil
	t.mu.Unlock()
	for _, f := range late {
		f()
	}
}

func (t *Target) killed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dead
}

// do sends a request.
func (t *Target) do(ctx context.Context, repeat bool, f func(context.Context) error) error {
	if t.killed() {
		return ErrInjected
	}
	what := 9
	if t.Chance > 0 && t.dice.roll(t.Chance) == 0 {
		what = t.dice.roll(4)
	}
	switch what {
	case 0:
		return ErrInjected
	case 1:
		_ = f(ctx)
		return ErrInjected
	case 2: // lost, and there after all, later
		if repeat {
			t.mu.Lock()
			t.late = append(t.late, func() { _ = f(context.WithoutCancel(ctx)) })
			t.mu.Unlock()
		}
		return ErrInjected
	case 3:
		time.Sleep(time.Duration(t.dice.roll(2000)) * time.Microsecond)
		if t.dice.roll(2) == 0 {
			t.Late()
		}
	}
	return f(ctx)
}

// Create implements target.Target.
func (t *Target) Create(ctx context.Context, name string, data []byte) error {
	data = append([]byte(nil), data...) // a late request has its bytes
	return t.do(ctx, true, func(ctx context.Context) error { return t.Target.Create(ctx, name, data) })
}

// Get implements target.Target.
func (t *Target) Get(ctx context.Context, name string) (data []byte, err error) {
	err = t.do(ctx, false, func(ctx context.Context) (err error) {
		data, err = t.Target.Get(ctx, name)
		return err
	})
	if err != nil {
		data = nil
	}
	return data, err
}

// Delete implements target.Target.
func (t *Target) Delete(ctx context.Context, name string) error {
	return t.do(ctx, true, func(ctx context.Context) error { return t.Target.Delete(ctx, name) })
}

// List implements target.Target.
func (t *Target) List(ctx context.Context, prefix, after string) iter.Seq2[target.Info, error] {
	return func(yield func(target.Info, error) bool) {
		cut := -1
		if t.killed() {
			cut = 0
		} else if t.Chance > 0 && t.dice.roll(t.Chance) == 0 {
			cut = t.dice.roll(4)
		}
		n := 0
		for info, err := range t.Target.List(ctx, prefix, after) {
			if n == cut {
				yield(target.Info{}, ErrInjected)
				return
			}
			n++
			if !yield(info, err) || err != nil {
				return
			}
		}
		if n == cut {
			yield(target.Info{}, ErrInjected)
		}
	}
}
