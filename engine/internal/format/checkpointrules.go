// SPDX-License-Identifier: Apache-2.0

package format

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// validate checks what the words mean, as far as that is possible without the file.
func (c *Checkpoint) validate() error {
	if c.ID < base.EmptySnapshotID {
		return errs.Corruptf("snapshot id %d is below %d", c.ID, base.EmptySnapshotID)
	}
	g, err := c.Geometry()
	if err != nil {
		return err
	}
	if len(c.Levels) > 0 && c.Blocks == 0 {
		return errs.Corruptf("there are %d levels but no blocks", len(c.Levels))
	}
	v := checkpointRules{c: c, g: g}
	for i := range c.Levels {
		if err := v.level(i); err != nil {
			return err
		}
	}
	for i, p := range c.Append {
		if p != 0 && !v.pageOK(p) {
			return errs.Corruptf("append point %d (page %d) lies outside the file's %d blocks", i, p, c.Blocks)
		}
	}
	if len(c.Redirects) > MaxRedirects {
		return errs.Corruptf("%d redirects; the limit is %d", len(c.Redirects), MaxRedirects)
	}
	for i, r := range c.Redirects {
		if r.To <= 1 || r.To >= r.From || uint32(r.From) > c.Blocks || i > 0 && r.From <= c.Redirects[i-1].From {
			return errs.Corruptf("redirect %d (block %d to %d) is out of order or range", i, r.From, r.To)
		}
	}
	for i, f := range c.Free {
		if f.Block < 1 || uint32(f.Block) > c.Blocks || i > 0 && f.Block <= c.Free[i-1].Block || f.ID < NotFree {
			return errs.Corruptf("free-list entry %d (block %d, id %d) is out of order or range", i, f.Block, f.ID)
		}
	}
	return nil
}

type checkpointRules struct {
	c *Checkpoint
	g Geometry
}

// pageOK reports whether p can be a page of the file.
func (v *checkpointRules) pageOK(p base.PageNo) bool {
	b := v.g.Block(p)
	return p >= v.g.FirstPage(1) && p <= v.g.MaxPage(v.c.Blocks) && p >= v.g.FirstPage(b) && p <= v.g.LastPage(b)
}

func (v *checkpointRules) segment(where string, i int, s Segment) error {
	if !v.pageOK(s.First) || !v.pageOK(s.Last) || s.Root != 0 && !v.pageOK(s.Root) {
		return errs.Corruptf("level %d, %s: segment from %d to %d with root %d lies outside the file's %d blocks",
			i, where, s.First, s.Last, s.Root, v.c.Blocks)
	}
	return nil
}

func (v *checkpointRules) level(i int) error {
	l := &v.c.Levels[i]
	if err := v.segment("output", i, l.LHS); err != nil {
		return err
	}
	for _, s := range l.RHS {
		if err := v.segment("input", i, s); err != nil {
			return err
		}
	}
	if len(l.RHS) == 0 {
		return nil
	}
	if l.Merge.BTree && i+1 == len(v.c.Levels) {
		return errs.Corruptf("level %d merges with the b-tree of an older level, but it is the oldest", i)
	}
	for j, in := range l.Merge.Inputs {
		if in.Page != 0 && !v.pageOK(in.Page) {
			return errs.Corruptf("level %d, merge input %d: page %d lies outside the file's %d blocks", i, j, in.Page, v.c.Blocks)
		}
	}
	if l.Merge.SplitPage != 0 && !v.pageOK(l.Merge.SplitPage) {
		return errs.Corruptf("level %d: split key on page %d, outside the file's %d blocks", i, l.Merge.SplitPage, v.c.Blocks)
	}
	return nil
}
