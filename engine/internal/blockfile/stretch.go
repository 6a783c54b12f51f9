// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"math/bits"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// stretches is the list of the tables of the cache. A stretch is some pages side by side, or a block of a
// compressed file. It has a table only while one of its pages is in the cache, so that there are
// no more tables than pages in the cache, however large the file is. What grows with the file is the
// list, of one pointer for each stretch.
//
// Readers search it without a lock. A table that is dropped is empty and stays so, because frames are
// added to those in the list only: a reader that still has it finds nothing there, and reads the page.
// The caller of all else holds the cache's mutex.
type stretches struct {
	geo    format.Geometry
	shift  uint8 // log2 of how many page numbers a stretch has
	hashes bool  // the tables are hash tables
	list   atomic.Pointer[stretchList]
}

type stretchList []atomic.Pointer[stretch]

// stretch is the table of one, in one piece of memory: direct, in which a search ends at once, or, in a
// compressed file, hashed.
type stretch struct {
	direct direct
	hashed hashed
	live   int32 // frames in the table
}

// pageTable is what changes a table.
type pageTable interface {
	// put adds a frame and reports whether there was none of its page.
	put(fr *Frame) bool
	// remove drops a frame; live is how many are left.
	remove(fr *Frame, live int)
	// clear drops all frames and calls dropped for each.
	clear(dropped func(*Frame))
}

// stretchPages is how many pages a stretch has, or all of a block if those are fewer. Of shorter ones
// the list would be longer, of longer ones a table would take more where it has a single page: as most
// have when a file much larger than the cache is read at random.
const stretchPages = 8

func (s *stretches) init(geo format.Geometry, l layout) {
	pages, hashed := l.stretch()
	s.geo, s.shift, s.hashes = geo, uint8(bits.TrailingZeros64(uint64(pages))), hashed
	s.list.Store(new(stretchList))
}

// tableOf returns the table that page p would be in, or nil if there is none.
func (s *stretches) tableOf(p base.PageNo) *stretch {
	list := *s.list.Load()
	if i := uint64(s.geo.Ordinal(p)) >> s.shift; i < uint64(len(list)) {
		return list[i].Load()
	}
	return nil
}

// nextStretch returns the first page after the stretch of page p, both in a file that is not compressed.
func (s *stretches) nextStretch(p base.PageNo) base.PageNo {
	n := int64(1) << s.shift
	return p + base.PageNo(n-s.geo.Ordinal(p)&(n-1))
}

// put adds a frame and reports whether there was none of its page.
func (s *stretches) put(fr *Frame) bool {
	i := int(uint64(s.geo.Ordinal(fr.no)) >> s.shift)
	at := s.entry(i)
	t := at.Load()
	if t == nil {
		t = &stretch{}
		at.Store(t)
	}
	if !s.table(t).put(fr) {
		return false
	}
	t.live++
	return true
}

// table returns the one of the tables of a stretch that is used.
func (s *stretches) table(t *stretch) pageTable {
	if s.hashes {
		return &t.hashed
	}
	return &t.direct
}

// entry returns entry i of the list, making that longer if necessary.
func (s *stretches) entry(i int) *atomic.Pointer[stretch] {
	list := *s.list.Load()
	if i < len(list) {
		return &list[i]
	}
	// Readers may have the old list, in which they miss what comes from now on.
	grown := make(stretchList, i+1+i/8)
	for j := range list {
		grown[j].Store(list[j].Load())
	}
	s.list.Store(&grown)
	return &grown[i]
}

// remove drops a frame, and its table if that is empty then.
func (s *stretches) remove(fr *Frame) {
	at := s.entry(int(uint64(s.geo.Ordinal(fr.no)) >> s.shift))
	t := at.Load()
	t.live--
	s.table(t).remove(fr, int(t.live))
	if t.live == 0 {
		at.Store(nil)
	}
}

// drop drops the tables of block b and calls dropped for each frame.
func (s *stretches) drop(b base.BlockNo, dropped func(*Frame)) {
	list := *s.list.Load()
	n := uint64(s.geo.PagesPerBlock() >> s.shift)
	from := min((uint64(b)-1)*n, uint64(len(list)))
	s.clear(list[from:min(from+n, uint64(len(list)))], dropped)
}

// dropAll drops all tables.
func (s *stretches) dropAll(dropped func(*Frame)) { s.clear(*s.list.Swap(new(stretchList)), dropped) }

func (s *stretches) clear(l stretchList, dropped func(*Frame)) {
	for i := range l {
		if t := l[i].Load(); t != nil {
			s.table(t).clear(dropped)
			l[i].Store(nil)
		}
	}
}
