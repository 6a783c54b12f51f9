// SPDX-License-Identifier: Apache-2.0

package enginetest

import "github.com/lsmlite/lsmlite-go/engine/internal/mark"

// RareState is a state of the engine that random work meets rarely: a test that never met it proves nothing about it.
type RareState struct {
	Name     string
	Sentence string // when it is met
	Hits     int64  // how often it was met since the program began, in all databases
}

// RareStates returns all of them. They are counted under the build tag invariants only; else it returns nil.
func RareStates() []RareState {
	if !mark.Enabled {
		return nil
	}
	var all []RareState
	for _, m := range mark.All() {
		all = append(all, RareState{Name: m.String(), Sentence: m.Sentence(), Hits: mark.Hits(m)})
	}
	return all
}
