// SPDX-License-Identifier: Apache-2.0

package freelist

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// Hold says why a free block may not be written.
type Hold uint8

const (
	NoHold         Hold = iota // it may be written
	HeldCheckpoint             // the newest synced checkpoint refers to it, or one after that
	HeldPin                    // a pinned snapshot shows it
)

// Run is a run of free blocks, First up to Last, that are not reserved, and that are held for the same reason.
type Run struct {
	First, Last base.BlockNo
	Hold        Hold
	ID          base.SnapshotID // the newest snapshot that may use what is held; 0 for NoHold
}

// Runs returns the free blocks that are not reserved, ascending. limit and pinned are as in Allocate.
func (l *List) Runs(limit base.SnapshotID, pinned []base.SnapshotID) (runs []Run) {
	for _, b := range l.order {
		r := Run{First: b, Last: b}
		switch id := l.free[b]; {
		case l.UsedBy(b, pinned...):
			r.Hold, r.ID = HeldPin, id
		case id >= limit:
			r.Hold, r.ID = HeldCheckpoint, id
		}
		if n := len(runs); n > 0 && runs[n-1].Last+1 == b && runs[n-1].Hold == r.Hold && runs[n-1].ID == r.ID {
			runs[n-1].Last = b
			continue
		}
		runs = append(runs, r)
	}
	return runs
}
