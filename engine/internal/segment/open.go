// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// What is what else a checkpoint says of a segment.
type What struct {
	Seal format.Seal // 0 if it names none
	// Input and Output say that it is one of a half-done merge; of an input the front may be
	// gone.
	Input, Output bool
}

// Open makes a Segment of what a checkpoint says about it. It reads the first page, the
// last and the root, and refuses a segment in which they cannot be what they must be: a page
// that was lost would make it look empty, or shorter than it is.
func Open(space *blockfile.Space, s format.Segment, what What) (*Segment, error) {
	seg := &Segment{Segment: s, Index: new(Index), alone: new(atomic.Bool)}
	if what.Input {
		seg.setGobbled()
	}
	if err := seg.identify(space, what); err != nil {
		return nil, err
	}
	seg.MayLink = !seg.Space.Sealed
	first, err := seg.Space.Hold(s.First)
	if err != nil {
		return nil, err
	}
	defer first.Release()
	if seg.LastPage, err = seg.Space.LastPage(s.Last); err != nil {
		return nil, err
	}
	last, err := seg.Space.Hold(seg.LastPage)
	if err != nil {
		return nil, seg.blame(err)
	}
	defer last.Release()
	if s.Root == 0 && last.Page().IsBTree() && last.Page().NumCells() > 0 {
		seg.Root, seg.RootDropped = seg.LastPage, true
	}
	if err := seg.ends(first.Page(), last.Page()); err != nil {
		return nil, err
	}
	return seg, nil
}

// identify finds out which page sums the segment has. An ordinary segment whose level has
// no seal has the old ones, or none, as its first page shows. The levels of the inputs of a
// half-done merge are gone, and their seals with them, and its output has none yet: there the
// first and the last page must agree. That says nothing about an input of a single page, which is
// read unverified. Where C lsm1 has gone on with a merge that lsmlite began, or ended it, only the
// front of the output has page sums.
func (s *Segment) identify(space *blockfile.Space, what What) error {
	if what.Seal != 0 {
		s.Space = space.SealedAs(true, what.Seal)
		return nil
	}
	first, err := readEnd(space, s.First)
	if err != nil {
		return err
	}
	switch {
	case what.Input:
	case !sealedFront(space, s.Segment, first):
		s.Space = space.SealedAs(false, 0)
		return nil
	case !first.old && endOfC(space, s.Segment, first.seal):
		s.Space = space.PartlySealed(first.seal)
		return nil
	case !what.Output:
		s.Space = space.SealedAs(true, 0)
		return nil
	}
	lastPage, err := space.LastPage(s.Last)
	if err != nil {
		return err
	}
	last, err := readEnd(space, lastPage)
	if err != nil {
		return err
	}
	switch {
	case first.stored == 0 && last.stored == 0:
		s.Space = space.SealedAs(false, 0)
	case first.old && last.old:
		s.Space = space.SealedAs(true, 0)
	default:
		s.Space = space.SealedAs(true, first.seal)
	}
	return nil
}

// sealedFront reports whether the first page of a segment has a page sum. With a seal, that of one
// page in 8192 is 0: the second page has the same seal then.
func sealedFront(space *blockfile.Space, s format.Segment, first end) bool {
	if first.stored != 0 || s.First == s.Last {
		return first.stored != 0
	}
	p, err := space.NextPage(s.First)
	if err != nil {
		return false // the error comes when the page is read
	}
	second, err := readEnd(space, p)
	return err == nil && second.stored != 0 && second.seal == first.seal
}

// endOfC reports whether C lsm1 has written the end of a segment whose front has a seal: whether
// the last leaf page of its b-tree has none. The b-tree's own pages say nothing: C copies them,
// with the sums that they had elsewhere.
func endOfC(space *blockfile.Space, s format.Segment, seal format.Seal) bool {
	geo := space.Geometry()
	p := s.Root
	if p == 0 { // C has dropped it, and it is the last page, or there is none
		var err error
		if p, err = space.LastPage(s.Last); err != nil {
			return false
		}
	}
	for range maxDepth {
		raw, err := space.RawPage(p)
		if err != nil {
			return false // the error comes when the page is read
		}
		page := geo.Content(p, raw)
		if !page.IsBTree() {
			// A page of zeros is none that C has written: a record begins on each that the b-tree leads to.
			return page.NumCells() > 0 && geo.StoredSum(p, raw) == 0 && format.SealOf(space.Original(p), raw) != seal
		}
		p = space.Map(page.Ptr())
	}
	return false
}

// end is what the page at one end of a segment shows of its page sums.
type end struct {
	stored uint16
	old    bool // it has the right old sum
	seal   format.Seal
}

func readEnd(space *blockfile.Space, p base.PageNo) (end, error) {
	raw, err := space.RawPage(p)
	if err != nil {
		return end{}, err
	}
	geo, number := space.Geometry(), space.Original(p)
	return end{geo.StoredSum(p, raw), geo.OldSumGood(p, number, raw), format.SealOf(number, raw)}, nil
}

// blame returns what is wrong with a segment whose last page is not like its first: err,
// unless it is the first that has lost its page sum.
func (s *Segment) blame(err error) error {
	if s.Space.Sealed {
		return err
	}
	last, readErr := readEnd(s.Space, s.LastPage)
	if readErr != nil || !last.old {
		return err
	}
	return s.corrupt(s.First, "the page has no page sum, unlike the last of its segment: it was damaged or never written")
}

// ends checks that the pages at the ends of the segment, and the root, are what they must
// be in a segment that has records.
func (s *Segment) ends(first, last format.Page) error {
	if s.rest == nil {
		switch {
		case first.IsBTree():
			return s.corrupt(s.First, "the first page of the segment belongs to its b-tree")
		case first.NumCells() == 0:
			return s.corrupt(s.First, "no record starts on the first page of the segment")
		case first.CellOffset(0) != 0:
			return s.corrupt(s.First, "the first record of the segment does not stand at the front of its first page")
		}
	}
	if s.Root == 0 {
		return nil
	}
	root := last
	if s.Root != s.LastPage {
		held, err := s.Space.Hold(s.Root)
		if err != nil {
			return err
		}
		defer held.Release()
		root = held.Page()
	}
	if !root.IsBTree() || root.NumCells() == 0 {
		return s.corrupt(s.Root, "the root of the segment's b-tree is no b-tree page with a key")
	}
	return nil
}
