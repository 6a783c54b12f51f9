// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// Held is what cannot be used again because states are pinned.
type Held struct {
	Pins      []Pin // oldest first
	Blocks    int64 // free blocks that a pinned state still shows
	TreeBytes int64 // size of the trees that are flushed, but still shown
}

// Pin is one pinned state. The fields mean what those of engine.Pin do.
type Pin struct {
	Snapshot      int64
	Commit        int64
	Count         int64
	Age           time.Duration
	HeldBlocks    int64
	HeldTreeBytes int64
}

// Pins finds out what each pinned state holds back.
func Pins(b ledger.Books, now time.Time) (h Held) {
	free := b.Free.Entries()
	held := make(map[base.BlockNo]bool)
	// A tree is counted once, for the newest of the states that show it.
	trees := []memtree.View{b.Newest.Live, b.Newest.Old}
	for _, pinned := range slices.Backward(b.Pinned) {
		s := pinned.State
		p := Pin{Snapshot: int64(s.Disk.ID), Commit: int64(s.Seq), Count: pinned.Pins}
		if pinned.Replaced != 0 {
			p.Age = max(0, now.Sub(time.Unix(0, pinned.Replaced)))
		}
		for _, e := range free {
			if e.ID < b.Synced && s.Disk != b.Newest.Disk && b.Free.UsedBy(e.Block, s.Disk.ID) {
				p.HeldBlocks++
				held[e.Block] = true
			}
		}
		for _, v := range [...]memtree.View{s.Live, s.Old} {
			if v.Empty() || slices.ContainsFunc(trees, v.SameTree) {
				continue
			}
			trees = append(trees, v)
			p.HeldTreeBytes += int64(v.Size())
		}
		h.TreeBytes += p.HeldTreeBytes
		h.Pins = append(h.Pins, p)
	}
	slices.Reverse(h.Pins)
	h.Blocks = int64(len(held))
	return h
}
