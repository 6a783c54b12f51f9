// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"fmt"
	"testing"
)

// This file checks the proof of the package comment: it runs a model of the algorithm, in which
// each atomic operation is one step, in every order in which the steps of several goroutines can
// follow each other. The model has what the code has: Slots.Enter, Registry.settle, Place.Leave of
// a place that is not shared, Acquire, Release, Publish, a look at the pins under the mutex, and
// the flag by which a handle is shut. Then it does the same with each part of the algorithm left
// out, and must find an error.

const (
	modelReaders = 2
	modelSlots   = 2
	modelStates  = 3
)

// scene is what goroutines do. The readers try the first slot first.
type scene struct {
	name  string
	slots int8
	reads [modelReaders]int8
	looks int8 // of the goroutine that reclaims
	close bool
}

var scenes = []scene{
	{name: "one slot, the other reader is counted", slots: 1, reads: [modelReaders]int8{2, 1}, looks: 1},
	{name: "two slots", slots: 2, reads: [modelReaders]int8{2, 1}, looks: 1},
	{name: "a second look", slots: 1, reads: [modelReaders]int8{1, 1}, looks: 2},
	{name: "Close", slots: 2, reads: [modelReaders]int8{1, 1}, close: true},
}

// flaw is something left out.
type flaw string

const (
	sound           flaw = ""
	noSecondLook    flaw = "a reader does not look again whether the State is still the newest"
	storeUnseen     flaw = "a reader that finds a newer State does not look again"
	slotsForgotten  flaw = "who reclaims does not look at the slots"
	listForgotten   flaw = "who reclaims does not look at the counted pins"
	lastForgotten   flaw = "who reclaims does not look at the last slot"
	earlySlots      flaw = "who reclaims looks at the slots before it has the mutex of the list"
	earlyUnlink     flaw = "a State leaves the list before the next one is the newest"
	earlyLeave      flaw = "a reader leaves its slot before it has read"
	lateBit         flaw = "a slot's bit is set when a reader is in it"
	earlyKnown      flaw = "a slot's bit is said to be set before it is"
	blindEntry      flaw = "a reader enters a slot that is taken"
	countFromZero   flaw = "a reader counts itself in a State that nobody has pinned"
	lateFlag        flaw = "Close looks at the slots before it sets the flag"
	flagNotLookedAt flaw = "a reader does not look at the flag"
)

// model is the memory, and where each goroutine is. It is comparable: two equal ones go on in
// the same ways.
type model struct {
	newest    int8 // States are numbered from 1
	slots     [modelSlots]int8
	ever      [modelSlots]bool // the bits of slots that ever had a reader
	inEver    [modelSlots]bool // what the slots know of them
	refs      [modelStates + 1]int8
	linked    [modelStates + 1]bool
	reclaimed [modelStates + 1]bool
	shut      bool
	closed    bool
	mutex     int8 // 1 + the goroutine that has it

	readers   [modelReaders]modelReader
	scene     *scene
	publisher modelStep
	reclaimer modelReclaimer
	closer    modelCloser
}

type modelStep struct {
	at    int8
	local int8
}

type modelReader struct {
	at      int8
	st, now int8
	slot    int8
	count   int8
	reads   int8
}

type modelReclaimer struct {
	at    int8
	seen  [modelStates + 1]bool
	ever  [modelSlots]bool
	known int8 // States published when it began: the others are not looked at
	again int8
}

type modelCloser struct {
	at   int8
	ever [modelSlots]bool
	busy bool
}

// Places in a reader's program.
const (
	rKnow = iota
	rBit
	rKnown
	rLoad
	rTake
	rLookAgain
	rStore
	rFlag
	rRead
	rReadOn
	rLeave
	rCountLoad
	rCountRefs
	rCountAdd
	rCountRead
	rCountSub
	rCountUnlink
	rDone
)

// step runs the next step of goroutine g. It returns false if that goroutine cannot go on.
func (m *model) step(g int, f flaw) bool {
	switch {
	case g < modelReaders:
		return m.read(&m.readers[g], int8(g), f)
	case g == modelReaders:
		return m.publish(&m.publisher, int8(g), f)
	case g == modelReaders+1:
		return m.reclaim(&m.reclaimer, int8(g), f)
	}
	return m.scene.close && m.close(&m.closer, f)
}

const modelGoroutines = modelReaders + 3

// lock takes the mutex for goroutine g, if it is free.
func (m *model) lock(g int8) bool {
	if m.mutex != 0 {
		return false
	}
	m.mutex = g + 1
	return true
}

func (m *model) read(r *modelReader, g int8, f flaw) bool {
	switch r.at {
	case rKnow: // Enter: is the slot's bit set?
		r.at = rBit
		if m.inEver[r.slot] || f == lateBit {
			r.at = rLoad
		}
	case rBit, rKnown: // enterFirst
		if (r.at == rBit) == (f != earlyKnown) {
			m.ever[r.slot] = true
		} else {
			m.inEver[r.slot] = true
		}
		r.at++
	case rLoad: // Enter: the newest State
		r.st = m.newest
		r.at = rTake
	case rTake: // Enter: the place, with CompareAndSwap
		switch {
		case m.slots[r.slot] == 0 || f == blindEntry:
			m.slots[r.slot] = r.st
			r.at = rLookAgain
			if f == noSecondLook {
				r.at = rFlag
			}
		case r.slot+1 < m.scene.slots:
			r.slot++
			r.at = rKnow
		default:
			r.at = rCountLoad
		}
	case rLookAgain: // settle
		r.now = m.newest
		r.at = rStore
		if r.now == r.st {
			r.at = rFlag
		}
	case rStore: // settle
		r.st = r.now
		m.slots[r.slot] = r.st
		r.at = rLookAgain
		if f == storeUnseen {
			r.at = rFlag
		}
	case rFlag: // the caller of Enter
		r.at = rRead
		if m.shut && f != flagNotLookedAt {
			r.at = rLeave // it would go on to count itself, and be refused
		}
		if f == earlyLeave {
			m.slots[r.slot] = 0
		}
		if f == lateBit {
			m.ever[r.slot] = true
		}
	case rRead, rReadOn: // twice, so that something can happen in between
		r.at++
	case rLeave:
		m.slots[r.slot] = 0
		m.done(g)
	case rCountLoad: // Acquire
		r.st = m.newest
		r.at = rCountRefs
	case rCountRefs:
		r.count = m.refs[r.st]
		r.at = rCountAdd
		if r.count == 0 && f != countFromZero {
			r.at = rCountLoad
		}
	case rCountAdd:
		r.at = rCountRefs
		if m.refs[r.st] == r.count {
			m.refs[r.st]++
			r.at = rCountRead
		}
	case rCountRead:
		r.at = rCountSub
	case rCountSub: // Release
		m.refs[r.st]--
		if r.at = rCountUnlink; m.refs[r.st] > 0 {
			m.done(g)
		}
	case rCountUnlink:
		if m.mutex != 0 {
			return false
		}
		m.linked[r.st] = false
		m.done(g)
	default:
		return false
	}
	return true
}

// done ends one read of reader g.
func (m *model) done(g int8) {
	r := &m.readers[g]
	*r = modelReader{reads: r.reads + 1}
	if r.reads == m.scene.reads[g] {
		r.at = rDone
	}
}

// publish publishes all States but the first one.
func (m *model) publish(p *modelStep, g int8, f flaw) bool {
	if p.local == 0 {
		p.local = 2
	}
	if p.local > modelStates {
		return false
	}
	next, old := p.local, p.local-1
	switch p.at {
	case 0: // link it, under the mutex
		if m.mutex != 0 {
			return false
		}
		m.refs[next], m.linked[next] = 1, true
		p.at++
	case 1:
		if f == earlyUnlink {
			if m.mutex != 0 {
				return false
			}
			if m.refs[old]--; m.refs[old] == 0 {
				m.linked[old] = false
			}
		} else {
			m.newest = next
		}
		p.at++
	case 2:
		if f == earlyUnlink {
			m.newest = next
			*p = modelStep{local: p.local + 1}
			break
		}
		m.refs[old]--
		p.at++
		if m.refs[old] > 0 {
			*p = modelStep{local: p.local + 1}
		}
	case 3:
		if m.mutex != 0 {
			return false
		}
		m.linked[old] = false
		*p = modelStep{local: p.local + 1}
	}
	return true
}

// reclaim looks at the pins, and reclaims what nobody has pinned.
func (m *model) reclaim(r *modelReclaimer, g int8, f flaw) bool {
	slots, early := m.scene.slots, int8(0)
	if f == lastForgotten {
		slots--
	}
	switch {
	case r.again == m.scene.looks:
		return false
	case f == earlySlots && r.at < slots:
		if m.ever[r.at] {
			r.seen[m.slots[r.at]] = true
		}
		r.at++
		return true
	case f == earlySlots:
		early = slots
	}
	switch at := r.at - early; {
	case at == 0:
		if !m.lock(g) {
			return false
		}
		for s := 1; s <= modelStates; s++ {
			if m.refs[s] > 0 || m.linked[s] {
				r.known = int8(s)
			}
			if m.linked[s] && f != listForgotten {
				r.seen[s] = true
			}
		}
		if f == earlySlots || f == slotsForgotten {
			r.at = early + slots + 1
		}
		r.at++
	case at == 1:
		r.ever = m.ever
		r.at++
	case at <= slots+1:
		if r.ever[at-2] {
			r.seen[m.slots[at-2]] = true
		}
		r.at++
	default:
		m.mutex = 0
		for s := int8(1); s <= r.known; s++ {
			if !r.seen[s] {
				m.reclaimed[s] = true
			}
		}
		*r = modelReclaimer{again: r.again + 1}
	}
	return true
}

// close shuts the handle, unless a reader is in a slot. Counted readers have a counter of their
// own, which one CompareAndSwap both looks at and closes.
func (m *model) close(c *modelCloser, f flaw) bool {
	flag := int8(0)
	if f == lateFlag {
		flag = modelSlots + 1
	}
	at := c.at
	if at < flag {
		at++
	}
	switch {
	case c.at == flag:
		m.shut = true
	case at == 1:
		c.ever = m.ever
	case at <= modelSlots+1:
		c.busy = c.busy || c.ever[at-2] && m.slots[at-2] != 0
	case c.at == modelSlots+2:
		m.shut, m.closed = !c.busy, !c.busy
	default:
		return false
	}
	c.at++
	return true
}

// wrong returns what must never be.
func (m *model) wrong() string {
	for i := range m.readers {
		r := &m.readers[i]
		inSlot := r.at == rRead || r.at == rReadOn
		if (inSlot || r.at == rCountRead) && m.reclaimed[r.st] {
			return fmt.Sprintf("reader %d reads State %d, which is reclaimed", i, r.st)
		}
		if inSlot && m.closed {
			return fmt.Sprintf("reader %d reads from a closed handle", i)
		}
	}
	if m.newest != 0 && m.reclaimed[m.newest] {
		return fmt.Sprintf("State %d is the newest, and reclaimed", m.newest)
	}
	return ""
}

// explore runs all orders of steps of a scene. It returns how many different situations there are,
// and the first that is wrong.
func explore(s *scene, f flaw) (situations int, wrong string) {
	first := model{newest: 1, scene: s}
	first.refs[1], first.linked[1] = 1, true
	seen := map[model]struct{}{first: {}}
	todo := []model{first}
	for len(todo) > 0 {
		m := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for g := range modelGoroutines {
			next := m
			if !next.step(g, f) {
				continue
			}
			if _, found := seen[next]; found {
				continue
			}
			if w := next.wrong(); w != "" {
				return len(seen), w
			}
			seen[next] = struct{}{}
			todo = append(todo, next)
		}
	}
	return len(seen), ""
}

func TestModelOfSlots(t *testing.T) {
	for i := range scenes {
		n, wrong := explore(&scenes[i], sound)
		if wrong != "" {
			t.Errorf("%s: %s", scenes[i].name, wrong)
		} else if n < 10_000 {
			t.Errorf("%s: only %d situations", scenes[i].name, n)
		}
		t.Logf("%s: %d situations", scenes[i].name, n)
	}
}

func TestModelOfSlotsFindsFlaws(t *testing.T) {
	for _, f := range []flaw{noSecondLook, storeUnseen, slotsForgotten, listForgotten, lastForgotten, earlySlots, earlyUnlink, earlyLeave, lateBit,
		earlyKnown, blindEntry, countFromZero, lateFlag, flagNotLookedAt} {
		found := ""
		for i := range scenes {
			if _, found = explore(&scenes[i], f); found != "" {
				break
			}
		}
		if found == "" {
			t.Errorf("if %s, nothing is wrong", f)
		}
	}
}
