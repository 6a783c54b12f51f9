// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// markPublished marks what is rare about a change that takes the place of a state. The caller has the mutex.
func (l *Ledger) markPublished(c *Change, was *snapshot.State, disk *snapshot.Snapshot) {
	if c.Output != nil && c.Output.FreelistOnly {
		mark.Hit(mark.FreelistOnly)
	}
	if c.Flush {
		for _, p := range l.reg.PinnedStates() {
			if p.State.HasOld && p.State.OldSeq == was.OldSeq {
				mark.Hit(mark.OldTreePinned)
				break
			}
		}
	}
	geo := l.bf.Geometry()
	ends := make(map[base.BlockNo]int)
	for _, level := range disk.Levels {
		for _, seg := range level.Segments() {
			first, last := geo.Block(seg.First), geo.Block(seg.Last)
			if ends[first]++; first != last {
				ends[last]++
			}
		}
	}
	for _, n := range ends {
		if n >= 3 {
			mark.Hit(mark.AppendShared)
		}
	}
}

// markStored marks that a reader has a snapshot that is older than a checkpoint that is synced. The caller has the
// mutex.
func (l *Ledger) markStored(id base.SnapshotID) {
	for _, p := range l.reg.PinnedStates() {
		if p.State.Disk.ID < id {
			mark.Hit(mark.SnapshotKept)
			return
		}
	}
}
