// SPDX-License-Identifier: Apache-2.0

// Package mark counts how often the engine comes through its rare states, for tests that would prove nothing if they
// never met them.
//
// A mark is a place in the engine, or a condition there, that random work meets rarely. Any package of the engine may
// call [Hit] where it is so. The calls are compiled in under the build tag "invariants"; in other builds Hit is empty
// and costs nothing, and [Enabled] is a constant, for conditions that are looked at for a mark only.
//
// Invariants:
//
//   - A mark changes nothing: what the engine does never depends on one.
//   - Counts only grow. Those who want to know what a piece of work has met take the difference.
package mark

// All returns all marks, in the order of the list.
func All() []Mark {
	all := make([]Mark, 0, numMarks-1)
	for m := Mark(1); m < numMarks; m++ {
		all = append(all, m)
	}
	return all
}

// String returns the name of the mark: a few words.
func (m Mark) String() string { return list[m].name }

// Sentence says in one sentence when the mark is met.
func (m Mark) Sentence() string { return list[m].sentence }
