// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"bytes"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/arena"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// cache maps pages to frames: a list of stretches of the file, each with a table of its pages (see
// stretch.go). A hit is two dependent loads; it takes no lock and writes nothing but the frame's
// count of holders and, rarely, its reference bit.
//
// There are as many places as the budget has room for: a page each, the room for its heads, and its frame.
// A place is a slot of the arena, and belongs to one frame: from the moment when its page is about
// to be read until it is evicted, which only happens to frames that nobody holds, or, if it was dropped
// before, until the last holder has released it. So the arena is never larger than the budget,
// whatever readers hold. If they hold all of it, pages are read into the Go heap, and the cache does
// not keep those. B-tree pages, few in a hundred, have a copy in the Go heap besides their place, as long as
// those are few in the cache, too.
type cache struct {
	stretches
	each   int // what a place takes of the budget
	places int
	taken  atomic.Int64 // places that are not free
	copies atomic.Int64 // pages with a copy in the Go heap; changed with mu
	// handedOut counts frames, in builds with invariants; see copyEach.
	handedOut atomic.Int64

	mu    sync.Mutex // guards changes of stretches and their tables, and all that follows
	arena arena.Arena
	ring  []*Frame // by place, the CLOCK's face; nil if the place is free or its frame not in the table
	free  []int    // places of the ring that are free
	hand  int
	// closed says that nothing is kept any more, and that the arena goes with the last holder.
	closed bool
}

// copyShare is how many times larger the cache is than the copies of b-tree pages may be. A file much larger
// than the cache can have more of these than that.
const copyShare = 32

func (c *cache) init(geo format.Geometry, budget int64, l layout) {
	c.stretches.init(geo, l)
	slot := geo.PageSize + headRoom(geo.PageSize)
	c.each = slot + int(unsafe.Sizeof(Frame{}))
	c.places = int(min(max(1, budget/int64(c.each)), math.MaxInt32))
	c.arena = arena.New(slot, c.places)
}

// get returns the frame of page p, or nil. Only its atomic fields may be used.
func (c *cache) get(p base.PageNo) *Frame {
	t := c.tableOf(p)
	if t == nil {
		return nil
	}
	if !c.hashes {
		at := t.direct.at(c.geo.Ordinal(p))
		if hastens {
			at.hasten()
		}
		return at.frame.Load()
	}
	return t.hashed.get(p)
}

// walkedTo is get for a page that a walk comes to, which has been expected and is not searched.
func (c *cache) walkedTo(p base.PageNo) *Frame {
	t := c.tableOf(p)
	if t == nil {
		return nil
	}
	if !c.hashes {
		return t.direct.at(c.geo.Ordinal(p)).frame.Load()
	}
	return t.hashed.get(p)
}

// hold returns the frame of page p, held, or nil. A reader that uses it says so with touch.
func (c *cache) hold(p base.PageNo) *Frame {
	if fr := c.get(p); fr != nil && fr.hold() {
		return fr
	}
	return nil
}

// has reports whether page p is in memory.
func (c *cache) has(p base.PageNo) bool { return c.get(p) != nil }

// newFrame returns a frame for page p, held, whose bytes are to be filled. It either goes into
// the table by put, or is released.
func (c *cache) newFrame(p base.PageNo) *Frame {
	fr := &Frame{no: p, cache: c}
	fr.refs.Store(1)
	var unloaded []byte
	c.mu.Lock()
	if fr.place = int32(c.findPlace()); fr.place != noPlace {
		fr.raw, unloaded = c.arena.Slot(int(fr.place))
		fr.raw = fr.raw[:c.geo.PageSize]
	}
	c.mu.Unlock()
	arena.Load(unloaded) // with a place that is taken the arena stays
	if fr.raw == nil {
		fr.raw, fr.heap = make([]byte, c.geo.PageSize), true
	}
	return fr
}

// findPlace returns a place for a frame, or noPlace if all frames are held. The caller holds mu.
func (c *cache) findPlace() int {
	if c.closed {
		return noPlace
	}
	if n := len(c.free); n > 0 {
		place := c.free[n-1]
		c.free = c.free[:n-1]
		c.taken.Add(1)
		return place
	}
	if len(c.ring) < c.places {
		c.ring = append(c.ring, nil)
		c.taken.Add(1)
		return len(c.ring) - 1
	}
	for range 2 * len(c.ring) { // the first time round the marks may go
		if c.hand++; c.hand >= len(c.ring) {
			c.hand = 0
		}
		old := c.ring[c.hand]
		switch {
		case old == nil:
		case old.recent.Load():
			old.recent.Store(false)
		case old.heap || old.refs.CompareAndSwap(1, 0):
			mark.Hit(mark.CacheEvicts)
			c.stretches.remove(old)
			c.forget(old)
			return c.hand
		}
	}
	mark.Hit(mark.CacheFull)
	return noPlace
}

// put stores a frame whose bytes are read and verified to be page. If another goroutine was faster
// its frame stays. The caller goes on holding fr.
func (c *cache) put(fr *Frame, page format.Page) {
	fr.set(page)
	if fr.place == noPlace {
		return
	}
	if page.IsBTree() && c.copies.Load() <= int64(c.places/copyShare) {
		// There are few of them, every search reads some, and many readers the same ones: to
		// hold them would cost more than the memory is worth.
		fr.raw, fr.heap = bytes.Clone(fr.raw), true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || !c.stretches.put(fr) {
		mark.Hit(mark.CacheTwice)
		if fr.heap {
			c.setFree(int(fr.place))
		}
		return
	}
	if fr.heap {
		c.copies.Add(1)
	} else {
		fr.refs.Add(1)
	}
	c.ring[fr.place] = fr
}

// forget takes a frame from the ring. The caller holds mu.
func (c *cache) forget(fr *Frame) {
	if c.ring[fr.place] = nil; fr.heap {
		c.copies.Add(-1)
	}
}

// drop forgets the pages of a block that is about to be written again.
func (c *cache) drop(b base.BlockNo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stretches.drop(b, c.dropped)
}

// dropped is called for a frame that is not in the table any more. The caller holds mu.
func (c *cache) dropped(fr *Frame) {
	c.forget(fr)
	if fr.heap || fr.refs.Add(-1) == 0 {
		c.setFree(int(fr.place))
	} else {
		mark.Hit(mark.CacheDropHeld)
	}
}

// giveBack makes the place of a frame free that was not in the table when it died.
func (c *cache) giveBack(place int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setFree(place)
}

// setFree makes a place free. The caller holds mu.
func (c *cache) setFree(place int) {
	if invariant.Expensive {
		slot, _ := c.arena.Slot(place) // it was used, so it has its memory
		invariant.Mangle(slot)
	}
	c.free = append(c.free, place)
	if c.taken.Add(-1) == 0 && c.closed {
		c.arena.Release()
	}
}

// held returns how many frames have holders.
func (c *cache) held() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n = int(c.taken.Load())
	for _, fr := range c.ring {
		if fr != nil && (fr.heap || fr.refs.Load() == 1) {
			n--
		}
	}
	return n
}

// close forgets all pages. Frames that are still held stay right; the memory goes with the last
// of them.
func (c *cache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	c.dropAll(c.dropped)
	if c.taken.Load() == 0 {
		c.arena.Release()
	}
}
