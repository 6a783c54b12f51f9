package blockfile

import "sync/atomic"

// counters is what Stats is made from. All but lookups change only beside a system call,
// so that nobody minds sharing them.
type counters struct {
	lookups striped

	misses                                    atomic.Int64
	missPages, aheadPages, runPages, rawPages atomic.Int64
	pagesWritten                              atomic.Int64
	bytesRead, dataBytes, metaBytes           atomic.Int64
	syncs                                     atomic.Int64
	readErrors, writeErrors, badPages         atomic.Int64
}

const (
	stripeBits = 4
	cacheLine  = 64
	spread     = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio: its products spread well
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

func (s *striped) sum() int64 {
	var n int64
	for i := range s {
		n += s[i].n.Load()
	}
	return n
}

// CountLookups adds n to the number of pages that readers asked for. Readers count for
// themselves and tell it now and then, with a hint that differs among those who read at
// the same time, such as an address of their own.
func (f *File) CountLookups(hint uintptr, n int64) { f.stats.lookups.add(hint, n) }
