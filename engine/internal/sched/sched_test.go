// SPDX-License-Identifier: Apache-2.0

package sched_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

// TestMutexes has goroutines count under each lock, and readers see no half of a change.
func TestMutexes(t *testing.T) {
	var m sched.Mutex
	var rw sched.RWMutex
	var n, a, b int
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				m.Lock()
				n++
				m.Unlock()
				rw.Lock()
				a++
				b++
				rw.Unlock()
				rw.RLock()
				if a != b {
					t.Error("a reader sees half of a change")
				}
				rw.RUnlock()
			}
		})
	}
	all.Wait()
	if n != 1600 || a != 1600 {
		t.Errorf("%d and %d, want 1600", n, a)
	}
}

// TestCond wakes one of those that wait, then all.
func TestCond(t *testing.T) {
	var mu sync.Mutex
	c := sched.Cond{L: &mu}
	var woken, turns int
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			for turns == 0 {
				c.Wait()
			}
			turns--
			woken++
		})
	}
	for woken := range 5 {
		mu.Lock()
		turns = 1
		mu.Unlock()
		if woken%2 == 0 {
			c.Broadcast()
		}
		for left := 1; left > 0; {
			c.Signal()
			mu.Lock()
			left = turns
			mu.Unlock()
		}
	}
	all.Wait()
	if woken != 5 {
		t.Errorf("%d have been woken", woken)
	}
}

// TestWriterKeepsReadersOut: a writer that waits gets its lock before readers that come later, and unlocking what is
// not locked panics.
func TestWriterKeepsReadersOut(t *testing.T) {
	if !sched.Enabled {
		t.Skip("the locks are those of package sync, which are no bubble's")
	}
	synctest.Test(t, func(t *testing.T) {
		var rw sched.RWMutex
		var order []string
		rw.RLock()
		go func() {
			rw.Lock()
			order = append(order, "writer")
			rw.Unlock()
		}()
		synctest.Wait()
		go func() {
			rw.RLock()
			order = append(order, "reader")
			rw.RUnlock()
		}()
		synctest.Wait()
		rw.RUnlock()
		synctest.Wait()
		if len(order) != 2 || order[0] != "writer" {
			t.Errorf("in the order %v", order)
		}
	})
	for name, f := range map[string]func(){
		"Mutex":          func() { new(sched.Mutex).Unlock() },
		"RWMutex":        func() { new(sched.RWMutex).Unlock() },
		"RWMutex reader": func() { new(sched.RWMutex).RUnlock() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// TestDirect lets those that have waited go on one at a time.
func TestDirect(t *testing.T) {
	if !sched.Enabled {
		t.Skip("nothing can be directed without the build tag invariants")
	}
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{})
		var at int
		var mu sync.Mutex
		stop := sched.Direct(sched.Director{Uint64: func() uint64 { return 7 }, Point: func(string) {
			mu.Lock()
			at++
			mu.Unlock()
			<-held
		}})
		defer stop()
		var m sched.Mutex
		var c sched.Cond
		c.L = &mu
		n, woken := 0, 0
		m.Lock()
		for range 3 {
			go func() {
				m.Lock()
				n++
				m.Unlock()
			}()
		}
		go func() {
			mu.Lock()
			c.Wait()
			woken++
			mu.Unlock()
		}()
		synctest.Wait()
		m.Unlock()
		c.Broadcast()
		synctest.Wait()
		if at != 2 || n+woken != 0 {
			t.Errorf("%d goroutines are held, and %d have gone on", at, n+woken)
		}
		close(held)
		synctest.Wait()
		if sched.Uint64() != 7 {
			t.Error("a number is random")
		}
		if n != 3 || woken != 1 {
			t.Errorf("%d and %d have gone on", n, woken)
		}
	})
}
