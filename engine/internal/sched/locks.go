// SPDX-License-Identifier: Apache-2.0

//go:build invariants

package sched

import (
	"sync"
	"sync/atomic"
)

// Mutex is a mutex that is a channel, made when it is first used. Those that wait get it in the order of arrival.
type Mutex struct {
	channel atomic.Pointer[chan struct{}]
}

func (m *Mutex) slot() chan struct{} {
	if c := m.channel.Load(); c != nil {
		return *c
	}
	c := make(chan struct{}, 1)
	m.channel.CompareAndSwap(nil, &c)
	return *m.channel.Load()
}

// Lock is sync.Mutex.Lock.
func (m *Mutex) Lock() {
	slot := m.slot()
	select {
	case slot <- struct{}{}:
		return
	default:
	}
	slot <- struct{}{}
	Point("mutex")
}

// Unlock is sync.Mutex.Unlock.
func (m *Mutex) Unlock() {
	select {
	case <-m.slot():
	default:
		panic("lsmlite: a mutex is unlocked that is not locked")
	}
}

// waiters are goroutines that wait for something, in the order of arrival.
type waiters struct {
	mu   sync.Mutex // a leaf
	list []chan struct{}
}

// join adds the caller, who waits for the channel to be closed.
func (w *waiters) join() chan struct{} {
	c := make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, c)
	return c
}

// wake lets the first n go on.
func (w *waiters) wake(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n = min(n, len(w.list))
	for _, c := range w.list[:n] {
		close(c)
	}
	w.list = append([]chan struct{}(nil), w.list[n:]...)
}

const all = int(^uint(0) >> 1)

// RWMutex is a lock for one writer or several readers. A writer that waits keeps further readers out.
type RWMutex struct {
	mu      sync.Mutex // a leaf, except for that of waiters
	writing bool
	readers int
	wants   int // writers that wait
	waiting waiters
}

// try takes the lock if f finds it free, else it returns what to wait for.
func (m *RWMutex) try(f func() bool) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f() {
		return nil
	}
	return m.waiting.join()
}

// Lock is sync.RWMutex.Lock.
func (m *RWMutex) Lock() {
	waited := false
	for {
		c := m.try(func() bool {
			free := !m.writing && m.readers == 0
			switch {
			case free && waited:
				m.writing = true
				m.wants--
			case free:
				m.writing = true
			case !waited:
				m.wants++
			}
			return free
		})
		if c == nil {
			return
		}
		waited = true
		<-c
		Point("mutex")
	}
}

// Unlock is sync.RWMutex.Unlock.
func (m *RWMutex) Unlock() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.writing {
		panic("lsmlite: a mutex is unlocked that is not locked")
	}
	m.writing = false
	m.waiting.wake(all)
}

// RLock is sync.RWMutex.RLock.
func (m *RWMutex) RLock() {
	for {
		c := m.try(func() bool {
			if m.writing || m.wants > 0 {
				return false
			}
			m.readers++
			return true
		})
		if c == nil {
			return
		}
		<-c
		Point("mutex")
	}
}

// RUnlock is sync.RWMutex.RUnlock.
func (m *RWMutex) RUnlock() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.readers--; m.readers < 0 {
		panic("lsmlite: a mutex is unlocked that is not locked")
	}
	m.waiting.wake(all)
}

// Cond is a sync.Cond of which those that are woken come through Point before they lock L again.
type Cond struct {
	L       sync.Locker
	waiting waiters
}

// Wait is sync.Cond.Wait.
func (c *Cond) Wait() {
	woken := c.waiting.join()
	c.L.Unlock()
	<-woken
	Point("condition")
	c.L.Lock()
}

// Signal is sync.Cond.Signal.
func (c *Cond) Signal() { c.waiting.wake(1) }

// Broadcast is sync.Cond.Broadcast.
func (c *Cond) Broadcast() { c.waiting.wake(all) }
