// SPDX-License-Identifier: Apache-2.0

package freelist

import (
	"cmp"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Delta returns what a checkpoint must say beyond the system keys, by block ascending.
func (l *List) Delta() []format.FreeEntry { return l.DeltaAfter(nil, nil, 0) }

// DeltaAfter returns what Delta would return after Publish(used, freed, id).
func (l *List) DeltaAfter(used, freed []base.BlockNo, id base.SnapshotID) []format.FreeEntry {
	after := make(map[base.BlockNo]base.SnapshotID, len(freed)+len(used))
	for _, b := range freed {
		after[b] = id
	}
	for _, b := range used {
		after[b] = format.NotFree
	}
	var out []format.FreeEntry
	for b, id := range after {
		if l.differs(b, id) {
			out = append(out, format.FreeEntry{Block: b, ID: id})
		}
	}
	for b := range l.changed {
		if _, ok := after[b]; !ok {
			out = append(out, format.FreeEntry{Block: b, ID: l.state(b)})
		}
	}
	sortEntries(out)
	return out
}

// Recorded notes that a published segment now holds these entries as system keys.
func (l *List) Recorded(entries []format.FreeEntry) {
	for _, e := range entries {
		if e.ID == format.NotFree {
			delete(l.recorded, e.Block)
		} else {
			l.recorded[e.Block] = e.ID
		}
		l.note(e.Block)
	}
}

// state is what an entry says of a block.
func (l *List) state(b base.BlockNo) base.SnapshotID {
	if id, ok := l.free[b]; ok {
		return id
	}
	return format.NotFree
}

// differs reports whether a state of a block is another one than the system keys say.
func (l *List) differs(b base.BlockNo, id base.SnapshotID) bool {
	recorded, ok := l.recorded[b]
	if id == format.NotFree {
		return ok
	}
	return !ok || recorded != id
}

// note keeps changed up to date, after free or recorded have changed for a block.
func (l *List) note(b base.BlockNo) {
	if l.differs(b, l.state(b)) {
		l.changed[b] = true
	} else {
		delete(l.changed, b)
	}
}

func sortEntries(entries []format.FreeEntry) {
	slices.SortFunc(entries, func(a, b format.FreeEntry) int { return cmp.Compare(a.Block, b.Block) })
}
