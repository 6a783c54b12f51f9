// SPDX-License-Identifier: Apache-2.0

package merge

// Names for the tests.
var (
	Pick       = pickRun
	PickBeside = pickBeside
	PickAny    = pickAny
)

// PickSpace is Situation.pickSpace.
func PickSpace(s *Situation) (lo, hi int) { return s.pickSpace() }
