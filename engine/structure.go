// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// LevelInfo describes one level, as LSM_INFO_DB_STRUCTURE of C lsm1 does.
type LevelInfo struct {
	Age          int
	FreelistOnly bool // holds only free-list entries
	// Segments has one element, or, for a merge that C lsm1 left half done, its output
	// and its remaining inputs, newest first.
	Segments []SegmentInfo
}

// Structure returns the levels of the newest snapshot, newest first.
func (db *DB) Structure() []LevelInfo {
	st := db.ledger.Acquire()
	defer db.ledger.Release(st)
	var out []LevelInfo
	info := func(role string, s *segment.Segment) SegmentInfo {
		return SegmentInfo{Role: role, First: int64(s.First), Last: int64(s.Last), Root: int64(s.Root), Pages: s.Size}
	}
	for _, l := range st.Disk.Levels {
		level := LevelInfo{Age: int(l.Age), FreelistOnly: l.FreelistOnly}
		if l.Merging == nil {
			level.Segments = []SegmentInfo{info(RoleRun, l.Seg)}
		} else {
			level.Segments = []SegmentInfo{info(RoleOutput, l.Seg)}
			for _, r := range l.Merging.RHS {
				level.Segments = append(level.Segments, info(RoleInput, r))
			}
		}
		out = append(out, level)
	}
	return out
}

// FreeBlock is a block that holds nothing any more.
type FreeBlock struct {
	Block int64
	ID    int64 // newest snapshot that may still use it
}

// FreeList returns the free blocks, ascending. Of a database that another process writes they are those of the newest
// checkpoint that the handle shows, and none if that cannot be read.
func (db *DB) FreeList() []FreeBlock {
	var entries []format.FreeEntry
	db.readBooks(func(b ledger.Books, _ bool) { entries = b.Free.Entries() })
	var out []FreeBlock
	for _, e := range entries {
		out = append(out, FreeBlock{Block: int64(e.Block), ID: int64(e.ID)})
	}
	return out
}

// FreeListSize returns the number of free blocks, and how many free-list entries the next
// checkpoint would hold because no segment holds them yet; see Options.MaxFreelist. Of a database that another process
// writes it is about the newest checkpoint that the handle shows, and both are -1 if that cannot be read.
func (db *DB) FreeListSize() (blocks, entries int) {
	db.readBooks(func(b ledger.Books, known bool) {
		if blocks, entries = len(b.Free.Entries()), len(b.Free.Delta()); !known {
			blocks, entries = notKnown, notKnown
		}
	})
	return blocks, entries
}

// LogRegion is a part of the log file that is still needed: bytes Start up to End, not
// included.
type LogRegion struct{ Start, End int64 }

// LogStructure returns the three regions of the log in reading order; unused ones are
// zero. While a transaction runs, it shows the state of the last commit only roughly. Of a database that another
// process writes they are what follows the newest checkpoint that the handle shows.
func (db *DB) LogStructure() [3]LogRegion {
	var out [3]LogRegion
	regions, _ := db.logOf()
	for i, r := range regions {
		out[i] = LogRegion(r)
	}
	return out
}

// TreeSize returns the sizes of the tree that waits to be flushed and of the live tree,
// in bytes.
func (db *DB) TreeSize() (old, live int64) {
	st := db.ledger.Acquire()
	defer db.ledger.Release(st)
	return int64(st.Old.Size()), int64(st.Live.Size())
}

// CheckpointSize returns how many bytes have been written to the file since the last
// checkpoint, -1 if another process writes it, which alone knows.
func (db *DB) CheckpointSize() int64 {
	if db.attached != nil {
		return db.attached.checkpointSize()
	}
	return db.ledger.Unstored() * int64(db.opts.PageSize)
}
