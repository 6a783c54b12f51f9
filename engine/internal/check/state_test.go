// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"context"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/check"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestFindsWrongCheckpoints opens the sample with checkpoints that are well-formed
// but do not describe the file. It is refused, or Check names the fault.
func TestFindsWrongCheckpoints(t *testing.T) {
	s := newSample(t)
	geo := s.geo
	segs := s.segments()
	oldest := segs[len(segs)-1]
	isFree := make(map[base.BlockNo]bool)
	for _, e := range s.free.Entries() {
		isFree[e.Block] = true
	}
	used := geo.Block(oldest.pages[0])
	if len(isFree) < 2 || len(segs) < 3 || isFree[used] {
		t.Fatalf("the sample has %d free blocks and %d segments", len(isFree), len(segs))
	}
	setFree := func(c *format.Checkpoint, e format.FreeEntry) {
		c.Free = slices.DeleteFunc(c.Free, func(o format.FreeEntry) bool { return o.Block == e.Block })
		c.Free = append(c.Free, e)
		slices.SortFunc(c.Free, func(a, b format.FreeEntry) int { return int(a.Block) - int(b.Block) })
	}
	var free base.BlockNo
	for free = range isFree {
		break
	}
	for _, test := range []struct {
		name, text string
		change     func(c *format.Checkpoint)
	}{
		{"unchanged", "", func(*format.Checkpoint) {}},
		{"used block in the free list",
			"and it is free", func(c *format.Checkpoint) { setFree(c, format.FreeEntry{Block: used, ID: 11}) }},
		{"free block not in the free list", "neither used nor free",
			func(c *format.Checkpoint) { setFree(c, format.FreeEntry{Block: free, ID: format.NotFree}) }},
		{"more blocks than there are", "neither used nor free", func(c *format.Checkpoint) { c.Blocks += 1000_000 }},
		{"free block from the future",
			"the newest is", func(c *format.Checkpoint) { setFree(c, format.FreeEntry{Block: free, ID: c.ID + 1}) }},
		{"level lost", "neither used nor free", func(c *format.Checkpoint) { c.Levels = c.Levels[:len(c.Levels)-1] }},
		{"level twice",
			"to another one", func(c *format.Checkpoint) { c.Levels = append(c.Levels, c.Levels[len(c.Levels)-1]) }},
		{"ages decrease", "ages never decrease", func(c *format.Checkpoint) { c.Levels[0].Age = 50 }},
		{"user keys in a free-list level",
			"user key", func(c *format.Checkpoint) { c.Levels[1].Flags = format.LevelFreelistOnly }},
		{"root lost", "no b-tree", func(c *format.Checkpoint) {
			l := &c.Levels[len(c.Levels)-1]
			l.LHS.Root, l.LHS.Last = 0, l.LHS.First+4
		}},
		{"root of another segment",
			"root", func(c *format.Checkpoint) { c.Levels[len(c.Levels)-1].LHS.Root = c.Levels[1].LHS.Root }},
		{"leaf page as root",
			"is a leaf page", func(c *format.Checkpoint) { l := &c.Levels[len(c.Levels)-1].LHS; l.Root = l.First }},
		{"segment begins late",
			"not one of the segment's", func(c *format.Checkpoint) { c.Levels[len(c.Levels)-1].LHS.First += 2 }},
		{"segment ends late", "", func(c *format.Checkpoint) { c.Levels[0].LHS.Last++ }},
		{"segment ends before it begins",
			"", func(c *format.Checkpoint) { l := &c.Levels[1].LHS; l.First, l.Last = l.Last, l.First }},
		{"redirect that is none",
			"", func(c *format.Checkpoint) { c.Redirects = []format.Redirect{{From: used, To: used - 1}} }},
		{"redirects in a chain", "another redirect", func(c *format.Checkpoint) {
			c.Redirects = []format.Redirect{{From: 3, To: 2}, {From: 4, To: 3}}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			other, err := s.restore(t, test.change)
			if err != nil {
				t.Logf("refused: %v", err)
				return
			}
			if test.name == "unchanged" {
				other.expectSound()
				return
			}
			other.expect(test.name, 0, test.text)
		})
	}
}

// TestFindsWrongState changes what the engine holds in memory.
func TestFindsWrongState(t *testing.T) {
	s := newSample(t)
	old := *s.disk
	try := func(what, text string, change func(disk *snapshot.Snapshot)) {
		t.Helper()
		disk := old
		disk.Levels = slices.Clone(disk.Levels)
		change(&disk)
		s.disk = &disk
		s.expect(what, 0, text)
		s.disk = &old
	}
	seg := old.Levels[len(old.Levels)-1].Seg
	geo := s.geo
	try("append point within a segment", "within the segment", func(d *snapshot.Snapshot) { d.Append[0] = seg.First + 1 })
	try("append point outside the file",
		"outside", func(d *snapshot.Snapshot) { d.Append[3] = geo.MaxPage(s.free.Blocks()) + 1 })
	try("append point in a free block", "which no segment uses", func(d *snapshot.Snapshot) {
		d.Append[1] = geo.FirstPage(s.free.Entries()[0].Block) + 5
	})
	try("append point twice", "twice", func(d *snapshot.Snapshot) { d.Append[1], d.Append[2] = seg.Last+1, seg.Last+1 })
	try("other levels than stored", "in memory", func(d *snapshot.Snapshot) { d.Levels = d.Levels[1:] })
	try("level changed since it was stored", "in memory", func(d *snapshot.Snapshot) {
		l := *d.Levels[0]
		l.Age = 9
		d.Levels[0] = &l
	})
	try("checkpoint from the future", "the newest checkpoint has id", func(d *snapshot.Snapshot) { d.ID-- })
	s.expectSound()

	s.free.Reserve(geo.Block(seg.First))
	s.expect("write to a used block", 0, "being written to")
	s.free.Release([]base.BlockNo{geo.Block(seg.First)})
	s.expectSound()
	e := s.free.Entries()[0].Block
	s.free.Recorded([]format.FreeEntry{{Block: e, ID: 1}})
	s.free.Publish(nil, []base.BlockNo{e}, 1)
	s.expect("record of a free-list entry that is none", 0, "free list")
}

// TestFirst stops at the first problem, and looks at neither the meta pages nor the log.
func TestFirst(t *testing.T) {
	s := newSample(t)
	for i := 1; i <= 2; i++ {
		s.writeMeta(i, make([]byte, format.MetaSize))
	}
	if p, found := check.First(context.Background(), path, s.bf, s.state()); found {
		t.Errorf("sound levels: %v", p)
	}
	p := s.segments()[0].pages[0]
	raw := s.page(p)
	raw[100] ^= 1
	s.write(p, raw)
	got, found := check.First(context.Background(), path, s.bf, s.state())
	if !found || got.Page != int64(p) || got.File != path {
		t.Errorf("page %d is damaged: %v, %v", p, got, found)
	}
}
