// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync/atomic"
	"unsafe"
)

// Stats counts what was read and written since the file was opened.
type Stats struct {
	CacheLookups int64 // pages that readers looked up; merges read without the cache
	CacheMisses  int64 // of those, the ones that had to be read
	CacheBytes   int64 // held now, with the room for the heads of each page, and its frame

	// Pages read from the file: one for each miss, those read ahead of a scan with it and
	// those of long values, those that merges and checks read in long runs, and single ones
	// for their links or for a dump.
	MissPages, AheadPages, RunPages, RawPages int64
	PagesWritten                              int64
	// BytesRead counts all that was read, DataBytes and MetaBytes what was written to
	// pages and to meta pages.
	BytesRead, DataBytes, MetaBytes int64
	Syncs                           int64

	ReadErrors  int64 // reads that the operating system failed
	WriteErrors int64 // and writes, truncations and syncs
	BadPages    int64 // pages that were read and found damaged
}

// PagesRead returns how many pages were read from the file.
func (s *Stats) PagesRead() int64 { return s.MissPages + s.AheadPages + s.RunPages + s.RawPages }

// counters is what Stats is made from. What many readers change at the same time is striped. The
// others change only together with a system call of one that writes or merges, so sharing them
// costs little.
type counters struct {
	lookups, misses, missPages, aheadPages, bytesRead striped

	runPages, rawPages                atomic.Int64
	pagesWritten                      atomic.Int64
	dataBytes, metaBytes              atomic.Int64
	syncs                             atomic.Int64
	readErrors, writeErrors, badPages atomic.Int64
}

const (
	stripeBits = 6
	cacheLine  = 64
	spread     = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio: its products spread well
	// stackShift is such that two goroutines differ in the address of a variable without that
	// many bits: the least size of a stack.
	stackShift = 11
)

// striped is a counter for many goroutines at once: each adds to one of several parts,
// which lie on cache lines of their own.
type striped [1 << stripeBits]struct {
	n atomic.Int64
	_ [cacheLine - 8]byte
}

// add adds n to the part that hint chooses. Goroutines with different hints rarely meet.
func (s *striped) add(hint uintptr, n int64) {
	s[uint64(hint)*spread>>(64-stripeBits)].n.Add(n)
}

// count adds n to the part that the caller's stack chooses.
func (s *striped) count(n int64) {
	var here byte
	s.add(uintptr(unsafe.Pointer(&here))>>stackShift, n)
}

// sum returns the sum of all parts.
func (s *striped) sum() int64 {
	var n int64
	for i := range s {
		n += s[i].n.Load()
	}
	return n
}

// CountLookups adds n to the number of pages that readers looked up. Readers count for
// themselves and tell it now and then, with a hint that differs among those who read at
// the same time, such as an address of their own.
func (f *File) CountLookups(hint uintptr, n int64) { f.stats.lookups.add(hint, n) }

// Wrote returns how many pages were written since the file was opened, and how many bytes of them.
func (f *File) Wrote() (pages, bytes int64) {
	return f.stats.pagesWritten.Load(), f.stats.dataBytes.Load()
}

// Stats returns the counters.
func (f *File) Stats() Stats {
	c := &f.stats
	return Stats{
		CacheLookups: c.lookups.sum(), CacheMisses: c.misses.sum(), CacheBytes: f.cache.taken.Load() * int64(f.cache.each),
		MissPages: c.missPages.sum(), AheadPages: c.aheadPages.sum(), RunPages: c.runPages.Load(), RawPages: c.rawPages.Load(),
		PagesWritten: c.pagesWritten.Load(), BytesRead: c.bytesRead.sum(), DataBytes: c.dataBytes.Load(), MetaBytes: c.metaBytes.Load(),
		Syncs:      c.syncs.Load(),
		ReadErrors: c.readErrors.Load(), WriteErrors: c.writeErrors.Load(), BadPages: c.badPages.Load(),
	}
}
