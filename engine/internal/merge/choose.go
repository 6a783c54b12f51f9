// SPDX-License-Identifier: Apache-2.0

package merge

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Slot is the place of a job among those that may be in progress at one time.
type Slot uint8

// Merges form a stack: each slot is for levels that are newer than the inputs of the next slot's
// job, and few compared with those; only the first of them that is on goes on. So a merge that
// takes hours does not hold up the smaller ones that keep the number of segments low.
const (
	Flush    Slot = iota // writes the old tree, on top of all levels
	Small                // the first of the slots for merges next to a larger one
	Main     = Small + smallSlots
	NumSlots = Main + 1 // how many there are
)

// smallSlots is how many merges may wait for smaller ones. Each is sizeRatio times as large as the
// next or more, and the smallest takes some trees, so these are enough for 4^8 trees: 512 GiB by
// default. Beyond that the smallest merge in progress ends before a smaller one begins.
const smallSlots = 7

// Running is a job in progress.
type Running struct {
	On     bool
	Inputs []*snapshot.Level
}

// Situation is all that the choice of the next piece of work depends on.
type Situation struct {
	Levels    []*snapshot.Level // of the newest state, newest first
	OldTree   bool              // a tree waits to be flushed
	Moved     bool              // the oldest segment holds blocks that C lsm1 has moved
	Jobs      [NumSlots]Running
	MinLevels int // how many levels of one age are worth a merge
	// MaxGarbage is to which part of the oldest level, in percent, the newer ones may grow before
	// all are merged; 0 is 100.
	MaxGarbage int
	Lazy       bool // a merge may wait for a larger one that comes soon
	// Whole says that no merge can be published in part, because the file is encrypted: one that is cut short begins
	// from its beginning.
	Whole     bool
	FlushOnly bool // nothing is to be done but to flush the old tree
}

// Action is what Choose has chosen.
type Action uint8

const (
	Nothing Action = iota // there is nothing to do
	GoOn                  // the job in the slot goes on
	Begin                 // a job begins in the slot
	Anew                  // all jobs are given up, and one begins in the slot
)

// Choice is the next piece of work. Of a job that begins, Levels[Lo:Hi] are the inputs, and
// in the slot Flush the old tree is another one.
type Choice struct {
	Action Action
	Slot   Slot
	Lo, Hi int
}

// Choose chooses the next piece of work:
//
//  1. A merge that C lsm1 left half done is finished before anything is published on top of
//     it: C could not go on with it otherwise.
//  2. The old tree is flushed, unless there are too many segments already: then one merge
//     goes first.
//  3. Merges: one, and at the same time smaller ones of newer levels, the smallest of which goes
//     first. One that lsmlite itself has left half done is taken up before another.
//
// It is the only place that decides this. The same situation leads to the same choice.
func Choose(s *Situation) Choice {
	if s.Moved {
		return s.overMoved()
	}
	main := s.Jobs[Main]
	if i := HalfMerged(s.Levels); i >= 0 && (s.OldTree || !s.FlushOnly || main.On) {
		if main.On && slices.Contains(main.Inputs, s.Levels[i]) {
			return Choice{Action: GoOn, Slot: Main}
		}
		return Choice{Action: Anew, Slot: Main, Lo: i, Hi: i + 1}
	}
	switch {
	case s.OldTree && s.Jobs[Flush].On:
		return Choice{Action: GoOn, Slot: Flush}
	case s.OldTree && s.segments() < MaxSegments:
		return Choice{Action: Begin, Slot: Flush, Hi: s.FreelistOnTop()}
	case !s.OldTree && s.FlushOnly:
		return Choice{}
	}
	if top := s.top(); top < NumSlots {
		if lo, hi := s.pickBeside(top); lo < hi {
			return Choice{Action: Begin, Slot: top - 1, Lo: lo, Hi: hi}
		}
		return Choice{Action: GoOn, Slot: top}
	}
	if i := s.paused(); i >= 0 {
		return Choice{Action: Begin, Slot: Main, Lo: i, Hi: i + 1}
	}
	if lo, hi := s.pick(); lo < hi {
		return Choice{Action: Begin, Slot: Main, Lo: lo, Hi: hi}
	}
	return Choice{}
}

// pick chooses the inputs of a merge while none is in progress; lo == hi if nothing is worth
// one.
func (s *Situation) pick() (lo, hi int) {
	if s.Whole && s.OldTree { // else the flush might never come: see pickCheapest
		return pickCheapest(s.Levels, s.busy)
	}
	if lo, hi = s.pickSpace(); lo < hi {
		return lo, hi
	}
	if s.spaceSoon() {
		return 0, 0
	}
	if lo, hi = pickRun(s.Levels, s.busy, s.MinLevels); lo < hi || s.segments() < MaxSegments {
		return lo, hi
	}
	return pickAny(s.Levels, s.busy)
}

// top is the slot of the merge that goes on before all others in progress, NumSlots if there is
// none.
func (s *Situation) top() Slot {
	for slot := Small; slot < NumSlots; slot++ {
		if s.Jobs[slot].On {
			return slot
		}
	}
	return NumSlots
}

// pickBeside chooses the inputs of a merge that goes on before the one in a slot.
func (s *Situation) pickBeside(top Slot) (lo, hi int) {
	if top == Small {
		return 0, 0
	}
	inputs := s.Jobs[top].Inputs
	if lo, hi = pickBeside(s.Levels, inputs, s.busy, s.MinLevels); lo < hi || s.segments() < MaxSegments {
		return lo, hi
	}
	newer := newerThan(s.Levels, inputs)
	if lo, hi = pickAny(newer, s.busy); !few(newer[lo:hi], inputs) {
		return 0, 0
	}
	return lo, hi
}

// overMoved is Choose while the oldest segment holds blocks that C lsm1 has moved. C has a
// bug by which a stepwise merge that reaches such a segment through its b-tree frees blocks
// that it still needs. Segments that C wrote above it are linked to it, which hides its b-tree;
// segments of lsmlite are not. So no segment of lsmlite is published above it: the first job
// takes in all levels, and with that the moved blocks are gone.
func (s *Situation) overMoved() Choice {
	for _, slot := range []Slot{Main, Flush} {
		if j := s.Jobs[slot]; j.On && len(j.Inputs) == len(s.Levels) {
			return Choice{Action: GoOn, Slot: slot}
		}
	}
	if s.OldTree {
		return Choice{Action: Anew, Slot: Flush, Hi: len(s.Levels)}
	}
	if s.FlushOnly {
		return Choice{}
	}
	if lo, hi := pickRun(s.Levels, s.busy, s.MinLevels); lo == hi && HalfMerged(s.Levels) < 0 && s.segments() < MaxSegments {
		return Choice{}
	}
	return Choice{Action: Anew, Slot: Main, Hi: len(s.Levels)}
}

// busy reports whether a level is an input of a job.
func (s *Situation) busy(l *snapshot.Level) bool {
	for i := range s.Jobs {
		if slices.Contains(s.Jobs[i].Inputs, l) {
			return true
		}
	}
	return false
}

// FreelistOnTop is 1 if the newest level holds free-list entries alone, which the next
// segment on top is to take in, and 0 otherwise.
func (s *Situation) FreelistOnTop() int {
	if len(s.Levels) > 0 && s.Levels[0].FreelistOnly && !s.busy(s.Levels[0]) {
		return 1
	}
	return 0
}

// HalfMerged returns the index of a level that C lsm1 left half merged, or -1.
func HalfMerged(levels []*snapshot.Level) int {
	return slices.IndexFunc(levels, func(l *snapshot.Level) bool { return l.Merging != nil && !l.Merging.Ours })
}

// paused returns the index of a level that lsmlite left half merged when it was closed or
// stopped, or -1. It goes on with such a merge when nothing is to be flushed.
func (s *Situation) paused() int {
	return slices.IndexFunc(s.Levels, func(l *snapshot.Level) bool { return l.Merging != nil && l.Merging.Ours })
}

// segments counts the segments.
func (s *Situation) segments() int { return (&snapshot.Snapshot{Levels: s.Levels}).NumSegments() }
