// SPDX-License-Identifier: Apache-2.0

package merge

import (
	"math"

	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// halfAge is added to the age of the oldest level while its merge is half done: C lsm1 takes up no
// run of levels whose age is that of a half-done merge after it, less one, and waits forever if there
// are too many of them. No other level gets as old: each merge that adds one to an age takes four
// levels of that age, by default, so levels would have to be as many as 2^64. A merge of newer levels
// keeps its age, because ages must not decrease towards the oldest: see LeastInputs.
const halfAge = 64

// HalfAge returns the age of a level while the merge to a level of the given age is half done.
func HalfAge(age uint16, oldest bool) uint16 {
	if !oldest {
		return age
	}
	return min(age, math.MaxUint16-halfAge) + halfAge
}

// LeastInputs returns how many inputs a merge has at least that may be left half done. One of newer
// levels has as many as C lsm1 wants, by default, before it goes on with a merge: so no run of levels
// waits there forever for one.
func LeastInputs(oldest bool) int {
	if oldest {
		return 2
	}
	return 4
}

// ageOf returns the age that a level would have, were its merge not half done. If C has ended
// the merge, the level has kept its age.
func ageOf(l *snapshot.Level) uint16 {
	if l.Age >= halfAge {
		return l.Age - halfAge
	}
	return l.Age
}

// Age returns the age of the merge of levels[lo:hi]: one more than the newest input's, and at least
// the oldest input's. It is never less than that of the next newer level, nor more than that of
// the next older one, because ages must not decrease towards the oldest.
func Age(levels []*snapshot.Level, lo, hi int) uint16 {
	age := ageOf(levels[lo])
	if hi-lo > 1 {
		age = max(age+1, ageOf(levels[hi-1]))
	}
	if lo > 0 {
		age = max(age, levels[lo-1].Age)
	}
	if hi < len(levels) {
		age = min(age, levels[hi].Age)
	}
	return age
}
