// SPDX-License-Identifier: Apache-2.0

// Package mutant puts faults into the engine on purpose, one at a time, so that it can be seen whether tests find them.
//
// A mutant is a place in the engine where a rule is broken as long as [Is] says so. Any package of the engine may ask.
// The faults are compiled in under the build tag "invariants"; in other builds Is is a constant false, and the place
// costs nothing.
//
// Invariants:
//
//   - Without [With] there is no mutant, whatever the build.
//   - A mutant breaks one rule, in as few words as can be: what is easy to find proves nothing about what is not.
package mutant

// All returns all mutants, in the order of the list.
func All() []Mutant {
	all := make([]Mutant, 0, numMutants-1)
	for m := Mutant(1); m < numMutants; m++ {
		all = append(all, m)
	}
	return all
}

// String returns the name of the mutant: a few words.
func (m Mutant) String() string { return list[m].name }

// Sentence says in one sentence what is wrong with it.
func (m Mutant) Sentence() string { return list[m].sentence }
