// SPDX-License-Identifier: Apache-2.0

// Package segment reads and writes segments: one sorted run of records over a chain of
// pages, with the b-tree that finds a key's page embedded in the same chain.
//
// A segment is immutable once it is finished. It is found again by its first, last and
// root page, which the checkpoint records. Segments that lsmlite writes always have a
// b-tree of their own and no FC pointers; of segments that C lsm1 wrote, this package
// ignores the FC pointers, because a segment that lost its root to a newer, linked one
// still has its b-tree in its last page.
//
// A Segment may be used from any goroutine; an Iter and a Writer belong to one.
package segment

import (
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Segment is an open segment.
type Segment struct {
	// Segment is where the run lies. Root is the root to search from: also that of a
	// b-tree whose root C lsm1 has dropped from the checkpoint.
	format.Segment
	Space *blockfile.Space
	// LastPage is the segment's last page, which is Last unless the file is compressed: Last
	// is the last byte of the segment then, padding included.
	LastPage base.PageNo
	// MayLink says that the segment may carry FC pointers into the next older one, which
	// C lsm1 would follow if that one had no root. Only C writes such segments.
	MayLink bool
	// RootDropped says that the checkpoint names no root although there is a b-tree: C
	// lsm1 drops the root of a segment that a newer one links to.
	RootDropped bool
	// Owned are the blocks that the segment occupies, in order, if it was written through
	// this handle; else nil. See Blocks.
	Owned []base.BlockNo
	// Index is what is kept in memory to search the segment with less work, or nil.
	Index *Index
	// unfit are pages that can be read and cannot be what they must be; see OpenAround.
	unfit []base.PageNo
	// doubt is set if the pages do not agree about the seal and the checkpoint does not have it: nothing says which of
	// them belong to the segment; see OpenAround.
	doubt error
	// rest is set for an input of a half-done merge, whose front may be gone.
	rest *remainder
	// from is the user key from which on such an input may be searched, if lsmlite has begun
	// the merge; else nil.
	from []byte
	// alone is set once it is known that all records begin on the first page, as they must
	// where there is no b-tree; nil if that does not matter.
	alone *atomic.Bool
}

// remainder knows which blocks are left of a segment of which the front has been given up.
type remainder struct {
	once   sync.Once
	blocks map[base.BlockNo]bool
	err    error
}

// setGobbled says that the segment is an input of a half-done merge: C lsm1 has given up
// the blocks at its front that it had merged, and keys in its b-tree may refer to pages
// there. Call it before the segment is used.
func (s *Segment) setGobbled() { s.rest = &remainder{} }

// SearchedFrom says that the segment is an input of a half-done merge of lsmlite, and is searched
// for nothing less than a user key. Call it before the segment is used.
func (s *Segment) SearchedFrom(key []byte) { s.from = key }

// left reports whether a page is still one of the segment's.
func (s *Segment) left(p base.PageNo) (bool, error) {
	r := s.rest
	if r == nil {
		return true, nil
	}
	r.once.Do(func() {
		blocks, err := s.Blocks()
		r.blocks, r.err = make(map[base.BlockNo]bool, len(blocks)), err
		for _, b := range blocks {
			r.blocks[b] = true
		}
	})
	return r.blocks[s.Space.Geometry().Block(p)], r.err
}

// Blocks returns the blocks that the segment occupies, in order, by following the links
// from its first page to its last, unless they are known. The first and the last may be
// shared with others. The caller must not change the slice.
func (s *Segment) Blocks() ([]base.BlockNo, error) {
	if s.Owned != nil {
		return s.Owned, nil
	}
	geo := s.Space.Geometry()
	last := geo.Block(s.Last)
	var blocks []base.BlockNo
	for b := geo.Block(s.First); ; {
		blocks = append(blocks, b)
		if b == last {
			return blocks, nil
		}
		if int64(len(blocks)) > int64(s.Space.Blocks()) {
			return nil, &errs.CorruptionError{File: s.Space.Path(), Page: int64(s.First), Offset: -1,
				Detail: "the segment's block links run in a circle"}
		}
		next, err := s.Space.NextBlock(b)
		if err != nil {
			return nil, err
		}
		b = next
	}
}

// corrupt makes the error of a damaged page.
func (s *Segment) corrupt(p base.PageNo, format string, args ...any) error {
	ce := errs.Corruptf(format, args...).AtPage(int64(p))
	ce.File, ce.Offset = s.Space.Path(), s.Space.Geometry().Offset(p)
	return ce
}
