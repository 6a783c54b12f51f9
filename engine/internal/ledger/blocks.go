// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Allocator gives blocks to a segment that is being written.
type Allocator struct {
	Ledger *Ledger
	Fresh  bool         // only blocks that were never used
	Above  base.BlockNo // only blocks with greater numbers than this one
}

// Allocate returns a block that neither the newest synced checkpoint, nor any pinned
// state, nor a reader in another process, nor a foreign read-only process refers to (rule FOREIGN_BLOCKS_STAY).
func (a Allocator) Allocate() (base.BlockNo, error) {
	l := a.Ledger
	lim, err := l.limit()
	if err != nil {
		return 0, err
	}
	// After the limit was read: a process that comes later reads that checkpoint, or a newer one.
	foreign, err := l.foreign()
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := format.CheckBlocks(uint64(l.free.Blocks()) + 1); err != nil {
		return 0, err
	}
	if foreign || a.Fresh {
		lim.from = 0
	}
	var buf [8]base.SnapshotID
	b := l.free.Allocate(a.Above, lim.from, l.pinned(lim, buf[:0]))
	l.bf.SetBlocks(l.free.Blocks())
	return b, nil
}

// AppendPoint is the page after the end of an existing segment, from which another one is
// written. The zero value is none.
type AppendPoint struct {
	Page   base.PageNo // 0: none
	listed bool        // it is one of the append points of the levels
	place  int         // among these
}

// TakeAppendPoint reserves an append point for a segment that begins to be written, if one is free.
func (l *Ledger) TakeAppendPoint() AppendPoint {
	if foreign, err := l.foreign(); err != nil || foreign {
		return AppendPoint{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	points := l.reg.Newest().Disk.Append
	for i := len(points) - 1; i >= 0; i-- {
		if points[i] != 0 && (!l.taken[i] || mutant.Is(mutant.AppendPointTwice)) {
			return l.take(i)
		}
	}
	return AppendPoint{}
}

func (l *Ledger) take(i int) AppendPoint {
	page := l.reg.Newest().Disk.Append[i]
	l.taken[i] = true
	mark.Hit(mark.AppendPoint)
	l.free.Reserve(l.bf.Geometry().Block(page))
	return AppendPoint{Page: page, listed: true, place: i}
}

// TakeEnd reserves the place after the end of a level's segment, to add to it. It reports false
// if something else may be written there: it is none of the append points, and the level is no
// half-done merge, after whose output only the rest of it is written.
func (l *Ledger) TakeEnd(level *snapshot.Level) (at AppendPoint, ok bool) {
	if foreign, err := l.foreign(); err != nil || foreign {
		return at, false
	}
	page := l.bf.ContinuesAfter(level.Seg.Last)
	if page == 0 {
		return at, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, p := range l.reg.Newest().Disk.Append {
		if p == page && !l.taken[i] {
			return l.take(i), true
		}
	}
	if level.Merging == nil {
		return at, false
	}
	l.free.Reserve(l.bf.Geometry().Block(page))
	return AppendPoint{Page: page}, true
}

// GiveUp takes back what a segment has reserved that will not be published: its blocks are
// free again, its append point is as it was.
func (l *Ledger) GiveUp(at AppendPoint, blocks []base.BlockNo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release(at, blocks)
}

// GiveBack takes back an append point at which nothing was begun.
func (l *Ledger) GiveBack(at AppendPoint) {
	if at.Page != 0 {
		l.GiveUp(at, []base.BlockNo{l.bf.Geometry().Block(at.Page)})
	}
}

// release ends the reservations of a segment. The caller has the mutex.
func (l *Ledger) release(at AppendPoint, blocks []base.BlockNo) {
	l.free.Release(blocks)
	if at.listed {
		l.taken[at.place] = false
	}
}

// Room is where in the file something may be written now.
type Room struct {
	Free   []base.BlockNo // free blocks that may be written, ascending
	End    base.BlockNo   // the highest block that may not be written or cut off, at least 1
	Blocks base.BlockNo   // of the file
	Levels []*snapshot.Level
}

// Room returns where in the file something may be written now. If that cannot be found out, it is nowhere before
// the end of the file, and Allocate returns the error.
func (l *Ledger) Room() Room {
	lim, err := l.limit()
	if err != nil {
		lim.from = 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	pinned := l.pinned(lim, nil)
	return Room{
		Free:   l.free.Writable(lim.from, pinned),
		End:    l.free.WritableEnd(lim.from, pinned),
		Blocks: base.BlockNo(l.free.Blocks()),
		Levels: l.reg.Newest().Disk.Levels,
	}
}

// UsedEnd returns the highest block that is not free, or 1. Nobody may use the database any
// more.
func (l *Ledger) UsedEnd() base.BlockNo {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.free.UsedEnd()
}

// Unused returns the block at which the file may be cut, and false if nothing may be cut
// off, because no checkpoint is stored yet.
func (l *Ledger) Unused() (end base.BlockNo, ok bool, err error) {
	lim, err := l.limit()
	if err != nil {
		return 0, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	stored := l.reg.Newest().Disk.ID > base.EmptySnapshotID && l.stored.Synced > base.EmptySnapshotID
	var buf [8]base.SnapshotID
	return l.free.WritableEnd(lim.from, l.pinned(lim, buf[:0])), stored, nil
}
