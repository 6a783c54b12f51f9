// SPDX-License-Identifier: Apache-2.0

// Package writeset holds what one transaction has written and not yet committed, in memory: puts, deletes
// and deletes of ranges, as their net effect. It is for stores whose rows are elsewhere, such as those of
// package store/overlay; the engine's own transactions write into its live tree.
//
// A [Set] owns copies of all keys and values. One goroutine at a time may write to it; any number may read
// the [View]s that it has frozen. A View never changes, and must be released, so that the memory of what was
// written again since can be reused. Levels are marks: going back to one undoes all that came after it.
package writeset

import (
	"slices"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// MaxRecordBytes is the largest sum of a key's and a value's length. MaxBytes is the size up to which a set
// may grow: before that, the caller has to refuse more.
const (
	MaxRecordBytes       = memtree.MaxRecordBytes
	MaxBytes       int64 = memtree.MaxBytes
)

// Fate is what a set knows about a key.
type Fate uint8

const (
	// Unknown keys are what they were before the transaction.
	Unknown Fate = iota
	// Present keys have a value in the set.
	Present
	// Deleted keys are gone, if they ever were there.
	Deleted
)

// Set is what a transaction has written. Make one with New.
type Set struct {
	tree    *memtree.Tree
	deletes bool

	mu   sync.Mutex
	held []heldEpoch // ascending; guarded by mu
}

// heldEpoch is a state that has views which are not released.
type heldEpoch struct {
	epoch memtree.Epoch
	views int
}

// New returns an empty set.
func New() *Set { return &Set{tree: memtree.New()} }

// Put gives key a value. Both are copied.
func (s *Set) Put(key, value []byte) {
	s.reclaim()
	s.tree.Put(key, value)
}

// Delete deletes key, whether or not there is one.
func (s *Set) Delete(key []byte) {
	s.reclaim()
	s.deletes = true
	s.tree.Delete(key)
}

// DeleteRange deletes every key between after and before, neither of which it touches.
func (s *Set) DeleteRange(after, before []byte) {
	s.reclaim()
	s.deletes = true
	s.tree.DeleteRange(after, before)
}

// Get returns what the set knows about key. The value is read-only and valid until the next write.
func (s *Set) Get(key []byte) (value []byte, fate Fate) {
	value, r := s.tree.Get(key)
	return value, fateOf(r)
}

func fateOf(r memtree.Result) Fate {
	switch r {
	case memtree.Found:
		return Present
	case memtree.Deleted:
		return Deleted
	}
	return Unknown
}

// Size returns how many bytes the set needs for what was written, including what was overwritten since.
func (s *Set) Size() int64 { return int64(s.tree.Size()) }

// Footprint returns how many bytes the set has allocated. It exceeds Size by much only while views and marks
// keep old states.
func (s *Set) Footprint() int64 { return int64(s.tree.Footprint()) }

// Mark is a state of a set to which it can go back.
type Mark struct{ m memtree.Mark }

// Mark returns the current state. Marks nest.
func (s *Set) Mark() Mark { return Mark{s.tree.Mark()} }

// RollbackTo undoes everything since m, which stays valid, and makes marks after m invalid. Views stay as
// they are.
func (s *Set) RollbackTo(m Mark) { s.tree.RollbackTo(m.m) }

// Release makes m and the marks after it invalid and keeps what was written.
func (s *Set) Release(m Mark) { s.tree.Release(m.m) }

// Freeze returns the current state. It costs nothing except that what is written next is copied.
func (s *Set) Freeze() *View {
	v := s.tree.Freeze()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.held)
	if n == 0 || s.held[n-1].epoch != v.Epoch() {
		s.held = append(s.held, heldEpoch{epoch: v.Epoch()})
		n++
	}
	s.held[n-1].views++
	return &View{set: s, view: v, deletes: s.deletes}
}

// reclaim lets memory be used again that no view needs any more, where it is worth it.
func (s *Set) reclaim() {
	if !s.tree.WantsReclaim() {
		return
	}
	s.mu.Lock()
	held := make([]memtree.Epoch, len(s.held))
	for i := range s.held {
		held[i] = s.held[i].epoch
	}
	s.mu.Unlock()
	s.tree.ReclaimBetween(held)
}

// View is a state of a set that does not change.
type View struct {
	set     *Set
	view    memtree.View
	deletes bool
}

// Release gives the view up. It is called once, by any goroutine; nothing of the view may be used after it.
func (v *View) Release() {
	s := v.set
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.held, func(h heldEpoch) bool { return h.epoch == v.view.Epoch() })
	if s.held[i].views--; s.held[i].views == 0 {
		s.held = slices.Delete(s.held, i, i+1)
	}
}

// Empty reports whether nothing was written.
func (v *View) Empty() bool { return v.view.Empty() }

// MayDelete reports whether there may be deleted keys.
func (v *View) MayDelete() bool { return v.deletes }

// Get returns what the view knows about key. The value is read-only.
func (v *View) Get(key []byte) (value []byte, fate Fate) {
	value, r := v.view.Get(key)
	return value, fateOf(r)
}

// kindFate returns what a record says about its own key.
func kindFate(k base.Kind) Fate {
	switch {
	case k&base.Insert != 0:
		return Present
	case k&base.PointDelete != 0:
		return Deleted
	}
	return Unknown
}
