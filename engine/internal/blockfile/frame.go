// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Frame is one page in memory. Its bytes mostly lie in the cache's arena, where another page takes
// their place some time after the last holder has released the frame: neither the bytes nor any
// slice of them may be used then. B-tree pages, as long as those are few in the cache, and pages that
// found no place in it, lie in the Go heap. Holders make no difference: they release every frame.
//
// There is one for each page of the cache, and each read looks into one: it is small, and what a
// reader needs comes first.
type Frame struct {
	// raw is the whole page, block link included. Where it lies in the arena it has more capacity: the
	// head room, which is written to by makeHeads alone.
	raw []byte
	// refs counts the holders, and the cache as one while the frame is in its table. At 0 the
	// frame is dead for good, and its place free.
	refs   atomic.Int32
	recent atomic.Bool // used since the CLOCK's hand passed
	place  int32       // in the cache's ring; noPlace if the frame is not the cache's
	heap   bool        // the bytes belong to the garbage collector: they stay right without being held
	// front and back are how much of raw lies before and after the content area.
	front, back uint8
	state       headState
	heads       heads // once they are made
	no          base.PageNo
	cache       *cache
	// next and prev are the neighbours of a compressed page in its segment, 0 while they
	// are not known; of an encrypted page see sealed.go.
	next, prev atomic.Int64
	copyOf     *Frame // what the frame is a copy of, in builds with invariants
}

// noPlace is the place of a frame that the cache does not know.
const noPlace = -1

// hold makes the caller one of the frame's holders. It fails if the frame is dead.
func (fr *Frame) hold() bool {
	if fr.heap {
		return true
	}
	for n := fr.refs.Load(); n > 0; n = fr.refs.Load() {
		if fr.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// set notes where in the frame's bytes the content area lies, which is page.
func (fr *Frame) set(page []byte) {
	if links := uint8(len(fr.raw) - len(page)); links > 0 && &page[0] == &fr.raw[0] {
		fr.back = links
	} else {
		fr.front = links
	}
}

// touch marks the frame as used.
func (fr *Frame) touch() {
	if !fr.recent.Load() {
		fr.recent.Store(true)
	}
}
