// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
)

// Page returns the page. It may be used until the frame is released.
func (fr *Frame) Page() format.Page {
	end := len(fr.raw) - int(fr.back)
	return format.Page(fr.raw[fr.front:end:end])
}

// Release ends the use of a frame by one holder. A nil frame may be released.
func (fr *Frame) Release() {
	if fr == nil || fr.heap {
		return
	}
	switch n := fr.refs.Add(-1); {
	case n == 0:
		fr.die()
	case n < 0:
		invariant.Check(false, "a page is released twice")
	}
}

func (fr *Frame) die() {
	if fr.copyOf != nil {
		invariant.Mangle(fr.slot())
		fr.copyOf.Release()
		return
	}
	fr.cache.giveBack(int(fr.place))
}

// copyEach is of how many frames that are handed out one is a copy, in builds with invariants. It
// is mangled when it is released, so that a reader that comes too late is found. They are few, so
// that tests of what is allocated see almost nothing of them.
const copyEach = 61

// handOut returns the frame, which the caller holds, as its user gets it.
func (fr *Frame) handOut() *Frame {
	if !invariant.Expensive || fr.heap || fr.cache.handedOut.Add(1)%copyEach != 0 {
		return fr
	}
	c := &Frame{raw: make([]byte, len(fr.raw), cap(fr.raw)), front: fr.front, back: fr.back, no: fr.no, copyOf: fr}
	copy(c.raw, fr.raw)
	c.refs.Store(1)
	if fr.state.Load() == headsMade {
		copy(c.slot()[len(c.raw):], fr.slot()[len(fr.raw):])
		c.heads = fr.heads
		c.state.Store(headsMade)
	}
	return c
}

// own returns the page in memory that stays, and releases the frame.
func (fr *Frame) own() format.Page {
	if fr.heap {
		return fr.Page()
	}
	defer fr.Release()
	return bytes.Clone(fr.Page())
}
