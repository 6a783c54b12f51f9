// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// cache maps pages to frames: a table of blocks, each a table of its pages. A hit is
// two dependent loads; it takes no lock and writes nothing but, rarely, the frame's
// reference bit. Frames are immutable and belong to the garbage collector: evicting one
// only drops it from the table, so a reader that still holds its bytes is safe.
type cache struct {
	geo      format.Geometry
	budget   int64
	newBlock func() *cacheBlock
	used     atomic.Int64
	table    atomic.Pointer[[]*cacheBlock]

	mu   sync.Mutex // guards the growth of table, ring and hand
	ring []*frame   // all frames in the table, in no order; the CLOCK's face
	hand int
}

// cacheBlock is the table of one block's pages. The file's layout makes it (newDirect or
// newHashed): either direct has frames, and a search ends at once, or hashed is used.
// Everything but the search goes through pageTable, which is the one that is used.
type cacheBlock struct {
	direct direct
	hashed hashed
	pageTable
}

// pageTable is what changes the table of a block. The caller holds the cache's mutex.
type pageTable interface {
	// put adds a frame and reports whether there was none of its page.
	put(fr *frame) bool
	// remove drops a frame.
	remove(fr *frame)
	// clear drops all frames, and marks them as not used.
	clear()
}

// frame is one page in memory.
type frame struct {
	raw    []byte      // the whole page, block link included
	page   format.Page // its content area
	no     base.PageNo
	recent atomic.Bool // used since the CLOCK's hand passed
	// next and prev are the neighbours of a compressed page in its segment, 0 while they
	// are not known.
	next, prev atomic.Int64
}

// touch marks the frame as used.
func (fr *frame) touch() {
	if !fr.recent.Load() {
		fr.recent.Store(true)
	}
}

func (c *cache) init(geo format.Geometry, budget int64, newBlock func() *cacheBlock) {
	c.geo, c.budget, c.newBlock = geo, budget, newBlock
	c.table.Store(new([]*cacheBlock))
}

// get returns the frame of page p, or nil. A reader that uses it says so with touch.
func (c *cache) get(p base.PageNo) *frame {
	t := *c.table.Load()
	b := c.geo.Block(p)
	if uint64(b) >= uint64(len(t)) || t[b] == nil {
		return nil
	}
	if frames := t[b].direct.frames; frames != nil {
		return frames[c.geo.IndexInBlock(p)].Load()
	}
	return t[b].hashed.get(p)
}

// has reports whether page p is in memory.
func (c *cache) has(p base.PageNo) bool { return c.get(p) != nil }

// put stores a page that was just read and evicts others if the budget needs it. If
// another goroutine was faster its frame stays.
func (c *cache) put(p base.PageNo, raw []byte, page format.Page) {
	c.putFrame(&frame{raw: raw, page: page, no: p})
}

func (c *cache) putFrame(fr *frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.block(c.geo.Block(fr.no)).put(fr) {
		return
	}
	size := int64(c.geo.PageSize)
	if c.used.Add(size) <= c.budget || len(c.ring) == 0 {
		c.ring = append(c.ring, fr)
		return
	}
	// Make room: the new frame takes the ring place of the frame that goes.
	for {
		if c.hand >= len(c.ring) {
			c.hand = 0
		}
		old := c.ring[c.hand]
		if !old.recent.Swap(false) {
			(*c.table.Load())[c.geo.Block(old.no)].remove(old)
			c.used.Add(-size)
			c.ring[c.hand] = fr
			c.hand++
			return
		}
		c.hand++
	}
}

// block returns the table of block b, making it if necessary. The caller holds mu.
func (c *cache) block(b base.BlockNo) *cacheBlock {
	t := *c.table.Load()
	if uint64(b) < uint64(len(t)) && t[b] != nil {
		return t[b]
	}
	// Readers may hold the old table: it is replaced, never changed.
	grown := make([]*cacheBlock, max(len(t), int(b)+1+int(b)/8))
	copy(grown, t)
	grown[b] = c.newBlock()
	c.table.Store(&grown)
	return grown[b]
}

// drop forgets the pages of a block that is about to be written again.
func (c *cache) drop(b base.BlockNo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := *c.table.Load()
	if uint64(b) < uint64(len(t)) && t[b] != nil {
		t[b].clear()
	}
}
