// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

const (
	// slotsPerProc is how many slots a handle has for each goroutine that can run at a time.
	// Two of those rarely meet in one slot, and goroutines that were interrupted in a read keep
	// theirs.
	slotsPerProc = 16
	// MinSlots and MaxSlots are the bounds of a handle's slots. The owner of what is reclaimed
	// looks at each of them that ever had a reader.
	MinSlots, MaxSlots = 128, 1024
	// slotTries is how many slots a reader tries before it counts itself in the State.
	slotTries = 4
	// tiredPins is after how many point reads a reader is tired: after 10 to 100 microseconds.
	tiredPins = 64

	cacheLine = 64
	// stackShift is such that two goroutines differ in the address of a variable without that
	// many bits: the least size of a stack.
	stackShift = 11
	spread     = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio: its products spread well
)

// Use is what a reader reads for. Each use has its own place in a slot, so that what is held
// for long is in nobody's way.
type Use uint8

const (
	ForRead Use = iota // one point read
	ForHold            // a snapshot, or a cursor
	numUses
)

// pinsOf is how many point reads a pin for each use stands for, about: a divisor of tiredPins.
var pinsOf = [numUses]uint32{ForRead: 1, ForHold: 8}

// Slots are where the readers of one handle write down which State they read, in place of
// counting themselves in the State, which all readers share. Any number of goroutines may use
// them.
type Slots struct {
	reg   *Registry
	slots []slot // a power of two
	shift uint8  // of a hash, to get the number of a slot
	// ever has a bit for each slot that ever had a reader: who reclaims looks at no other. Each bit
	// is set once, so readers do not wait for each other here.
	ever []atomic.Uint64
}

// slot is a cache line, in which a reader chosen by its stack writes.
type slot struct {
	places [numUses]Place
	inEver atomic.Bool // its bit is set
	_      [cacheLine - uintptr(numUses)*unsafe.Sizeof(Place{}) - unsafe.Sizeof(atomic.Bool{})]byte
}

// Place holds the State that a reader reads, nil if none does.
type Place struct {
	state  atomic.Pointer[State]
	others atomic.Int32 // readers after the first, with the same pin
	pins   uint32       // that were made by it, or what is as much work; only the one that takes it writes
}

// NewSlots makes the slots of another handle.
func (r *Registry) NewSlots() *Slots { return r.newSlots(numSlots(runtime.GOMAXPROCS(0))) }

// numSlots returns the number of slots on a machine that runs that many goroutines at a time.
func numSlots(procs int) int {
	least := MinSlots
	if invariant.Expensive { // so that tests find none free all the time
		least, procs = 2, 0
	}
	n := least
	for n < MaxSlots && n < slotsPerProc*procs {
		n *= 2
	}
	return n
}

func (r *Registry) newSlots(n int) *Slots {
	s := &Slots{reg: r, slots: make([]slot, n), ever: make([]atomic.Uint64, (n+63)/64), shift: 64}
	for ; n > 1; n /= 2 {
		s.shift--
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tables = append(r.tables, s)
	return s
}

// Enter pins the newest State by a place of its own, where Leave gives it back. If it finds no
// place that is free, it returns nil; then Acquire is to be used. It never waits.
func (s *Slots) Enter(use Use) (*State, *Place) {
	var here byte
	hash := uint64(uintptr(unsafe.Pointer(&here))>>stackShift) * spread
	if sched.Enabled {
		hash = 0 // where a stack lies is chance
	}
	i := hash >> s.shift
	for range slotTries {
		at := i & uint64(len(s.slots)-1)
		slot := &s.slots[at]
		p := &slot.places[use]
		if p.state.Load() == nil {
			if !slot.inEver.Load() {
				s.enterFirst(at)
			}
			st := s.reg.newest.Load()
			if invariant.Expensive { // so that tests are overtaken by a publisher all the time
				sched.Point("reader has looked")
				runtime.Gosched()
			}
			if p.state.CompareAndSwap(nil, st) {
				p.pins += pinsOf[use]
				return s.reg.settle(p, st), p
			}
		}
		i += hash>>20 | 1
	}
	mark.Hit(mark.SlotsFull)
	return nil, nil
}

// enterFirst has those who reclaim look at a slot from now on.
func (s *Slots) enterFirst(at uint64) {
	s.ever[at/64].Or(1 << (at % 64))
	s.slots[at].inEver.Store(true) // not before, because another reader would rely on it
}

// settle makes a place that holds a State hold the newest one, and returns it.
func (r *Registry) settle(p *Place, st *State) *State {
	for {
		now := r.newest.Load()
		if now == st {
			return st
		}
		st = now
		p.state.Store(st)
		mark.Hit(mark.SlotOvertaken)
	}
}

// Tired reports whether the reader, who still has the place, has read so much since it last was that
// it should look whether others want to run.
func (p *Place) Tired() bool { return p.pins%tiredPins == 0 }

// Share adds a reader to a place that the caller has: it has to be left once more.
func (p *Place) Share() { p.others.Add(1) }

// Leave gives the place back, once all have left that share it.
func (p *Place) Leave() {
	if p.others.Load() > 0 {
		if p.others.Add(-1) >= 0 {
			return
		}
		p.others.Store(0) // two left at once, and the other was first
	}
	p.state.Store(nil)
}

// users returns how many readers have the place, which is taken.
func (p *Place) users() int { return 1 + max(0, int(p.others.Load())) }

// InUse returns how many readers are in the slots. A reader that enters and looks at a flag
// afterwards, which was set before InUse was called, is counted or finds the flag set.
func (s *Slots) InUse() int {
	n := 0
	for p := range s.taken {
		n += p.users()
	}
	return n
}

// taken yields the places that are taken, and what they hold.
func (s *Slots) taken(yield func(*Place, *State) bool) {
	for i := range s.ever {
		for ever := s.ever[i].Load(); ever != 0; ever &= ever - 1 {
			slot := &s.slots[i*64+bits.TrailingZeros64(ever)]
			for j := range slot.places {
				p := &slot.places[j]
				if st := p.state.Load(); st != nil && !yield(p, st) {
					return
				}
			}
		}
	}
}

// Drop ends the use of slots in which nobody will enter any more.
func (s *Slots) Drop() {
	s.reg.mu.Lock()
	defer s.reg.mu.Unlock()
	for i, t := range s.reg.tables {
		if t == s {
			s.reg.tables = append(s.reg.tables[:i:i], s.reg.tables[i+1:]...)
			return
		}
	}
}

// inSlots appends the States that readers have in slots to dst, in no order, one for each
// place. The caller holds the mutex.
func (r *Registry) inSlots(dst []*State) []*State {
	for _, t := range r.tables {
		for i := range t.ever {
			for ever := t.ever[i].Load(); ever != 0; ever &= ever - 1 {
				slot := &t.slots[i*64+bits.TrailingZeros64(ever)]
				if st := slot.places[ForRead].state.Load(); st != nil {
					dst = append(dst, st)
				}
				if st := slot.places[ForHold].state.Load(); st != nil {
					dst = append(dst, st)
				}
			}
		}
	}
	return dst
}
