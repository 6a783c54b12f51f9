// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// OldestSnapshot returns the id of the oldest snapshot that is pinned.
func (r *Registry) OldestSnapshot() base.SnapshotID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.head.Disk.ID
}

// Pins returns how many pins readers hold, over all States.
func (r *Registry) Pins() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var n int64
	for s := r.head; s != nil; s = s.next {
		n += s.refs.Load()
	}
	return n - 1
}

// NewSlotsOf is NewSlots with a given number of slots, a power of two.
func (r *Registry) NewSlotsOf(n int) *Slots { return r.newSlots(n) }

// NumSlots is how many slots a handle has for a number of goroutines that run at a time.
var NumSlots = numSlots
