// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// Stored is what the meta pages hold.
type Stored struct {
	Meta int // the page whose checkpoint is durable, which must not be written first; 0: none
	// Restore says that the pages do not hold the same checkpoint: one has to be stored even
	// if nothing has changed.
	Restore  bool
	NewestID base.SnapshotID // the largest id that was ever put on a page, as far as known
	// Synced is the id of the newest checkpoint that both pages hold, or of the older one,
	// and Ref the reference to it.
	Synced  base.SnapshotID
	Ref     format.CheckpointRef
	Written uint32 // pages written in all when it was made
}

// Stored returns what the meta pages hold.
func (l *Ledger) Stored() Stored {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stored
}

// StoredFirst notes that the checkpoint of an empty database was written to a meta page.
func (l *Ledger) StoredFirst(page int, id base.SnapshotID, ref format.CheckpointRef) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored.Meta, l.stored.NewestID, l.stored.Ref = page, id, ref
}

// Restore makes the next checkpoint be stored even if nothing has changed.
func (l *Ledger) Restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored.Restore = true
}

// Export is a checkpoint that is to be stored.
type Export struct {
	Checkpoint *format.Checkpoint // nil: there is nothing to do
	Seq        uint64             // newest commit that it holds
	Durable    int                // meta page that must not be written first
	freed      int64              // blocks that it frees
}

// Next returns what is to be stored: the newest state, unless both meta pages hold it. What
// was begun to be stored once gets a new number, because it must be seen which of two pages
// is the newer one (rule NEW_NUMBER_FOR_RETRY). The caller has the worker's turn.
func (l *Ledger) Next() Export {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.reg.Newest()
	if st.Disk.ID <= l.stored.Synced && !l.stored.Restore {
		return Export{Durable: l.stored.Meta}
	}
	if st.Disk.ID <= l.stored.NewestID {
		next := st.Next()
		disk := *st.Disk
		disk.ID = l.stored.NewestID + 1
		mark.Hit(mark.CheckpointRenamed)
		next.Disk = &disk
		l.reg.Publish(next)
		st = next
	}
	l.stored.NewestID = st.Disk.ID
	if mutant.Is(mutant.LogReusedEarly) {
		l.log.synced = position{st.Disk.Log, true}
	}
	return Export{Checkpoint: l.export(st.Disk), Seq: st.Disk.Seq, Durable: l.stored.Meta, freed: l.freed}
}

// export returns a snapshot as a checkpoint. The caller has the mutex.
func (l *Ledger) export(disk *snapshot.Snapshot) *format.Checkpoint {
	geo := l.bf.Geometry()
	c := disk.Export()
	c.Blocks = l.free.Blocks()
	c.PageSize, c.BlockSize = uint32(geo.PageSize), uint32(geo.BlockSize)
	c.Written = l.bf.Written()
	if !mutant.Is(mutant.FreeListForgotten) {
		c.Free = l.free.Delta()
	}
	return c
}

// Done notes that a checkpoint is stored on both meta pages. It returns how many pages have
// become durable by it. An error says that it is not known whether others still read the
// log before it. The caller has the checkpointer's turn, and has called HalfStored.
//
// Rule LOG_FREE_AFTER_CHECKPOINT: only from here on may the log before it be used again.
func (l *Ledger) Done(e Export, ref format.CheckpointRef) (pages int64, err error) {
	// A foreign read-only process recovers from the older log position.
	foreign, err := l.foreign()
	l.mu.Lock()
	defer l.mu.Unlock()
	c := e.Checkpoint
	if mark.Enabled {
		l.markStored(c.ID)
	}
	pages = int64(c.Written - l.stored.Written)
	l.stored.Meta, l.stored.Restore = checkpoint.Other(e.Durable), false
	l.stored.Synced, l.stored.Ref, l.stored.Written = c.ID, ref, c.Written
	l.freed -= e.freed
	l.log.newest = position{c.Log, true}
	if !foreign && err == nil {
		l.log.synced = l.log.newest
	}
	l.LogSynced(l.reg.Newest().End.Stream - wal.BytesAfter(l.log.regions, c.Log.Off))
	return pages, err
}

// Failed notes how far a checkpoint has come that was not stored on both pages. Nothing is reused
// because of it. The caller has the checkpointer's turn.
//
// Rule HALF_STORED_COUNTS: if the first page was stored, it is the durable one, and the other one may be torn.
func (l *Ledger) Failed(e Export, stage checkpoint.Stage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored.Restore = true
	if stage == checkpoint.First {
		mark.Hit(mark.CheckpointHalf)
		l.stored.Meta = checkpoint.Other(e.Durable)
	}
}

// Unstored returns how many pages have been written since the newest checkpoint was made.
func (l *Ledger) Unstored() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unstored(l.bf.Written())
}

// UnstoredBefore returns how many pages had been written since the newest checkpoint when
// another one was made.
func (l *Ledger) UnstoredBefore(c *format.Checkpoint) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unstored(c.Written)
}

func (l *Ledger) unstored(written uint32) int64 { return int64(written - l.stored.Written) }

// Limits say when a checkpoint is due; 0 is never.
type Limits struct {
	File int64 // bytes written to the file since the last one
	Log  int64 // bytes of the log that it would free
	// Blocks are bytes of blocks that it would free, if they are more than a part of the file.
	Blocks int64
}

// freedPart is the part of the file that a checkpoint has to free to be made for that.
const freedPart = 16

// Due reports whether another checkpoint is to be made.
func (l *Ledger) Due(limits Limits) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reg.Newest().Disk.ID <= l.stored.Synced {
		return false
	}
	block := int64(l.bf.Geometry().BlockSize)
	if freed := l.freed * block; limits.Blocks > 0 && freed >= limits.Blocks && l.freed >= int64(l.free.Blocks()/freedPart) {
		return true
	}
	written := l.unstored(l.bf.Written()) * int64(l.bf.Geometry().PageSize)
	return limits.File > 0 && written >= limits.File || limits.Log > 0 && l.logUse().Freed >= limits.Log
}
