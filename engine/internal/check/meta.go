// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
)

// metaPages checks the two meta pages and returns the checkpoint that a crash would be
// recovered from, nil if there is none.
//
// The page that is known to be durable must be sound. The other one holds the same
// checkpoint, unless the last one could not be stored on both: then it may hold another one
// or be damaged, and the next checkpoint replaces it. Of a handle that only reads, and of a
// database without any checkpoint but the empty one, it may also be all zeros.
func (c *checker) metaPages() (found *format.Checkpoint) {
	c.in.Meta(c.ctx, func(m Meta) {
		for i := 1; i <= 2; i++ {
			ck, problem := c.metaPage(i, m)
			if problem != "" {
				c.report(nil, 0, "meta page %d%s", i, problem)
			} else if i == m.Newest {
				found = ck
			}
		}
	})
	return found
}

// metaPage reads a meta page and says what is wrong with it, if anything is.
func (c *checker) metaPage(i int, m Meta) (ck *format.Checkpoint, problem string) {
	meta, err := c.in.File.ReadMeta(i)
	if err != nil {
		return nil, fmt.Sprintf(": %v", err)
	}
	ck, err = c.in.Decode(meta)
	switch {
	case i != m.Newest && !m.Pair:
	case i == m.Newest && err != nil:
		return nil, fmt.Sprintf(", which holds the newest checkpoint: %v", err)
	case err != nil:
		return nil, fmt.Sprintf(", which holds the newest checkpoint as well: %v", err)
	case m.Pair && ck.ID != m.Synced:
		return nil, fmt.Sprintf(" holds checkpoint %d in place of %d", ck.ID, m.Synced)
	}
	return ck, ""
}

// stored compares the newest checkpoint with the snapshot in memory, if they are of the
// same state.
func (c *checker) stored(ck *format.Checkpoint) {
	if ck == nil {
		return
	}
	if ck.ID > c.Disk.ID || ck.Blocks > c.Blocks {
		c.report(nil, 0, "the newest checkpoint has id %d and %d blocks; in memory it is %d and %d",
			ck.ID, ck.Blocks, c.Disk.ID, c.Blocks)
	}
	if ck.ID != c.Disk.ID {
		return
	}
	now := c.Disk.Export()
	dropped := make(map[format.Segment]bool)
	for _, s := range c.segs {
		if s.RootDropped {
			dropped[s.Segment.Segment] = true
		}
	}
	if len(now.Levels) != len(ck.Levels) {
		c.report(nil, 0, "checkpoint %d has %d levels; in memory there are %d", ck.ID, len(ck.Levels), len(now.Levels))
		return
	}
	for i := range ck.Levels {
		if !sameLevel(&ck.Levels[i], &now.Levels[i], dropped) {
			c.report(nil, 0, "level %d of checkpoint %d is %+v; in memory it is %+v", i, ck.ID, ck.Levels[i], now.Levels[i])
		}
	}
	if !slices.Equal(ck.Redirects, now.Redirects) {
		c.report(nil, 0, "the redirects of checkpoint %d are %v; in memory they are %v", ck.ID, ck.Redirects, now.Redirects)
	}
	for _, p := range now.Append {
		// Append points that are not safe to use are dropped when a file is opened.
		if p != 0 && !slices.Contains(ck.Append[:], p) {
			c.report(nil, p, "append point %d is not one of checkpoint %d", p, ck.ID)
		}
	}
	c.storedFree(ck)
}

// sameLevel compares a stored level with one in memory, where a segment whose root C
// lsm1 has dropped has it back.
func sameLevel(stored, now *format.Level, dropped map[format.Segment]bool) bool {
	same := func(s, n format.Segment) bool {
		if s.Root == 0 && dropped[n] {
			s.Root = n.Root
		}
		return s == n
	}
	if stored.Age != now.Age || stored.Flags&format.LevelFlags != now.Flags ||
		!same(stored.LHS, now.LHS) || !slices.EqualFunc(stored.RHS, now.RHS, same) {
		return false
	}
	s, n := &stored.Merge, &now.Merge
	return s.BTree == n.BTree && s.Skip == n.Skip && slices.Equal(s.Inputs, n.Inputs) &&
		s.SplitPage == n.SplitPage && s.SplitCell == n.SplitCell && s.CurrentPtr == n.CurrentPtr
}

// storedFree compares the free list of a checkpoint with the one in memory. Nothing was
// published since, so they differ by blocks that the file has grown by, at most.
func (c *checker) storedFree(ck *format.Checkpoint) {
	recorded, err := cursor.RecordedFree(c.Disk)
	if err != nil {
		return // records reports it
	}
	list, err := freelist.New(ck.Blocks, recorded, ck.Free)
	if err != nil {
		c.report(nil, 0, "checkpoint %d: %v", ck.ID, err)
		return
	}
	now := slices.Clone(c.Free)
	now = slices.DeleteFunc(now, func(e format.FreeEntry) bool { return e.Block > base.BlockNo(ck.Blocks) })
	if was := list.Entries(); !slices.Equal(was, now) {
		c.report(nil, 0, "the free list of checkpoint %d has %d blocks, the one in memory %d: %v and %v",
			ck.ID, len(was), len(now), clipEntries(was), clipEntries(now))
	}
}
