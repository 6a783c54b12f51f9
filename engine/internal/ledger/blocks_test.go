// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestAllocatedBlockIsInUseNowhere: of two free blocks, the first of which snapshot 12 was
// the last to use and the second snapshot 14, the one is given that no checkpoint, no pin and
// no foreign reader may lead to; else a new block at the end.
func TestAllocatedBlockIsInUseNowhere(t *testing.T) {
	const first, second, fresh = 2, 4, 6
	for name, tt := range map[string]struct {
		synced  base.SnapshotID
		pins    []base.SnapshotID
		foreign bool
		fresh   bool
		above   base.BlockNo
		want    base.BlockNo
	}{
		"no checkpoint of this file is synced":    {synced: 0, want: fresh},
		"the synced checkpoint is older":          {synced: 11, want: fresh},
		"the synced checkpoint uses it":           {synced: 12, want: fresh},
		"the synced checkpoint is the next one":   {synced: 13, want: first},
		"the synced checkpoint is much newer":     {synced: 20, want: first},
		"a pin on its last user":                  {synced: 13, pins: []base.SnapshotID{12}, want: fresh},
		"a pin on an older state":                 {synced: 20, pins: []base.SnapshotID{11}, want: fresh},
		"a pin on a newer state":                  {synced: 13, pins: []base.SnapshotID{13}, want: first},
		"a pin between the two last users":        {synced: 20, pins: []base.SnapshotID{13}, want: first},
		"several pins, one of them in the way":    {synced: 20, pins: []base.SnapshotID{12, 15}, want: fresh},
		"a foreign reader":                        {synced: 20, foreign: true, want: fresh},
		"only what was never used":                {synced: 20, fresh: true, want: fresh},
		"above the first":                         {synced: 20, above: first, want: second},
		"above the first, of which a pin is left": {synced: 20, above: first, pins: []base.SnapshotID{13}, want: fresh},
		"above the end":                           {synced: 20, above: 5, want: fresh},
		"above one, where nothing is in the way":  {synced: 20, above: 1, want: first},
	} {
		t.Run(name, func(t *testing.T) {
			free := []format.FreeEntry{entry(first, 12), entry(second, 14)}
			b := open(t, found{blocks: 5, free: free, stored: ledger.Stored{Synced: tt.synced}})
			for _, id := range tt.pins {
				b.First(&snapshot.Snapshot{ID: id}, memtree.New())
				b.Acquire()
			}
			b.First(&snapshot.Snapshot{ID: 21}, memtree.New())
			b.foreign = tt.foreign
			got, err := ledger.Allocator{Ledger: b.Ledger, Fresh: tt.fresh, Above: tt.above}.Allocate()
			if err != nil || got != tt.want {
				t.Errorf("block %d, %v; want %d", got, err, tt.want)
			}
			b.expectReserved(tt.want)
			if want := max(5, uint32(tt.want)); b.file.Blocks() != want {
				t.Errorf("the file takes %d blocks for possible, want %d", b.file.Blocks(), want)
			}
		})
	}
}

// TestBlockIsGivenOnce: a block that is being written is given to nobody else before it is
// given up.
func TestBlockIsGivenOnce(t *testing.T) {
	free := []format.FreeEntry{entry(2, 11)}
	b := open(t, found{blocks: 3, free: free, stored: ledger.Stored{Synced: 12}, disk: snapshot.Snapshot{ID: 12}})
	one, two := b.allocate(), b.allocate()
	if one != 2 || two != 4 {
		t.Fatalf("blocks %d and %d, want 2 and 4", one, two)
	}
	b.expectReserved(2, 4)
	b.GiveUp(ledger.AppendPoint{}, []base.BlockNo{one, two})
	b.expectReserved()
	if again := b.allocate(); again != one {
		t.Errorf("block %d, want %d, which was given up", again, one)
	}
}

// TestOldPinKeepsNoYoungBlock: a state that is older than what a block holds does not keep
// it from being written again.
func TestOldPinKeepsNoYoungBlock(t *testing.T) {
	b := open(t, found{})
	b.Acquire() // of the empty database
	young := b.flush()
	b.publish(&ledger.Change{Inputs: []*snapshot.Level{young}})
	b.store()
	if got := b.allocate(); got != young.Seg.Owned[0] {
		t.Errorf("block %d, want %d, which the pinned state never knew", got, young.Seg.Owned[0])
	}
}

// TestNothingIsAllocatedWithoutAnAnswer: if it cannot be found out whether others read the
// file, or the file would be too large, no block is given.
func TestNothingIsAllocatedWithoutAnAnswer(t *testing.T) {
	b := open(t, found{blocks: 3})
	b.foreignErr = errFail
	if n, err := (ledger.Allocator{Ledger: b.Ledger}).Allocate(); n != 0 || !errors.Is(err, errFail) {
		t.Errorf("block %d, %v", n, err)
	}
	b.expectReserved()
	b = open(t, found{blocks: uint32(format.MaxBlocks)})
	if n, err := (ledger.Allocator{Ledger: b.Ledger}).Allocate(); n != 0 || !errors.Is(err, errs.ErrTooBig) {
		t.Errorf("block %d after the last possible one, %v", n, err)
	}
	b.expectReserved()
	if b.file.Blocks() != uint32(format.MaxBlocks) {
		t.Errorf("%d blocks", b.file.Blocks())
	}
}

// TestAppendPointIsTakenOnce: each append point goes to one segment at a time, and comes back
// when that is given up or nothing was begun there.
func TestAppendPointIsTakenOnce(t *testing.T) {
	p, q := geo.FirstPage(2)+10, geo.FirstPage(3)+20
	b := open(t, found{blocks: 3, disk: snapshot.Snapshot{ID: 11, Append: [4]base.PageNo{p, 0, q, 0}}})
	one, two, three := b.TakeAppendPoint(), b.TakeAppendPoint(), b.TakeAppendPoint()
	if one.Page != q || two.Page != p || three.Page != 0 {
		t.Fatalf("append points %d, %d and %d; want %d, %d and none", one.Page, two.Page, three.Page, q, p)
	}
	b.expectReserved(2, 3)
	b.GiveBack(three) // which is none
	b.GiveBack(one)
	b.expectReserved(2)
	if again := b.TakeAppendPoint(); again != one {
		t.Errorf("append point %v, want %v, which was given back", again, one)
	}
	n := b.allocate()
	b.GiveUp(two, []base.BlockNo{2, n})
	b.expectReserved(3)
	if again := b.TakeAppendPoint(); again != two {
		t.Errorf("append point %v, want %v, which was given up", again, two)
	}
}

// TestNoAppendPointWhileOthersRead: what lies after a segment may belong to a state that
// another process reads.
func TestNoAppendPointWhileOthersRead(t *testing.T) {
	disk := snapshot.Snapshot{ID: 11, Append: [4]base.PageNo{geo.FirstPage(2) + 10}}
	b := open(t, found{blocks: 2, disk: disk})
	b.foreign = true
	if at := b.TakeAppendPoint(); at.Page != 0 {
		t.Errorf("append point %d with a foreign reader", at.Page)
	}
	b.foreign, b.foreignErr = false, errFail
	if at := b.TakeAppendPoint(); at.Page != 0 {
		t.Errorf("append point %d, though nobody knows whether there is a foreign reader", at.Page)
	}
	b.expectReserved()
	b.foreignErr = nil
	if at := b.TakeAppendPoint(); at.Page != disk.Append[0] {
		t.Errorf("append point %d, want %d", at.Page, disk.Append[0])
	}
}
