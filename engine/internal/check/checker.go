// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// checker is one run of the check.
type checker struct {
	ctx context.Context
	in  Input
	// send passes a problem on; it returns false if no more are wanted.
	send func(Problem) bool
	done bool // no more problems are wanted

	State
	geo  format.Geometry
	segs []*checkedSegment           // in the order in which C lsm1 lists them
	uses map[base.BlockNo][]blockUse // what of each block the segments use
	bad  map[base.PageNo]struct{}    // pages already reported as unreadable
}

// checkedSegment is a segment with its place in the levels.
type checkedSegment struct {
	segment.Segment
	index int // in checker.segs
	level int
	name  string
	lv    *snapshot.Level
	// input is the number of the input of a half-done merge that this is, or -1. The
	// front of an input may have been given up as far as it was merged.
	input int
	chain []blockUse // the blocks that the segment's pages lie in, in order
	whole bool       // the links lead from the first page to the last
}

// blockUse is a run of pages of one segment within one block.
type blockUse struct {
	seg      *checkedSegment
	from, to base.PageNo
}

func newChecker(ctx context.Context, in Input, send func(Problem) bool) *checker {
	return &checker{
		ctx: ctx, in: in, send: send, geo: in.File.Geometry(),
		uses: make(map[base.BlockNo][]blockUse), bad: make(map[base.PageNo]struct{}),
	}
}

// take makes s the state to be checked, and lists its segments.
func (c *checker) take(s State) {
	c.State = s
	for i, l := range s.Disk.Levels {
		for j, seg := range l.Segments() {
			s := &checkedSegment{Segment: *seg, index: len(c.segs), level: i, lv: l, input: -1}
			switch {
			case l.Merging == nil:
				s.name = fmt.Sprintf("level %d", i)
			case j == 0:
				s.name = fmt.Sprintf("level %d, merge output", i)
			default:
				s.input = j - 1
				s.name = fmt.Sprintf("level %d, merge input %d", i, j-1)
			}
			c.segs = append(c.segs, s)
		}
	}
}

// stopped reports whether there is no point in going on.
func (c *checker) stopped() bool { return c.done || c.ctx.Err() != nil }

// report passes on a problem of a segment, or of the file if s is nil, at a page if p is
// not 0.
func (c *checker) report(s *checkedSegment, p base.PageNo, detail string, args ...any) {
	problem := Problem{File: c.in.Path, Page: int64(p), Offset: -1, Detail: fmt.Sprintf(detail, args...)}
	if p > 0 {
		problem.Offset = c.geo.Offset(p)
	}
	if s != nil {
		problem.Segment = s.name
	}
	if c.stopped() {
		return
	}
	if c.in.Gone != nil {
		if err := c.in.Gone(); err != nil { // so this is no problem of the database
			problem = Problem{File: c.in.Path, Offset: -1, Detail: fmt.Sprintf("the check has ended early: %v", err)}
			c.done = true
		}
	}
	if !c.send(problem) {
		c.done = true
	}
}

// fail reports that a page cannot be read or understood, once for each page.
func (c *checker) fail(s *checkedSegment, p base.PageNo, err error) {
	var ce *errs.CorruptionError
	detail := err.Error()
	if errors.As(err, &ce) {
		if ce.Page != 0 {
			p = base.PageNo(ce.Page)
		}
		detail = ce.Detail
	}
	if p != 0 {
		if _, known := c.bad[p]; known {
			return
		}
		c.bad[p] = struct{}{}
	}
	c.report(s, p, "%s", detail)
}

// fresh returns the page with the given number as it is in the file.
func (c *checker) fresh(s *checkedSegment, p base.PageNo) (format.Page, error) {
	raw, err := s.Space.RawPage(p)
	if err != nil {
		return nil, err
	}
	return s.Space.Verify(p, raw)
}

// reader returns a reader of the segment's pages from front to back.
func (c *checker) reader(s *checkedSegment) blockfile.Sequential {
	return blockfile.NewFresh(s.Space, s.Last)
}

// clipKey shortens a key for a message.
func clipKey(key []byte) []byte { return key[:min(len(key), 40)] }
