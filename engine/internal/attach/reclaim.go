// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// shown is a snapshot of which states were published, and the claim on its checkpoint.
type shown struct {
	disk  *snapshot.Snapshot
	claim *claim
}

// publish shows what the run has come to.
func (f *Follower) publish() {
	r := f.run
	f.Publish(&snapshot.State{Disk: r.disk, Live: r.tree.Freeze(), Tree: r.tree, Seq: f.seq, End: r.end},
		View{Pages: r.pages, Checkpoint: r.checkpoint, Log: r.lies, LogFile: r.log})
}

// reclaimNodes is how many nodes the tree has given up when the readers are looked at, to find out which of
// those can be used again.
const reclaimNodes = 256

// reclaim lets the tree use the memory again that no reader sees any more.
func (f *Follower) reclaim() {
	t := f.run.tree
	if t.Retired() < reclaimNodes {
		return
	}
	t.Reclaim(f.readers.OldestEpoch(t))
	if !t.WantsReclaim() {
		return
	}
	if held, all := f.readers.PinnedEpochs(t); all {
		t.ReclaimBetween(held)
	}
}

// Reap gives up the checkpoints that nobody reads any more, and closes the files of runs that have ended and that
// nobody reads any more. What is read meanwhile was pinned before, or is the newest state: see package snapshot.
func (f *Follower) Reap() {
	if len(f.shown) <= 1 && len(f.retired) == 0 || f.readers == nil {
		return
	}
	read := map[*snapshot.Snapshot]bool{f.readers.Newest().Disk: true}
	for _, p := range f.readers.PinnedStates() {
		read[p.State.Disk] = true
	}
	needed, kept := map[*run]bool{f.run: true}, make(map[*run]bool)
	var older *claim // the newest one so far that stays
	f.shown = slices.DeleteFunc(f.shown, func(s shown) bool {
		if read[s.disk] {
			older = s.claim
			needed[s.claim.run] = true
			if f.run != nil && f.run != s.claim.run {
				s.claim.giveUp()
			}
			if !s.claim.isGone() {
				kept[s.claim.run] = true
			}
			return false
		}
		if older != nil && older.run != s.claim.run {
			older = nil
		}
		s.claim.drop(older)
		return true
	})
	f.retired = slices.DeleteFunc(f.retired, func(r *run) bool {
		switch {
		case !needed[r]:
			r.close()
		case !kept[r] && r.pages != nil:
			r.pages.Close() // which empties the cache: readers may still ask, and are told that it is gone
		}
		return !needed[r]
	})
}

// Close gives up everything. Nobody may read what was shown any more.
func (f *Follower) Close() {
	for _, r := range append(f.retired, f.run) {
		if r != nil {
			r.close()
		}
	}
	f.run, f.retired, f.shown = nil, nil, nil
}
