// SPDX-License-Identifier: Apache-2.0

package merge

// Names for the tests.
var (
	Pick       = pickRun
	PickSpace  = pickSpace
	PickBeside = pickBeside
	PickAny    = pickAny
)
