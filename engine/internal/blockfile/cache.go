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
// only drops it from the table, so a reader that still holds its bytes is safe. In a
// compressed file the table of a block is a hash table (see cachehash.go).
type cache struct {
	geo    format.Geometry
	budget int64
	used   atomic.Int64
	table  atomic.Pointer[[]*cacheBlock]

	mu   sync.Mutex // guards the growth of table, ring and hand
	ring []*frame   // all frames in the table, in no order; the CLOCK's face
	hand int
}

// cacheBlock holds the frames of one block.
type cacheBlock struct {
	frames []atomic.Pointer[frame]
	hashed hashed // in place of frames in a compressed file
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

func (c *cache) init(geo format.Geometry, budget int64) {
	c.geo, c.budget = geo, budget
	c.table.Store(new([]*cacheBlock))
}

// get returns the frame of page p, or nil.
func (c *cache) get(p base.PageNo) *frame {
	t := *c.table.Load()
	b := c.geo.Block(p)
	if uint64(b) >= uint64(len(t)) || t[b] == nil {
		return nil
	}
	var fr *frame
	if c.geo.Compressed {
		fr = t[b].hashed.get(p)
	} else {
		fr = t[b].frames[c.geo.IndexInBlock(p)].Load()
	}
	if fr != nil && !fr.recent.Load() {
		fr.recent.Store(true)
	}
	return fr
}

// peek returns the frame of page p, or nil, without counting as a use of it.
func (c *cache) peek(p base.PageNo) *frame {
	t := *c.table.Load()
	b := c.geo.Block(p)
	if uint64(b) >= uint64(len(t)) || t[b] == nil {
		return nil
	}
	if c.geo.Compressed {
		return t[b].hashed.get(p)
	}
	return t[b].frames[c.geo.IndexInBlock(p)].Load()
}

// has reports whether page p is in memory, without counting as a use of it.
func (c *cache) has(p base.PageNo) bool { return c.peek(p) != nil }

// put stores a page that was just read and evicts others if the budget asks for it. If
// another goroutine was faster its frame stays.
func (c *cache) put(p base.PageNo, raw []byte, page format.Page) {
	c.putFrame(&frame{raw: raw, page: page, no: p})
}

func (c *cache) putFrame(fr *frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.block(c.geo.Block(fr.no)).add(c.geo, fr) {
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
			c.remove(old)
			c.used.Add(-size)
			c.ring[c.hand] = fr
			c.hand++
			return
		}
		c.hand++
	}
}

// add stores a frame unless there is one of its page.
func (b *cacheBlock) add(geo format.Geometry, fr *frame) bool {
	if geo.Compressed {
		return b.hashed.put(fr)
	}
	return b.frames[geo.IndexInBlock(fr.no)].CompareAndSwap(nil, fr)
}

// remove takes a frame out of the table.
func (c *cache) remove(fr *frame) {
	t := *c.table.Load()
	if c.geo.Compressed {
		t[c.geo.Block(fr.no)].hashed.remove(fr)
		return
	}
	t[c.geo.Block(fr.no)].frames[c.geo.IndexInBlock(fr.no)].CompareAndSwap(fr, nil)
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
	grown[b] = &cacheBlock{}
	if !c.geo.Compressed {
		grown[b].frames = make([]atomic.Pointer[frame], c.geo.PagesPerBlock())
	}
	c.table.Store(&grown)
	return grown[b]
}

// drop forgets the pages of a block that is about to be written anew.
func (c *cache) drop(b base.BlockNo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := *c.table.Load()
	if uint64(b) >= uint64(len(t)) || t[b] == nil {
		return
	}
	t[b].hashed.clear()
	for i := range t[b].frames {
		if fr := t[b].frames[i].Swap(nil); fr != nil {
			fr.recent.Store(false)
		}
	}
}
