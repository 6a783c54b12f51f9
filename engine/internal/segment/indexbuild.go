// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// BuildFences reads the segment's b-tree and returns the fences, nil if they would be of no
// use. Those of an input of a half-done merge begin with the leaf page of the least key for which
// it is searched. pause is called before each page is read, and may end the work with an error.
func (s *Segment) BuildFences(pause func() error) (*fence.Fences, error) {
	if s.Root == 0 || !s.indexable() {
		return nil, nil
	}
	b := fenceBuilder{seg: s, pause: pause}
	b.way.Init(s)
	defer b.way.Release()
	b.left = 2*s.Space.MaxContent()/int64(s.Space.Geometry().PageSize) + maxDepth
	var err error
	if b.height, err = b.findHeight(); err == nil {
		err = b.walk(s.Root, b.height, true)
	}
	if err != nil {
		return nil, err
	}
	return b.out.Fences(), nil
}

// indexable reports whether fences and a filter of the segment can be made: not where C lsm1 has
// left a merge half done.
func (s *Segment) indexable() bool { return s.rest == nil || s.from != nil }

// fenceBuilder walks over a b-tree. It reads the b-tree's pages and, for keys that are
// referred to, their leaf pages.
type fenceBuilder struct {
	seg    *Segment
	way    Iter // for the way to the first leaf page
	out    fence.Builder
	pause  func() error
	height int
	left   int64  // pages that may still be read, to notice circles
	key    []byte // that separates the next leaf page from the one before
	any    bool   // a leaf page was added
	system bool   // a separator is a system key: no user key comes after it
}

func (b *fenceBuilder) page(p base.PageNo) (format.Page, error) {
	if err := b.pause(); err != nil {
		return nil, err
	}
	if b.left--; b.left < 0 {
		return nil, b.seg.corrupt(p, "the pages of the segment's b-tree run in a circle")
	}
	b.seg.Space.CountLookups(0, 1)
	return b.seg.Space.Page(p)
}

// findHeight returns the number of b-tree pages on the way down to the first leaf page.
func (b *fenceBuilder) findHeight() (int, error) {
	p := b.seg.Root
	for height := range maxDepth {
		page, err := b.page(p)
		if err != nil {
			return 0, err
		}
		if !page.IsBTree() {
			return height, nil
		}
		i, err := b.front(p, page)
		if err != nil {
			return 0, err
		}
		p = b.seg.child(page, i)
	}
	return 0, b.seg.corrupt(p, "the b-tree is deeper than %d", maxDepth)
}

// front returns the first child to follow of a page on the left edge: what comes before it may be
// gone.
func (b *fenceBuilder) front(p base.PageNo, page format.Page) (int, error) {
	if b.seg.from == nil {
		return 0, nil
	}
	i := b.way.childOf(pageOf, p, page, 0, b.seg.from)
	return i, b.way.err
}

// walk adds the leaf pages below page p, which is height pages above them. edge says that p is on
// the left edge.
func (b *fenceBuilder) walk(p base.PageNo, height int, edge bool) error {
	if height == 0 {
		b.addLeaf(p)
		return nil
	}
	page, err := b.page(p)
	if err != nil {
		return err
	}
	if !page.IsBTree() {
		b.addLeaf(p) // a search would end here, too
		return nil
	}
	n, first := page.NumCells(), 0
	if edge {
		if first, err = b.front(p, page); err != nil {
			return err
		}
	}
	for i := first; i <= n && !b.system; i++ {
		if err := b.walk(b.seg.child(page, i), height-1, edge && i == first); err != nil {
			return err
		}
		if i == n {
			break
		}
		if err := b.separator(page.BTreeCell(i)); err != nil {
			return err
		}
	}
	return nil
}

// separator takes the key of a cell, which lies between two leaf pages.
func (b *fenceBuilder) separator(c format.BTreeCell) (err error) {
	kind := c.Kind
	if b.key = append(b.key[:0], c.Key...); c.Ref != 0 {
		if err = b.pause(); err != nil {
			return err
		}
		kind, b.key, err = b.seg.LeafKey(b.seg.Space.Map(c.Ref), 0)
	}
	b.system = kind&base.System != 0
	return err
}

func (b *fenceBuilder) addLeaf(p base.PageNo) {
	if !b.any {
		b.any = true
		b.out.First(p)
		return
	}
	b.out.Add(b.key, p)
}
