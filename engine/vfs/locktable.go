// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"fmt"
	"io/fs"
	"sync"
)

// LockTable holds the locks of one file within this process. It is for an FS that has
// no byte locks to offer: one table for each file, shared by all its handles. The zero
// value holds no locks. Its methods may be called by any number of goroutines.
//
// An owner is a handle: any comparable value that differs between handles.
type LockTable struct {
	mu     sync.Mutex
	slots  [lastSlot + 1]map[any]LockKind
	ranges rangeTable
}

// Lock is File.Lock for the handle owner.
func (t *LockTable) Lock(owner any, slot int, kind LockKind) error {
	if err := checkSlots(slot, 1, kind); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if kind == Unlock {
		delete(t.slots[slot], owner)
		return nil
	}
	if t.conflicts(owner, slot, kind) {
		return ErrLocked
	}
	if t.slots[slot] == nil {
		t.slots[slot] = make(map[any]LockKind)
	}
	t.slots[slot][owner] = kind
	return nil
}

// Locked is File.Locked for the handle owner.
func (t *LockTable) Locked(owner any, first, count int, kind LockKind) (bool, error) {
	if err := checkSlots(first, count, kind); err != nil {
		return false, err
	}
	if kind == Unlock {
		return false, fmt.Errorf("test for %v: %w", kind, fs.ErrInvalid)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for slot := first; slot < first+count; slot++ {
		if t.conflicts(owner, slot, kind) {
			return true, nil
		}
	}
	return false, nil
}

// kind returns the lock of owner on slot.
func (t *LockTable) kind(owner any, slot int) LockKind {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slots[slot][owner]
}

// strongest returns the strongest lock that any owner has on slot.
func (t *LockTable) strongest(slot int) LockKind {
	t.mu.Lock()
	defer t.mu.Unlock()
	strongest := Unlock
	for _, held := range t.slots[slot] {
		strongest = max(strongest, held)
	}
	return strongest
}

// Release drops all locks of owner. A handle calls it when it is closed.
func (t *LockTable) Release(owner any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, holders := range t.slots {
		delete(holders, owner)
	}
	t.ranges.release(owner)
}

// conflicts reports whether another owner's lock forbids kind on slot. The caller
// holds t.mu.
func (t *LockTable) conflicts(owner any, slot int, kind LockKind) bool {
	for other, held := range t.slots[slot] {
		if other != owner && (kind == Exclusive || held == Exclusive) {
			return true
		}
	}
	return false
}
