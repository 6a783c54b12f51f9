// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
)

// A cursor that has to pass many hidden records remembers between which keys it did, for
// itself and for others: see package span.
var (
	lookMask    = 15 // one less than the hidden records between two looks at what is remembered
	learnSteps  = 32 // hidden records that make a run that is remembered
	costlyNodes = 32 // nodes visited to bring a span up to date that make it worth adding again
)

func init() {
	if invariant.Expensive { // so that tests remember all the time
		lookMask, learnSteps, costlyNodes = 0, 1, 1
	}
}

// skipCost is how many steps a jump over a deleted range stands for.
const skipCost = 3

// run is what a move passes from the key sought, or from its last visible key, to the next
// visible one.
type run struct {
	steps  int // hidden records met, and for jumps as many as take that long
	hidden int // records jumped over that no deleted range hides yet
	costly bool
	// known says that nothing is visible from start as far as end: in a walk forward Low and
	// High of a span; in one backward start is the greatest key and end is Low. start may be
	// the caller's.
	known, ended bool
	start, end   []byte
	startBuf     []byte
}

// begin starts a run, at a key that was sought if sought is true.
func (r *run) begin(key []byte, sought bool) {
	r.steps, r.hidden, r.costly, r.ended = 0, 0, false, false
	r.start, r.known = key, sought
}

// reach notes that nothing is visible between the start of the run and key, which is hidden
// or not reached yet.
func (r *run) reach(key []byte) {
	if !r.known {
		r.startBuf = append(r.startBuf[:0], key...)
		r.start, r.known = r.startBuf, true
	}
	r.end, r.ended = append(r.end[:0], key...), true
}

// used notes that the run jumps over a span, of which visited nodes had to be looked at.
func (r *run) used(s *span.Span, visited int) {
	r.hidden += s.Unfolded()
	r.costly = r.costly || visited >= costlyNodes
}

// passAhead returns the first key from key on that may be visible.
func (c *Cursor) passAhead(key []byte) []byte {
	s, ok := c.memory.find(key)
	if !ok {
		return key
	}
	target, visited := c.memory.view.FirstInsert(key, s.High, s.Epoch)
	if target == nil {
		target = s.High
	}
	c.run.used(&s, visited)
	c.run.reach(target)
	return target
}

// passBehind returns a key up to key after which, up to key, nothing is visible.
func (c *Cursor) passBehind(key []byte) []byte {
	s, ok := c.memory.find(key)
	if !ok {
		return key
	}
	target, visited := c.memory.view.LastInsert(s.Low, c.memory.after(key), s.Epoch)
	c.run.used(&s, visited)
	if target == nil {
		target = s.Low
		c.run.reach(target)
	}
	return target
}

// look is called at the key of a hidden record, every now and then. It jumps over what is
// known to be hidden, too, in the direction of the walk, and reports whether the sources have
// moved.
func (c *Cursor) look(key []byte) bool {
	if c.memory.state == nil {
		return false
	}
	c.run.reach(key)
	if !c.memory.any() {
		return false
	}
	// The key may live in the buffer of a source, which is about to move.
	c.jumped = append(c.jumped[:0], key...)
	pass, seek := c.passAhead, (*Source).seekGE
	if c.back {
		pass, seek = c.passBehind, (*Source).seekLE
	}
	target := pass(c.jumped)
	if bytes.Equal(target, c.jumped) {
		return false
	}
	c.run.steps += skipCost
	for i := range c.sources {
		seek(&c.sources[i], c.topic, target)
	}
	return true
}

// endAhead ends the run of a walk forward at a visible key, or nil if there is none, and
// remembers it if it was long.
func (c *Cursor) endAhead(key []byte) {
	r := &c.run
	if r.steps < learnSteps && !r.costly || c.memory.state == nil || !r.known {
		return
	}
	if key == nil {
		if !r.ended {
			return
		}
		key = r.end
	}
	c.memory.add(r.start, key, r.steps+r.hidden)
}

// endBehind is endAhead for a walk backward.
func (c *Cursor) endBehind(key []byte) {
	r := &c.run
	if r.steps < learnSteps && !r.costly || c.memory.state == nil || !r.known {
		return
	}
	low := r.end
	if key != nil {
		low = append(append(make([]byte, 0, len(key)+1), key...), 0)
	} else if !r.ended {
		return
	}
	c.memory.add(low, c.memory.after(r.start), r.steps+r.hidden)
}

// Steps returns how many steps the last move took over hidden records: one for each, some
// for each jump.
func (c *Cursor) Steps() int { return c.run.steps }
