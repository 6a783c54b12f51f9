// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"fmt"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Hastens says that the table of the cache knows where in the arena pages end.
const Hastens = hastens

// EndKnown reports whether it does for page p. It panics if that is the end of another page.
func EndKnown(f *File, p base.PageNo) bool {
	c := &f.cache
	t := c.tableOf(p)
	if t == nil {
		return false
	}
	at := t.direct.at(c.geo.Ordinal(p))
	fr, end := at.frame.Load(), at.end.Load()
	if end != nil && (fr == nil || &fr.raw[len(fr.raw)-1] != (*byte)(unsafe.Add(unsafe.Pointer(end), 15))) {
		panic("the end of another page")
	}
	return end != nil
}

// StretchPages is how many pages have a table together, and TableBytes what that takes.
const (
	StretchPages = stretchPages
	TableBytes   = int(unsafe.Sizeof(stretch{}))
)

// Tables is what the cache needs to find its pages.
type Tables struct {
	Tables int
	Places int // of hash tables
	Sparse int // the most places for each page of a hash table that is not of the least size
	Listed int // the stretches in the list
	Pages  int // in the cache
}

// TablesOf counts a file's tables. It panics if one is empty, or counts other pages than it has.
func TablesOf(f *File) (n Tables) {
	c := &f.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	list := *c.list.Load()
	n.Listed = len(list)
	for i := range list {
		t := list[i].Load()
		if t == nil {
			continue
		}
		n.Tables++
		frames := 0
		count := func(fr *Frame) {
			if fr != nil && fr != gone {
				frames++
			}
		}
		for j := range t.direct {
			count(t.direct[j].frame.Load())
		}
		if slots := t.hashed.slots.Load(); slots != nil {
			for j := range *slots {
				count((*slots)[j].Load())
			}
			n.Places += len(*slots)
			if len(*slots) > minHashed {
				n.Sparse = max(n.Sparse, len(*slots)/max(1, frames))
			}
		}
		if frames == 0 || frames != int(t.live) {
			panic(fmt.Sprintf("a table of %d pages has %d", t.live, frames))
		}
		n.Pages += frames
	}
	return n
}

// CopyShare is how many times larger the cache is than the copies of b-tree pages in the Go heap.
const CopyShare = copyShare

// CopiesOf counts those. It panics if the cache counts otherwise.
func CopiesOf(f *File) (n int) {
	c := &f.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, fr := range c.ring {
		if fr != nil && fr.heap {
			n++
		}
	}
	if got := int(c.copies.Load()); got != n {
		panic(fmt.Sprintf("%d copies are counted, there are %d", got, n))
	}
	return n
}

// InHeap reports whether a page lies in the Go heap.
func InHeap(fr *Frame) bool { return fr.heap }

// InMemory reports whether page p is in the cache.
func InMemory(f *File, p base.PageNo) bool { return f.cache.has(p) }

// HeadRoom returns the size of the head room of a page.
func HeadRoom(pageSize int) int { return headRoom(pageSize) }

// SlotBytes returns how much of the cache's budget a page takes.
func SlotBytes(pageSize int) int64 {
	return int64(pageSize+headRoom(pageSize)) + int64(unsafe.Sizeof(Frame{}))
}
