// SPDX-License-Identifier: Apache-2.0

package index

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Renewed takes over the segments of the next state of a database that another process writes, before it is published.
// Those that it shares with the one before stay as they are, and what is known of those that are gone is dropped.
// before is nil if there is none.
func (k *Keeper) Renewed(before, now *snapshot.Snapshot) {
	if !k.on() {
		return
	}
	var old []*segment.Segment
	if before != nil {
		old = segmentsOf(before)
	}
	segs := segmentsOf(now)
	for _, seg := range segs {
		if !slices.Contains(old, seg) {
			k.Adopt(seg)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range now.Levels {
		if l.Merging != nil && !l.Merging.Ours {
			giveUp(l.Segments())
		}
	}
	for _, seg := range old {
		if !slices.Contains(segs, seg) {
			seg.Index.Await(0)
			seg.Index.SetFences(nil)
			seg.Index.SetFilter(nil)
		}
	}
	k.await(segs)
}
