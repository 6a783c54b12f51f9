// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

var errFail = errors.New("failed on purpose")

// geo is the geometry of all files here: 64 pages to a block.
var geo = func() format.Geometry {
	g, err := format.NewGeometry(1024, 64<<10)
	if err != nil {
		panic(err)
	}
	return g
}()

// found is what the ledger of a test begins with.
type found struct {
	blocks uint32
	free   []format.FreeEntry
	stored ledger.Stored
	disk   snapshot.Snapshot
}

// books is a ledger over a file whose segments are names of blocks only.
type books struct {
	*ledger.Ledger
	t          testing.TB
	fs         vfs.File
	file       *blockfile.File
	foreign    bool
	foreignErr error
	asked      func() // whether there is a foreign reader; may be nil
}

func open(t testing.TB, in found) *books {
	t.Helper()
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	free, err := freelist.New(in.blocks, map[base.BlockNo]base.SnapshotID{}, in.free)
	if err != nil {
		t.Fatal(err)
	}
	b := &books{t: t, fs: f, file: blockfile.New(f, "/test.db", geo, nil, 1<<20)}
	b.file.SetBlocks(in.blocks)
	b.Ledger = ledger.New(b.file, free, in.stored, func() (bool, error) {
		if asked := b.asked; asked != nil {
			b.asked = nil
			asked()
		}
		return b.foreign, b.foreignErr
	})
	if in.disk.ID == 0 {
		in.disk = *snapshot.Empty()
	}
	b.First(&in.disk, memtree.New())
	return b
}

// entry is a free block that the snapshot of the given number was the last to use.
func entry(b base.BlockNo, id base.SnapshotID) format.FreeEntry {
	return format.FreeEntry{Block: b, ID: id}
}

// levelIn makes a level that fills some blocks.
func levelIn(blocks ...base.BlockNo) *snapshot.Level {
	return levelAt(geo.FirstPage(blocks[0]), geo.LastPage(blocks[len(blocks)-1]), blocks...)
}

// levelAt makes a level from one page to another, in the given blocks.
func levelAt(first, last base.PageNo, blocks ...base.BlockNo) *snapshot.Level {
	return &snapshot.Level{Seg: &segment.Segment{
		Segment: format.Segment{First: first, Last: last, Root: last},
		Space:   &blockfile.Space{}, LastPage: last, Owned: blocks,
	}}
}

// allocate takes a block that may be any.
func (b *books) allocate() base.BlockNo {
	b.t.Helper()
	n, err := ledger.Allocator{Ledger: b.Ledger}.Allocate()
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// publish publishes a change that needs no wider one.
func (b *books) publish(c *ledger.Change) {
	b.t.Helper()
	if did, err := b.Publish(c); did != ledger.Published || err != nil {
		b.t.Fatalf("published: %d, %v", did, err)
	}
}

// flush publishes a new level on top, in one block.
func (b *books) flush() *snapshot.Level {
	b.t.Helper()
	n := b.allocate()
	l := levelIn(n)
	b.publish(&ledger.Change{Output: l, Blocks: []base.BlockNo{n}})
	return l
}

// store makes a checkpoint that succeeds.
func (b *books) store() ledger.Export {
	b.t.Helper()
	e := b.Next()
	if e.Checkpoint == nil {
		b.t.Fatal("nothing is to be stored")
	}
	if _, err := b.Done(e, refOf(e)); err != nil {
		b.t.Fatal(err)
	}
	return e
}

// refOf names the checkpoint as if it had been encoded.
func refOf(e ledger.Export) format.CheckpointRef {
	return format.CheckpointRef{ID: e.Checkpoint.ID, Sum: [2]uint32{uint32(e.Checkpoint.ID), 7}}
}

// expectFree compares the free blocks.
func (b *books) expectFree(want ...format.FreeEntry) {
	b.t.Helper()
	if got := b.Account().Free; !slices.Equal(got, want) {
		b.t.Errorf("free are %v, want %v", got, want)
	}
}

// expectReserved compares the blocks of segments that are being written.
func (b *books) expectReserved(want ...base.BlockNo) {
	b.t.Helper()
	if got := b.Account().Reserved; !slices.Equal(got, want) {
		b.t.Errorf("reserved are %v, want %v", got, want)
	}
}

// expectLevels compares the levels of the newest state.
func (b *books) expectLevels(id base.SnapshotID, want ...*snapshot.Level) {
	b.t.Helper()
	disk := b.Newest().Disk
	if disk.ID != id || !slices.Equal(disk.Levels, want) {
		b.t.Errorf("state %d has levels %v, want %d and %v", disk.ID, firsts(disk.Levels), id, firsts(want))
	}
}

// firsts names levels by their first pages.
func firsts(levels []*snapshot.Level) (pages []base.PageNo) {
	for _, l := range levels {
		pages = append(pages, l.Seg.First)
	}
	return pages
}
