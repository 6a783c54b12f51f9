// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
)

// State is everything a reader sees: the live tree as of the last commit, at most one
// old tree that is being flushed, and the levels. A State is immutable; the holder of a pin on it
// may read everything it refers to.
type State struct {
	// What a point read needs comes first, on as few cache lines as can be: a commit has just written
	// it on another processor.
	Disk *Snapshot
	// HasOld says that a tree is waiting to be flushed. OldLog is the end of the log
	// when it was set aside: what the levels contain once it is flushed.
	HasOld bool
	Live   memtree.View
	Old    memtree.View // empty unless HasOld
	OldLog format.LogPos
	OldSeq uint64        // number of the newest commit in Old
	Tree   *memtree.Tree // the tree that Live is a view of; only the writer touches it
	Seq    uint64        // number of the commit that is newest in it
	// End is where the log ends that holds everything up to it. Commits that were not logged do not count there,
	// except that they make it a place that nothing before it leads to.
	End format.LogPlace
	// At is when it was made, in Unix nanoseconds. Publish sets it if it is 0; a caller that
	// knows the time already saves a look at the clock.
	At int64
	// Spans is what cursors have found out about the states of Tree, and Own about this
	// one, once it is not the newest any more. Both may be added to at any time. Publish
	// makes an empty list for a tree that has none of its own.
	Spans *span.List
	Own   span.List

	no       uint64       // Publish numbers all States
	replaced atomic.Int64 // At of the State published after it, 0 while it is the newest
	refs     atomic.Int64 // pins that are counted, and one of the registry while it is the newest
	// later counts those pins whose holder reads a view of Tree that is later than Live:
	// what a transaction has written so far.
	later      atomic.Int64
	prev, next *State // the registry's list; guarded by its mutex
}

// Registry publishes States and knows which of them are still pinned.
type Registry struct {
	_      [cacheLine]byte // readers need newest, and should not wait for what is written next to it
	newest atomic.Pointer[State]
	_      [cacheLine]byte

	mu         sync.Mutex
	head, tail *State // the newest State, and all with counted pins, oldest first
	tables     []*Slots
}

// Acquire pins the newest State by a count that all readers of it share. It never waits.
func (r *Registry) Acquire() *State {
	for {
		s := r.newest.Load()
		// A count of zero means that s has been superseded and let go in between.
		for n := s.refs.Load(); n > 0; n = s.refs.Load() {
			if s.refs.CompareAndSwap(n, n+1) {
				return s
			}
		}
	}
}

// Newest returns the newest State without pinning it, for a caller that keeps it from being
// superseded.
func (r *Registry) Newest() *State { return r.newest.Load() }

// Retain adds a counted pin to a State that the caller has pinned by a count.
func (r *Registry) Retain(s *State) { s.refs.Add(1) }

// Release gives a pin back.
func (r *Registry) Release(s *State) {
	if s.refs.Add(-1) > 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unlink(s)
}

func (r *Registry) unlink(s *State) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		r.head = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		r.tail = s.prev
	}
	s.prev, s.next = nil, nil
}

// Publish makes s the newest State. The caller is the only publisher.
func (r *Registry) Publish(s *State) {
	s.refs.Store(1)
	if s.At == 0 {
		s.At = time.Now().UnixNano()
	}
	old := r.newest.Load()
	if s.Spans == nil || old != nil && old.Tree != s.Tree && old.Spans == s.Spans {
		s.Spans = new(span.List)
	}
	r.mu.Lock()
	if old != nil {
		old.replaced.Store(s.At)
		s.no = old.no + 1
	}
	s.prev = r.tail
	if r.tail != nil {
		r.tail.next = s
	} else {
		r.head = s
	}
	r.tail = s
	if r.newest.Store(s); old != nil && old.refs.Add(-1) == 0 {
		r.unlink(old)
	}
	r.mu.Unlock()
}

// RetainLater is Retain for a caller that reads a view of the State's tree that is later
// than its Live.
func (r *Registry) RetainLater(s *State) {
	s.later.Add(1)
	s.refs.Add(1)
}

// ReleaseLater gives back a pin of RetainLater.
func (r *Registry) ReleaseLater(s *State) {
	s.later.Add(-1)
	r.Release(s)
}

// Next returns a State that shows the same as s, for the publisher to change before it
// publishes it.
func (s *State) Next() *State {
	return &State{Live: s.Live, Old: s.Old, HasOld: s.HasOld, OldLog: s.OldLog, OldSeq: s.OldSeq, Disk: s.Disk, Tree: s.Tree, Seq: s.Seq,
		End: s.End, Spans: s.Spans}
}

// Superseded reports whether another State has been published since, or is about to be.
func (s *State) Superseded() bool { return s.replaced.Load() != 0 }
