// SPDX-License-Identifier: Apache-2.0

// Package arena is memory for the pages of the cache outside the Go heap: slots of one size. The
// Go collector neither scans it nor, by GOGC, lets the heap grow by as much again.
//
// The page cache, which is its only caller, decides who uses which slot, and when nothing reads
// it any more. What is given back at the end goes to the operating system, but its
// addresses stay: a slice that is read too late shows zeros, or another page, and is no fault.
// Chunks of slots are huge pages where the system has such: a page of the cache that is looked
// up at random costs one look into the processor's page tables less. A huge page is in memory as a whole.
// So the first ones of an arena are not huge before all of them are used, and one that would go beyond
// the last slot is not, whatever the system does with other memory.
//
// Where there are no anonymous mappings, and in builds with the race detector, which does not see
// them, the slots lie in the Go heap.
package arena

import "sync"

// Arena is a growing number of slots. One goroutine at a time may use it, but Load needs no such order.
type Arena struct {
	size   int // of a slot
	slots  int // how many there may be
	chunks [][]byte
	mapped int // of the chunks, those that are not in the Go heap: the first ones
	huge   int // of those, the ones that may be huge pages: the first ones
	loaded int // how much of the last chunk has memory, or is about to
}

// plainChunks is how many chunks an arena uses before they may be huge pages. So no more than a fifth
// of what is in memory is not used.
const plainChunks = 4

// loadBytes is how much of a chunk that is not a huge page gets memory at once, when its first slot is
// used: to open a database and to read a row takes two or three times as much.
const loadBytes = 32 << 10

// New returns an arena for up to slots slots of the given size in bytes. It takes no memory yet.
func New(size, slots int) Arena { return Arena{size: size, slots: slots} }

// perChunk returns how many slots are in a chunk.
func (a *Arena) perChunk() int { return max(1, chunkBytes/a.size) }

// Slot returns the memory of slot i, whatever was left in it, and what its caller gives to Load: nil, or the slot
// and some of the next ones, which have no memory yet. To load takes time, and may be done when another
// goroutine uses the arena again. A slot that is used before that gets its memory page by page.
func (a *Arena) Slot(i int) (slot, unloaded []byte) {
	per := a.perChunk()
	for len(a.chunks) <= i/per {
		a.grow()
	}
	off := i % per * a.size
	if i/per == len(a.chunks)-1 && off+a.size > a.loaded {
		unloaded = a.next(off + a.size)
	}
	return a.chunks[i/per][off : off+a.size : off+a.size], unloaded
}

func (a *Arena) grow() {
	if a.mapped == len(a.chunks) {
		if c := take(); c != nil {
			a.chunks = append(a.chunks, c)
			a.mapped++
			a.loaded = 0
			a.makeHuge()
			return
		}
	}
	a.chunks = append(a.chunks, make([]byte, a.perChunk()*a.size))
	a.loaded = a.perChunk() * a.size
}

// next returns what of the last chunk is to have memory, up to an offset and some more for the next slots.
func (a *Arena) next(to int) []byte {
	last := len(a.chunks) - 1
	c := a.chunks[last]
	if a.huge > last {
		a.loaded = len(c)
		return nil
	}
	most := min(int64(len(c)), int64(a.slots-last*a.perChunk())*int64(a.size))
	to = int(min(int64(to+loadBytes-1)/loadBytes*loadBytes, most))
	part := c[a.loaded:to]
	a.loaded = to
	return part
}

// Load takes the memory of what Slot has returned. Any goroutine may do that while the arena is not released.
func Load(part []byte) {
	if len(part) > 0 {
		load(part)
	}
}

// makeHuge lets chunks be huge pages after one was added.
func (a *Arena) makeHuge() {
	if a.mapped <= plainChunks || a.mapped*a.perChunk() > a.slots {
		return
	}
	for ; a.huge < a.mapped; a.huge++ {
		makeHuge(a.chunks[a.huge])
	}
}

// Release gives all memory back. Nothing may read a slot any more.
func (a *Arena) Release() {
	for _, c := range a.chunks[:a.huge] {
		makePlain(c)
	}
	give(a.chunks[:a.mapped])
	a.chunks, a.mapped, a.huge, a.loaded = nil, 0, 0, 0
}

// spare holds chunks without memory: their addresses are used again.
var spare struct {
	sync.Mutex
	chunks [][]byte
}

// take returns a chunk outside the Go heap, or nil if the system has none.
func take() []byte {
	spare.Lock()
	defer spare.Unlock()
	if n := len(spare.chunks); n > 0 {
		c := spare.chunks[n-1]
		spare.chunks = spare.chunks[:n-1]
		return c
	}
	return mapChunk()
}

// give takes the memory from chunks, and keeps their addresses.
func give(chunks [][]byte) {
	for _, c := range chunks {
		unload(c)
	}
	spare.Lock()
	defer spare.Unlock()
	spare.chunks = append(spare.chunks, chunks...)
}
