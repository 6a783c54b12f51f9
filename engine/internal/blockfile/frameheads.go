// SPDX-License-Identifier: Apache-2.0

package blockfile

import "sync/atomic"

// headState is whether a frame has heads. They are made when its page is searched for the second
// time: many pages are read for one search. Only the goroutine that has set headsDue to headsBegun
// writes them. Its frame is held meanwhile, so nobody else is given the slot.
type headState struct{ atomic.Uint32 }

const (
	unsearched uint32 = iota
	headsDue
	headsBegun
	headsMade
	headless // for good
)

// Narrow returns bounds for the first of the n cells of a leaf page whose key is not less than a
// user key: all cells before lo have lesser keys, and all from hi on greater ones. The caller
// holds the frame.
func (fr *Frame) Narrow(key []byte, n int) (lo, hi int) {
	if fr.state.Load() != headsMade && !fr.makeHeads() {
		return 0, n
	}
	return fr.heads.narrow(fr.slot(), len(fr.raw), key, n)
}

// slot returns the page and the head room after it, which those frames have that lie in the arena.
func (fr *Frame) slot() []byte { return fr.raw[:cap(fr.raw)] }

// makeHeads makes the heads if it is time for that, and reports whether it has.
func (fr *Frame) makeHeads() bool {
	switch fr.state.Load() {
	case unsearched:
		fr.state.CompareAndSwap(unsearched, headsDue)
	case headsDue:
		if !fr.state.CompareAndSwap(headsDue, headsBegun) {
			return false
		}
		if fr.heads = makeHeads(fr.slot(), fr.Page(), int(fr.front), len(fr.raw)); fr.heads.count > 0 {
			fr.state.Store(headsMade)
			return true
		}
		fr.state.Store(headless)
	}
	return false
}
