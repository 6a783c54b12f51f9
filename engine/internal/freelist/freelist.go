// SPDX-License-Identifier: Apache-2.0

// Package freelist knows which blocks no published segment uses, when each of them may be written
// again, and how that is stored in the file.
//
// It is pure bookkeeping: no I/O. The ledger owns the one List of a database and guards it
// with its mutex, because the list changes together with the levels.
//
// A block is in one of three states: used by a published segment (not in the list), free
// (in the list), or free and reserved: it holds a segment that is being written and that no
// checkpoint knows yet. A checkpoint shows reserved blocks as free, which is what they are after
// a crash.
package freelist

import (
	"maps"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
)

// List is the free list of a database.
type List struct {
	blocks   uint32                           // highest block number of the file
	free     map[base.BlockNo]base.SnapshotID // free block → newest snapshot that may use it
	order    []base.BlockNo                   // those of the keys of free that are not reserved, ascending
	reserved map[base.BlockNo]int             // users among the segments being written
	recorded map[base.BlockNo]base.SnapshotID // what the system keys in the segments say
	// born is the first snapshot that may use what a block holds now, if that is known: if
	// it was written since the file was opened. Snapshots before that one never knew the
	// block, so a pin on one of them does not keep it from being written again.
	born map[base.BlockNo]base.SnapshotID
	// whole are the blocks that Allocate has given out and that are not published: nothing in
	// them is older than the segment that is being written. A segment that starts at an append
	// point leaves what is before it as it is.
	whole map[base.BlockNo]bool
	// changed are the blocks of which free and recorded say different things. There are few of
	// them, while a large database may have a hundred thousand free blocks.
	changed map[base.BlockNo]bool
	// passed are the blocks that were passed over for a reader since they were given away last; for marks only.
	passed map[base.BlockNo]bool
}

// New makes the list of a file with the given number of blocks. recorded is what the
// system keys of the segments say; entries are those of the checkpoint, which override.
func New(blocks uint32, recorded map[base.BlockNo]base.SnapshotID, entries []format.FreeEntry) (*List, error) {
	l := &List{
		blocks:   blocks,
		free:     make(map[base.BlockNo]base.SnapshotID, len(recorded)),
		reserved: make(map[base.BlockNo]int),
		recorded: recorded,
		born:     make(map[base.BlockNo]base.SnapshotID),
		whole:    make(map[base.BlockNo]bool),
		changed:  make(map[base.BlockNo]bool),
	}
	for b, id := range recorded {
		if b < 1 || uint32(b) > blocks {
			return nil, errs.Corruptf("the free list names block %d; the file has %d", b, blocks)
		}
		l.free[b] = id
	}
	for _, e := range entries {
		if e.ID == format.NotFree {
			delete(l.free, e.Block)
		} else {
			l.free[e.Block] = e.ID
		}
		l.note(e.Block)
	}
	l.order = make([]base.BlockNo, 0, len(l.free))
	for b := range l.free {
		l.order = append(l.order, b)
	}
	slices.Sort(l.order)
	return l, nil
}

// Blocks returns the highest block number ever allocated.
func (l *List) Blocks() uint32 { return l.blocks }

// Allocate reserves the first free block above floor that no snapshot from limit on may use,
// and none of the pinned ones, or a new block at the end of the file. limit 0 takes only new
// blocks.
func (l *List) Allocate(floor base.BlockNo, limit base.SnapshotID, pinned []base.SnapshotID) base.BlockNo {
	from, _ := slices.BinarySearch(l.order, floor+1)
	for _, b := range l.order[from:] {
		if l.writable(b, limit, pinned) {
			l.reserved[b], l.whole[b] = 1, true
			l.remove([]base.BlockNo{b})
			if mark.Enabled {
				l.markGiven(b)
			}
			return b
		}
		if mark.Enabled {
			l.markPassed(b, limit)
		}
	}
	l.blocks++
	b := base.BlockNo(l.blocks)
	l.free[b] = 0
	l.note(b)
	l.reserved[b], l.whole[b] = 1, true
	return b
}

// writable reports whether a free block may be written that is not reserved: whether no snapshot
// from limit on may use it (rule CHECKPOINT_BLOCKS_STAY), and none of the pinned ones (rule PINNED_BLOCKS_STAY).
func (l *List) writable(b base.BlockNo, limit base.SnapshotID, pinned []base.SnapshotID) bool {
	return (l.free[b] < limit || limit > 0 && mutant.Is(mutant.CheckpointBlockReused)) &&
		(!l.UsedBy(b, pinned...) || mutant.Is(mutant.PinnedBlockReused))
}

// Writable returns the free blocks, ascending, that Allocate would give out.
func (l *List) Writable(limit base.SnapshotID, pinned []base.SnapshotID) []base.BlockNo {
	var out []base.BlockNo
	for _, b := range l.order {
		if l.writable(b, limit, pinned) {
			out = append(out, b)
		}
	}
	return out
}

// WritableEnd returns the highest block that Allocate would not give out, or 1. It looks at the
// blocks after that one only: a large file may have very many free ones.
func (l *List) WritableEnd(limit base.SnapshotID, pinned []base.SnapshotID) base.BlockNo {
	end := base.BlockNo(l.blocks)
	for i := len(l.order) - 1; i >= 0 && end > 1 && l.order[i] == end && l.writable(end, limit, pinned); i-- {
		end--
	}
	return max(end, 1)
}

// UsedBy reports whether one of some snapshots may use a free block: one from the first
// that knew what it holds to the last.
func (l *List) UsedBy(b base.BlockNo, snapshots ...base.SnapshotID) bool {
	for _, id := range snapshots {
		if l.born[b] <= id && id <= l.free[b] {
			return true
		}
	}
	return false
}

// Reserve counts one more user of a block: a segment that starts at an append point.
// The block does not have to be free.
func (l *List) Reserve(b base.BlockNo) {
	l.reserved[b]++
	l.remove([]base.BlockNo{b})
}

// Release takes back one reservation of each block, when a segment is given up or, just
// before Publish, becomes a published one.
func (l *List) Release(blocks []base.BlockNo) {
	for _, b := range blocks {
		invariant.Check(l.reserved[b] > 0, "a block is released that was not reserved")
		if l.reserved[b]--; l.reserved[b] == 0 {
			delete(l.reserved, b)
		}
	}
	l.insert(blocks)
}

// Publish records a new set of levels: used blocks belong to a published segment from
// here on, freed blocks to none; id is the newest snapshot that may use the freed ones,
// and the one before the first that uses the others, unless there is an older segment in
// the same block (rules FREED_WITH_NEWEST_USER, BORN_WITH_NEXT).
func (l *List) Publish(used, freed []base.BlockNo, id base.SnapshotID) {
	for _, b := range freed {
		l.free[b] = id
		l.note(b)
	}
	l.insert(freed)
	for _, b := range used {
		if _, ok := l.free[b]; ok {
			delete(l.free, b)
			l.note(b)
			if l.whole[b] {
				l.born[b] = id + 1
				delete(l.whole, b)
			}
		}
	}
	l.remove(used)
}

// IsFree reports whether no published segment uses the block.
func (l *List) IsFree(b base.BlockNo) bool {
	_, ok := l.free[b]
	return ok
}

// Len returns the number of free blocks.
func (l *List) Len() int { return len(l.free) }

// Entries returns all free blocks, ascending.
func (l *List) Entries() []format.FreeEntry {
	out := make([]format.FreeEntry, 0, len(l.free))
	for b, id := range l.free {
		out = append(out, format.FreeEntry{Block: b, ID: id})
	}
	sortEntries(out)
	return out
}

// UsedEnd returns the highest block that is not free, or 1: the file may be cut after it.
func (l *List) UsedEnd() base.BlockNo {
	b := base.BlockNo(l.blocks)
	for b > 1 && l.IsFree(b) {
		b--
	}
	return max(b, 1)
}

// ReservedBlocks returns the reserved blocks, ascending.
func (l *List) ReservedBlocks() []base.BlockNo {
	return slices.Sorted(maps.Keys(l.reserved))
}
