// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// LeafKey returns the key of a cell of a leaf page. The key is a copy.
func (s *Segment) LeafKey(p base.PageNo, cell int) (base.Kind, []byte, error) {
	var it Iter
	it.Init(s)
	defer it.Done()
	if !it.setPage(p) {
		return 0, nil, it.err
	}
	if it.page.IsBTree() || cell < 0 || cell >= it.cells {
		return 0, nil, it.corrupt(p, "the page has no leaf cell %d", cell)
	}
	c := it.page.LeafCell(cell)
	key, err := it.assemble(nil, p, it.page, c.Body, c.KeyLen, c.ValLen)
	return c.Kind, key, err
}

// BTreeKey returns the key of a cell of a b-tree page. The key is a copy.
func (s *Segment) BTreeKey(p base.PageNo, cell int) (base.Kind, []byte, error) {
	page, err := s.Space.Page(p)
	if err != nil {
		return 0, nil, err
	}
	if !page.IsBTree() || cell < 0 || cell >= page.NumCells() {
		ce := errs.Corruptf("the page has no b-tree cell %d", cell).AtPage(int64(p))
		ce.File = s.Space.Path()
		return 0, nil, ce
	}
	c := page.BTreeCell(cell)
	if c.Ref != 0 {
		return s.LeafKey(s.Space.Map(c.Ref), 0)
	}
	return c.Kind, append([]byte(nil), c.Key...), nil
}
