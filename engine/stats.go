// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// Stats counts what a handle has done since it was opened, and what it holds now. Sizes
// are in bytes. What only the process knows that writes the database is -1 in another one, see DB.Attached; blocks and
// log are those of the newest checkpoint that is shown, and after it.
type Stats struct {
	// Commits counts transactions that wrote something and were committed, CommitErrors
	// those whose commit failed. Records and BytesCommitted are the operations of the
	// committed ones and the bytes of their keys and values.
	Commits        int64
	CommitErrors   int64
	Records        int64
	BytesCommitted int64
	// LogBytesWritten and LogSyncs are what commits cost on the log.
	LogBytesWritten int64
	LogSyncs        int64

	Checkpoints      int64
	CheckpointErrors int64
	CheckpointBytes  int64         // made durable by them
	CheckpointAge    time.Duration // since the last one of this handle; 0 if there was none
	Flushes          int64         // trees written into segments
	Merges           int64         // segments written from others, those of free-list entries included
	WorkErrors       int64         // flushes and merges that failed

	// Stalls counts how often writers were held back, and StallTime how long, by what
	// they waited for; see StallReason. StalledNow is how many are held back now.
	FlushStalls         int64
	FlushStallTime      time.Duration
	MergeStalls         int64
	MergeStallTime      time.Duration
	CheckpointStalls    int64
	CheckpointStallTime time.Duration
	ChangesStalls       int64
	ChangesStallTime    time.Duration
	StalledNow          int64

	// ChangeStreams is how many streams of changes are read now, of DB.Changes and DB.Watch, ChangeLag how many bytes
	// of the log the slowest of them has still to read, and ChangeCuts how often one has lost its place, because what
	// it had to read was written over or cannot be read from the log.
	ChangeStreams int64
	ChangeLag     int64
	ChangeCuts    int64

	// PagesRead counts pages read from the file: for readers that did not find them in the cache
	// (PagesReadMiss); ahead of scans, and for long values (PagesReadAhead); by merges and checks
	// (PagesReadMerge); and for single links and dumps (PagesReadRaw).
	PagesRead      int64
	PagesReadMiss  int64
	PagesReadAhead int64
	PagesReadMerge int64
	PagesReadRaw   int64
	// PagesWritten counts pages written to the file: by flushes, by merges, and for
	// segments that hold free-list entries alone.
	PagesWritten         int64
	PagesWrittenFlush    int64
	PagesWrittenMerge    int64
	PagesWrittenFreelist int64
	// BytesRead and BytesWritten are those of the database file, meta pages included.
	BytesRead            int64
	BytesWritten         int64
	BytesWrittenFlush    int64
	BytesWrittenMerge    int64
	BytesWrittenFreelist int64
	BytesWrittenMeta     int64
	Syncs                int64 // of the database file
	// WriteAmplification is the bytes written to both files for each byte committed; 0 before the
	// first commit.
	WriteAmplification float64

	// CacheLookups counts the pages that readers looked up, CacheHits those that were in
	// memory, CacheMisses those that were not. Open cursors report theirs every 256 pages.
	CacheLookups int64
	CacheHits    int64
	CacheMisses  int64
	CacheBytes   int64

	// FenceBytes and FilterBytes are what Options.IndexSize bounds. FilterSkips counts searches
	// of segments that filters have saved, FilterMisses about those that they have not although
	// the segments had nothing to say.
	FenceBytes   int64
	FilterBytes  int64
	FilterSkips  int64
	FilterMisses int64

	LiveBytes    int64 // size of the live tree
	OldBytes     int64 // size of the tree that waits to be flushed
	LogBytes     int64 // length of the log that is still needed
	LogFileBytes int64 // length of the log file, which may go on after the log; -1 if it is not known

	Levels       int
	Segments     int
	SegmentPages int64 // of all segments; bytes of a compressed file
	// CheckedPages are those of them that carry a page sum, as all do that lsmlite wrote.
	// Damage to the others, which C lsm1 wrote, may not be noticed; Optimize writes them again.
	CheckedPages int64
	Blocks       int64 // blocks of the file; -1 if it is not known
	FreeBlocks   int64 // of those, blocks that hold nothing; -1 if it is not known
	FileBytes    int64 // length of the database file; 0 if the operating system does not give it

	UncheckpointedBytes int64 // written to the file since the last checkpoint; -1 if it is not known

	// Pins counts the snapshots held by transactions, snapshots and cursors. OldestPin is
	// for how long the oldest of them has been out of date; PinnedBlocks and
	// PinnedTreeBytes are what cannot be used again because of them. See DB.Pins.
	Pins            int64
	OldestPin       time.Duration
	PinnedBlocks    int64
	PinnedTreeBytes int64

	RecoveredCommits int64 // read from the log by Open
	RecoveredBytes   int64

	ReadErrors  int64 // reads of the database file that the operating system failed
	WriteErrors int64 // and writes and syncs
	BadPages    int64 // pages that were read and found damaged
	Poisoned    bool  // nothing is written any more; see DB.Poisoned
	Moved       bool  // the same, because of the names of the files; see DB.Moved
}

// Stalls returns the number and the total time of stalls for a reason.
func (s *Stats) Stalls(r StallReason) (n int64, d time.Duration) {
	switch r {
	case StallMerge:
		return s.MergeStalls, s.MergeStallTime
	case StallCheckpoint:
		return s.CheckpointStalls, s.CheckpointStallTime
	case StallChanges:
		return s.ChangesStalls, s.ChangesStallTime
	}
	return s.FlushStalls, s.FlushStallTime
}

// Stats returns the counters. It takes no turn, so it never waits for a writer or for
// work, and may be called from an Observer. After Close it returns the last counts.
func (db *DB) Stats() Stats {
	pins := pinReport(db) // before this call has a pin of its own
	st := db.ledger.Acquire()
	defer db.ledger.Release(st)
	var s Stats
	countWork(db, &s)
	countFiles(db, &s)
	c := db.streams.Stats()
	s.ChangeStreams, s.ChangeLag, s.ChangeCuts = int64(c.Readers), c.Lag, c.Cuts
	s.FenceBytes, s.FilterBytes = db.index.Sizes()
	s.FilterSkips, s.FilterMisses = db.index.Counts()
	s.LiveBytes, s.OldBytes = int64(st.Live.Size()), int64(st.Old.Size())
	s.Levels, s.Segments = len(st.Disk.Levels), st.Disk.NumSegments()
	for _, l := range st.Disk.Levels {
		for _, seg := range l.Segments() {
			s.SegmentPages += seg.Size
			if seg.Space.Sealed {
				s.CheckedPages += seg.Size
			}
		}
	}
	var log [3]wal.Region
	log, s.LogFileBytes = db.logOf()
	for _, r := range log {
		s.LogBytes += r.End - r.Start
	}
	if db.attached == nil && db.tuning.Load().Changes > 0 { // what is kept for streams is not needed by a recovery
		s.LogBytes = db.ledger.LogUse().Needed
	}
	s.UncheckpointedBytes = db.CheckpointSize()
	s.Poisoned, s.Moved = db.Poisoned() != nil, db.files.Lost() != nil

	for _, p := range pins.Pins {
		s.Pins += p.Count
	}
	if len(pins.Pins) > 0 {
		s.OldestPin = pins.Pins[0].Age
	}
	s.PinnedBlocks, s.PinnedTreeBytes = pins.HeldBlocks, pins.HeldTreeBytes
	s.Blocks, s.FreeBlocks = pins.blocks, pins.freeBlocks
	s.FileBytes = db.files.Length()
	return s
}

// countWork fills in what writer and worker count.
func countWork(db *DB, s *Stats) {
	t, c := &db.writer.Counters, &db.worker.Counters
	s.Commits, s.CommitErrors = t.Commits.Load(), t.Errors.Load()
	s.Records, s.BytesCommitted = t.Records.Load(), t.Bytes.Load()
	s.Checkpoints, s.CheckpointErrors = c.Checkpoints.Load(), c.CheckpointErrors.Load()
	s.CheckpointBytes = c.CheckpointBytes.Load()
	if at := c.LastCheckpoint.Load(); at != 0 {
		s.CheckpointAge = max(0, time.Since(time.Unix(0, at)))
	}
	s.Flushes, s.Merges, s.WorkErrors = c.Flushes.Load(), c.Merges.Load(), c.WorkErrors.Load()
	stalls := func(r worker.Reason) (int64, time.Duration) {
		c := &c.Stalls[r]
		return c.Count.Load(), time.Duration(c.Nanos.Load())
	}
	s.FlushStalls, s.FlushStallTime = stalls(worker.StallFlush)
	s.MergeStalls, s.MergeStallTime = stalls(worker.StallMerge)
	s.CheckpointStalls, s.CheckpointStallTime = stalls(worker.StallCheckpoint)
	s.ChangesStalls, s.ChangesStallTime = stalls(worker.StallChanges)
	s.StalledNow = c.Stalled.Load()
	s.PagesWrittenFlush, s.BytesWrittenFlush = c.Pages[worker.ForFlush].Load(), c.Bytes[worker.ForFlush].Load()
	s.PagesWrittenMerge, s.BytesWrittenMerge = c.Pages[worker.ForMerge].Load(), c.Bytes[worker.ForMerge].Load()
	s.PagesWrittenFreelist, s.BytesWrittenFreelist = c.Pages[worker.ForFreelist].Load(), c.Bytes[worker.ForFreelist].Load()
	s.RecoveredCommits, s.RecoveredBytes = int64(db.recovered.Commits), db.recovered.Bytes
}

// maximum raises a to n, unless it is more already, and returns it.
func maximum(a *atomic.Int64, n int64) int64 {
	for {
		old := a.Load()
		if n <= old {
			return old
		}
		if a.CompareAndSwap(old, n) {
			return n
		}
	}
}

// countFiles fills in what was read from and written to the two files.
func countFiles(db *DB, s *Stats) {
	b, l := db.pages().Stats(), db.writer.Log().Stats()
	s.PagesRead, s.PagesReadMiss, s.PagesReadAhead = b.PagesRead(), b.MissPages, b.AheadPages
	s.PagesReadMerge, s.PagesReadRaw = b.RunPages, b.RawPages
	s.PagesWritten = b.PagesWritten
	s.BytesRead, s.BytesWritten, s.Syncs = b.BytesRead, b.DataBytes+b.MetaBytes, b.Syncs
	s.BytesWrittenMeta = b.MetaBytes
	s.CacheMisses, s.CacheBytes = b.CacheMisses, b.CacheBytes
	// Readers tell their lookups later than their misses. What was called a hit once
	// stays one, so that the count never goes back.
	s.CacheHits = maximum(&db.cacheHits, b.CacheLookups-b.CacheMisses)
	s.CacheLookups = s.CacheHits + s.CacheMisses
	s.ReadErrors, s.WriteErrors, s.BadPages = b.ReadErrors, b.WriteErrors, b.BadPages
	s.LogBytesWritten, s.LogSyncs = l.BytesWritten, l.Syncs
	if s.BytesCommitted > 0 {
		s.WriteAmplification = float64(s.BytesWritten+s.LogBytesWritten) / float64(s.BytesCommitted)
	}
}
