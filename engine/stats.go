package engine

import "sync/atomic"

type stats struct {
	commits     atomic.Int64
	checkpoints atomic.Int64
	workPages   atomic.Int64
	stalls      [3]stallStats // by stallIndex
	stalled     atomic.Int64  // writers that are held back now
}

// Stats counts what a handle has done since it was opened, and what it holds now.
type Stats struct {
	Commits      int64
	Checkpoints  int64
	PagesRead    int64 // from the file, the ones read ahead included
	PagesWritten int64
	CacheMisses  int64
	CacheBytes   int64
	LiveBytes    int64 // size of the live tree
	OldBytes     int64 // size of the tree that waits to be flushed
	LogBytes     int64 // length of the log that is still needed
	Segments     int
	Blocks       int64 // blocks of the file
	FreeBlocks   int64 // of those, blocks that hold nothing
	Pins         int64 // snapshots held by transactions, snapshots and cursors
}

// Stats returns the counters.
func (db *DB) Stats() Stats {
	st := db.reg.Acquire()
	defer db.reg.Release(st)
	b := db.bf.Stats()
	s := Stats{
		Commits: db.stats.commits.Load(), Checkpoints: db.stats.checkpoints.Load(),
		PagesRead: b.PagesRead, PagesWritten: b.PagesWritten,
		CacheMisses: b.CacheMisses, CacheBytes: b.CacheBytes,
		LiveBytes: int64(st.Live.Size()), OldBytes: int64(st.Old.Size()),
		Segments: st.Disk.NumSegments(),
		Pins:     db.reg.Pins() - 1, // not this call's own
	}
	for _, r := range db.LogStructure() {
		s.LogBytes += r.End - r.Start
	}
	db.pub.Lock()
	s.Blocks, s.FreeBlocks = int64(db.free.Blocks()), int64(len(db.free.Entries()))
	db.pub.Unlock()
	return s
}
