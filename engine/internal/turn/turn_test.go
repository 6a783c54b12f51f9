// SPDX-License-Identifier: Apache-2.0

package turn_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/turn"
)

func TestTurn(t *testing.T) {
	w := turn.New("writer")
	if w.TakenAt() != 0 {
		t.Error("a new turn is taken")
	}
	if err := w.Take(context.Background()); err != nil || w.TakenAt() == 0 {
		t.Fatalf("taken at %d, %v", w.TakenAt(), err)
	}
	w.MustBeHeld()
	if w.Try() {
		t.Error("taken twice")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Take(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a context that has ended: %v", err)
	}
	w.Release()
	if w.TakenAt() != 0 || !w.Try() {
		t.Error("a turn that was given back cannot be taken")
	}
}

// TestAwait waits for a turn to be given back, and leaves it to others.
func TestAwait(t *testing.T) {
	w := turn.New("checkpointer")
	ctx, cancel := context.WithCancel(context.Background())
	if err := w.Await(ctx); err != nil || !w.Try() {
		t.Fatalf("of a free turn: %v", err)
	}
	const waiters = 5
	awaited := make(chan error, waiters)
	for range waiters {
		go func() { awaited <- w.Await(ctx) }()
	}
	for range 3 {
		time.Sleep(time.Millisecond)
		if len(awaited) > 0 {
			t.Error("the turn is taken, and was not awaited")
		}
	}
	w.Release()
	if !w.Try() {
		t.Error("those that await a turn take it")
	}
	for range waiters {
		// One that has come only now awaits the next time.
		select {
		case err := <-awaited:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(100 * time.Millisecond):
			w.Release()
			if err := <-awaited; err != nil || !w.Try() {
				t.Error(err, "or the turn is taken")
			}
		}
	}
	cancel()
	if err := w.Await(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	w.Release()
}

// TestTurnsAreServedInOrder: the one that has waited longest is next.
func TestTurnsAreServedInOrder(t *testing.T) {
	const waiters = 20
	w := turn.New("writer")
	if !w.Try() {
		t.Fatal("taken")
	}
	served := make(chan int, waiters)
	for i := range waiters {
		started := make(chan struct{})
		go func() {
			close(started)
			_ = w.Take(context.Background())
			served <- i
			w.Release()
		}()
		<-started
		waitForQueue(t, i+1)
	}
	w.Release()
	for want := range waiters {
		if got := <-served; got != want {
			t.Fatalf("%d was served before %d", got, want)
		}
	}
}

// TestMustBeHeld: with the build tag invariants a function that needs a turn says so when
// nobody has it.
func TestMustBeHeld(t *testing.T) {
	defer func() {
		if failed := recover() != nil; failed != invariant.Expensive {
			t.Errorf("the assertion failed: %t, want %t", failed, invariant.Expensive)
		}
	}()
	turn.New("worker").MustBeHeld()
}

// waitForQueue waits until n goroutines are blocked in Take.
func waitForQueue(t *testing.T, n int) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		blocked := 0
		for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			head, _, _ := strings.Cut(g, "\n")
			if strings.Contains(head, "[select") && strings.Contains(g, "(*Turn).Take") {
				blocked++
			}
		}
		if blocked >= n {
			return
		}
	}
	t.Fatalf("%d goroutines do not wait", n)
}
