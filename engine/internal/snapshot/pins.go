// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"cmp"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
)

// readersOnStack is for how many readers in slots a look at them needs no allocation.
const readersOnStack = 16

// PinnedSnapshots appends the ids of all snapshots that are pinned, the newest one
// included, to dst, ascending.
func (r *Registry) PinnedSnapshots(dst []base.SnapshotID) []base.SnapshotID {
	r.mu.Lock()
	defer r.mu.Unlock()
	if mutant.Is(mutant.ReaderNotPinned) {
		return append(dst, r.newest.Load().Disk.ID)
	}
	var buf [readersOnStack]*State
	for _, s := range r.inSlots(buf[:0]) {
		dst = append(dst, s.Disk.ID)
	}
	for s := r.head; s != nil; s = s.next {
		if len(dst) == 0 || dst[len(dst)-1] != s.Disk.ID {
			dst = append(dst, s.Disk.ID)
		}
	}
	slices.Sort(dst)
	return slices.Compact(dst)
}

// PinnedEpochs returns the epochs of the given tree that pinned States show, ascending. It
// returns false if they are not all: if a reader has a view later than its State.
func (r *Registry) PinnedEpochs(t *memtree.Tree) (epochs []memtree.Epoch, all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var buf [readersOnStack]*State
	for _, s := range r.inSlots(buf[:0]) {
		if s.Tree == t {
			epochs = append(epochs, s.Live.Epoch())
		}
	}
	for s := r.head; s != nil; s = s.next {
		if s.Tree != t {
			continue
		}
		if s.later.Load() > 0 {
			return nil, false
		}
		epochs = append(epochs, s.Live.Epoch())
	}
	slices.Sort(epochs)
	return slices.Compact(epochs), true
}

// OldestEpoch returns the oldest epoch of the given tree that a pinned State shows.
func (r *Registry) OldestEpoch(t *memtree.Tree) memtree.Epoch {
	r.mu.Lock()
	defer r.mu.Unlock()
	var oldest memtree.Epoch
	for s := r.head; s != nil; s = s.next {
		if s.Tree == t {
			oldest = s.Live.Epoch()
			break
		}
	}
	var buf [readersOnStack]*State
	for _, s := range r.inSlots(buf[:0]) {
		if s.Tree == t {
			oldest = min(oldest, s.Live.Epoch())
		}
	}
	return oldest
}

// Pinned describes a State that readers have pinned.
type Pinned struct {
	State    *State // to look at what it is made of; its pages and trees may be let go any time
	Pins     int64
	Replaced int64 // when another State became the newest one, in Unix nanoseconds; 0 if this one is
}

// PinnedStates returns the States that readers have pinned, oldest first. The caller
// keeps others from publishing meanwhile.
func (r *Registry) PinnedStates() []Pinned {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Pinned
	newest := r.newest.Load()
	for s := r.head; s != nil; s = s.next {
		n := s.refs.Load()
		if s == newest {
			n-- // the registry's own
		}
		if n > 0 {
			out = append(out, Pinned{State: s, Pins: n, Replaced: s.replaced.Load()})
		}
	}
	for _, t := range r.tables {
		for p, s := range t.taken {
			at, found := slices.BinarySearchFunc(out, s.no, byNumber)
			if !found {
				out = slices.Insert(out, at, Pinned{State: s, Replaced: s.replaced.Load()})
			}
			out[at].Pins += int64(p.users())
		}
	}
	return out
}

func byNumber(p Pinned, no uint64) int { return cmp.Compare(p.State.no, no) }
