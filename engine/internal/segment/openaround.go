// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// OpenAround is Open for a segment that is to be read around what is damaged in it, by an Around: its first page,
// its last one or the root may be. An Iter comes to an error there. Nothing of the segment is kept in memory to search
// it with. It fails if the segment's end cannot be known.
//
// The seal of an input or the output of a half-done merge may not be in the checkpoint. If the first page and the last
// do not have the same one, it is taken from most of a few pages. But a whole block in the place of another one agrees
// with itself, too, so each move of an Around says then that nothing is certain about any key.
func OpenAround(space *blockfile.Space, s format.Segment, what What) (*Segment, error) {
	around, sure := spaceAround(space, s, what)
	err := error(errs.Corruptf("the pages at the ends of the segment do not agree about their sums").AtPage(int64(s.First)))
	if sure { // else Open would take damaged pages for good ones, and the cache keep them
		var seg *Segment
		if seg, err = Open(space, s, what); err == nil {
			return seg, nil
		}
	}
	seg := &Segment{Segment: s, Index: new(Index)}
	seg.Index.GiveUp(Fences)
	seg.Index.GiveUp(Filter)
	if what.Input {
		seg.setGobbled()
	}
	seg.Space = around
	seg.MayLink = !seg.Space.Sealed
	var lastErr error
	if seg.LastPage, lastErr = seg.Space.LastPage(s.Last); lastErr != nil {
		if !seg.Space.Sealed {
			return nil, err // it could go on in another segment
		}
		seg.LastPage = noPage
	}
	if what.Seal == 0 && (what.Input || what.Output) && !seg.agree(s.First, seg.LastPage) {
		seg.doubt = err
	}
	if s.Root == 0 {
		seg.RootDropped = seg.mayHaveRoot()
		if seg.RootDropped {
			seg.Root = seg.LastPage
		}
	}
	seg.findUnfit()
	return seg, nil
}

// agree reports whether the pages fit the seal, or have no sums and need none. It does not read through the cache,
// which would keep them as verified.
func (s *Segment) agree(pages ...base.PageNo) bool {
	for _, p := range pages {
		if p == noPage {
			return false
		}
		raw, err := s.Space.RawPage(p)
		if err == nil {
			_, err = s.Space.Verify(p, raw)
		}
		if err != nil {
			return false
		}
	}
	return true
}

// findUnfit looks at the first page and at the root.
func (s *Segment) findUnfit() {
	if first, err := s.Space.Hold(s.First); err == nil {
		if s.rest == nil && !beginsSegment(first.Page()) {
			s.unfit = append(s.unfit, s.First)
		}
		first.Release()
	}
	if s.Root == 0 {
		return
	}
	if root, err := s.Space.Hold(s.Root); err == nil {
		if !root.Page().IsBTree() || root.Page().NumCells() == 0 {
			s.unfit = append(s.unfit, s.Root)
		}
		root.Release()
	}
}

// beginsSegment reports whether a page can be the first one of a segment.
func beginsSegment(first format.Page) bool {
	return !first.IsBTree() && first.NumCells() > 0 && first.CellOffset(0) == 0
}

// mayHaveRoot reports whether the last page of a segment is the root of a b-tree, or cannot be read. A search that
// comes to it then fails.
func (s *Segment) mayHaveRoot() bool {
	if s.LastPage == noPage {
		return true
	}
	last, err := s.Space.Hold(s.LastPage)
	if err != nil {
		return true
	}
	defer last.Release()
	return last.Page().IsBTree() && last.Page().NumCells() > 0
}

// spaceAround is identify for a segment of which a page at an end may be damaged: it takes the page sums that most of a
// few pages have. It reports whether identify does the same.
func spaceAround(space *blockfile.Space, s format.Segment, what What) (best *blockfile.Space, sure bool) {
	var seg Segment
	seg.Segment = s
	identified := seg.identify(space, what) == nil
	if what.Seal != 0 {
		return seg.Space, true
	}
	pages := somePages(space, s)
	most := 0
	consider := func(sp *blockfile.Space) {
		n := 0
		for _, p := range pages {
			if (&Segment{Space: sp}).agree(p) {
				n++
			}
		}
		if best == nil || n > most {
			best, most = sp, n
		}
	}
	if identified && (seg.Space.Seal == 0 || len(pages) > 1) {
		consider(seg.Space)
	}
	consider(space.SealedAs(true, 0))
	if what.Input || what.Output { // the seal is not in the checkpoint
		for _, p := range pages {
			if e, err := readEnd(space, p); err == nil && e.stored != 0 && !e.old {
				consider(space.SealedAs(true, e.seal))
			}
		}
	}
	consider(space.SealedAs(false, 0))
	if most == 0 {
		best = space.SealedAs(false, 0)
	}
	return best, identified && best.Sealed == seg.Space.Sealed && best.Seal == seg.Space.Seal && best.Partly == seg.Space.Partly
}

// somePages returns a few pages at the ends of a segment.
func somePages(space *blockfile.Space, s format.Segment) []base.PageNo {
	last, lastErr := space.LastPage(s.Last)
	pages := []base.PageNo{s.First}
	for p := s.First; len(pages) < 4 && p != last; {
		next, err := space.NextPage(p)
		if err != nil {
			break
		}
		pages = append(pages, next)
		p = next
	}
	for _, p := range []base.PageNo{last, s.Root} {
		if (p != last || lastErr == nil) && p != 0 && !slices.Contains(pages, p) {
			pages = append(pages, p)
		}
	}
	return pages
}
