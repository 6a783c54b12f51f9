// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// A segment may be published while it is still being written, and be continued later, by the
// same writer or another. What is published never changes: what comes then begins on a new
// leaf page after the last page, and the right edge of the b-tree is written again. Its old
// copies stay in the segment; nothing leads to them.
//
//	leaf leaf leaf edge | leaf leaf edge | leaf …
//	          published ^                ^ published again

// Pause writes what makes a segment of the records added so far, and returns where it lies.
// Records may be added afterwards. ok is false while there is no b-tree: then the records fit
// on the first page, and it is not worth it.
func (w *Writer) Pause() (seg format.Segment, ok bool, err error) {
	if len(w.levels) == 0 {
		return seg, false, nil
	}
	if err := w.completeLeaf(); err != nil {
		return seg, false, err
	}
	child, err := w.writeEdge()
	if err != nil {
		return seg, false, err
	}
	// Another copy of the root moves the end to where the segment can be continued: not at the
	// end of a block, whose last page would have to know the next one, and not within a sector.
	for root := w.levels[len(w.levels)-1]; ; {
		if ok, err = w.app.Pause(); ok || err != nil {
			break
		}
		if w.out.Root, err = w.writeBTree(root, child); err != nil {
			break
		}
	}
	if err != nil {
		return seg, false, err
	}
	seg = w.out
	seg.Last, seg.Size = w.app.End(), w.before+w.app.Size()
	return seg, true, nil
}

// Continuable reports whether Continue can take up the segment: lsmlite wrote all of it,
// and there is room after its last page. In an encrypted file it never can: what an earlier writer has left
// after the segment's end would have the key of what comes there, and could be put in its place.
func (s *Segment) Continuable() bool {
	return s.Space.Box == nil && s.Space.Sealed && s.rest == nil && len(s.Space.Redirects) == 0 && s.Space.ContinuesAfter(s.Last) != 0
}

// Continue makes a writer that adds to a segment, which has to be Continuable. alloc has
// reserved the block of its last page.
func Continue(s *Segment, alloc blockfile.Allocator) (*Writer, error) {
	w := NewWriter(s.Space.File, alloc, s.Space.ContinuesAfter(s.Last))
	w.SetSeal(s.Space.Seal)
	w.out, w.before = s.Segment, s.Size
	w.no, w.left, w.known = s.First, s.First, true
	if err := w.takeEdge(s); err != nil {
		return nil, err
	}
	var it Iter
	it.Init(s)
	defer it.Done()
	if !it.Last() {
		if it.err != nil {
			return nil, it.err
		}
		return nil, s.corrupt(s.First, "the segment has no records")
	}
	w.prev, w.prevTop, w.records = append(w.prev, it.Key()...), it.Kind(), 1
	return w, nil
}

// takeEdge takes over the right edge of the segment's b-tree.
func (w *Writer) takeEdge(s *Segment) error {
	for p := s.Root; p != 0 && len(w.levels) < maxDepth; {
		page, err := s.Space.Page(p)
		if err != nil {
			return err
		}
		if !page.IsBTree() {
			w.no, w.left = p, p
			return nil
		}
		b := &format.BTreeBuilder{}
		b.Reset(w.geo.PageSize)
		for i := range page.NumCells() {
			if !b.Add(page.BTreeCell(i)) {
				return s.corrupt(p, "the b-tree page holds more than lsmlite writes")
			}
		}
		w.levels = append([]*format.BTreeBuilder{b}, w.levels...)
		p = page.Ptr()
	}
	if len(w.levels) == maxDepth {
		return s.corrupt(s.Root, "the b-tree is deeper than %d", maxDepth)
	}
	return nil
}

// Position returns the leaf page and the cell of the current record.
func (it *Iter) Position() (base.PageNo, int) { return it.no, it.cell }

// Shorten has the iterator go on in what From has left of its segment.
func (it *Iter) Shorten(left *Segment) { it.seg = left }

// From returns the segment without the blocks at its front that no search for the given key,
// or for a greater one, reads. What is left may be searched for nothing smaller.
func (s *Segment) From(topic base.Kind, key []byte) (*Segment, error) {
	blocks, err := s.Blocks()
	if err != nil || len(blocks) < 2 || s.Root == 0 {
		return s, err
	}
	place := make(map[base.BlockNo]int, len(blocks))
	for i, b := range blocks {
		place[b] = i
	}
	geo := s.Space.Geometry()
	read, err := s.pagesRead(topic, key)
	if err != nil {
		return nil, err
	}
	first := s.Last
	for _, p := range read {
		b, f := place[geo.Block(p)], place[geo.Block(first)]
		if b < f || b == f && p < first {
			first = p
		}
	}
	gone := place[geo.Block(first)]
	if gone == 0 {
		return s, nil
	}
	left := *s
	left.First, left.Owned = first, blocks[gone:]
	left.Size = max(s.Size-int64(gone)*geo.PagesPerBlock(), 1)
	left.setGobbled()
	if left.from = nil; topic == 0 {
		left.from = key
	}
	return &left, nil
}

// pagesRead returns the pages that a search for a key reads, those of long keys included.
// A search for a greater key reads no page before all of them: where it goes another way it
// goes further to the right.
func (s *Segment) pagesRead(topic base.Kind, key []byte) (read []base.PageNo, err error) {
	var it Iter
	it.Init(s)
	defer it.Done()
	for p := s.Root; len(read) < maxDepth*maxDepth; {
		page, err := s.Space.Page(p)
		if err != nil {
			return nil, err
		}
		if read = append(read, p); !page.IsBTree() {
			return read, nil
		}
		child := it.childOf(pageOf, p, page, topic, key)
		if it.err != nil {
			return nil, it.err
		}
		for lo, hi := 0, page.NumCells(); lo < hi; { // the way of childOf
			mid := int(uint(lo+hi-1) >> 1)
			if ref := page.BTreeCell(mid).Ref; ref != 0 {
				read = append(read, s.Space.Map(ref))
			}
			if mid >= child {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		p = s.child(page, child)
	}
	return nil, s.corrupt(s.Root, "the b-tree is deeper than %d", maxDepth)
}
