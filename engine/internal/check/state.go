// SPDX-License-Identifier: Apache-2.0

package check

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
)

// order checks what the snapshot says about its levels, apart from any page.
func (c *checker) order() {
	for i, l := range c.Disk.Levels {
		if i > 0 && l.Age < c.Disk.Levels[i-1].Age {
			c.report(nil, 0, "level %d has age %d, the newer level %d has age %d: ages never decrease towards older levels",
				i, l.Age, i-1, c.Disk.Levels[i-1].Age)
		}
	}
	to := make(map[base.BlockNo]bool)
	from := make(map[base.BlockNo]bool)
	for _, r := range c.Disk.Redirects {
		from[r.From] = true
	}
	for _, r := range c.Disk.Redirects {
		if to[r.To] || from[r.To] {
			c.report(nil, 0, "block %d is redirected to block %d, which is the target or the source of another redirect",
				r.From, r.To)
		}
		to[r.To] = true
	}
}

// records checks that the free-list entries stored in the segments, with those that are
// not stored yet, make up the free list.
func (c *checker) records() {
	if c.stopped() {
		return
	}
	recorded, err := cursor.RecordedFree(c.Disk)
	if err != nil {
		c.fail(nil, 0, err)
		return
	}
	list, err := freelist.New(c.Blocks, recorded, c.Delta)
	if err != nil {
		c.fail(nil, 0, err)
		return
	}
	if got := list.Entries(); !slices.Equal(got, c.Free) {
		c.report(nil, 0, "the free list has %d blocks, but its records and changes make up %d: %v and %v",
			len(c.Free), len(got), clipEntries(c.Free), clipEntries(got))
	}
}

func clipEntries(e []format.FreeEntry) []format.FreeEntry { return e[:min(len(e), 20)] }

// trees checks the trees in memory.
func (c *checker) trees() {
	if c.stopped() {
		return
	}
	if err := c.Live.Check(); err != nil {
		c.report(nil, 0, "live tree: %v", err)
	}
	if err := c.Old.Check(); err != nil {
		c.report(nil, 0, "old tree: %v", err)
	}
}
