// SPDX-License-Identifier: Apache-2.0

package check

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// run reads the leaf pages of a segment from front to back.
type run struct {
	c    *checker
	s    *checkedSegment
	q    blockfile.Sequential
	use  int         // index in the segment's chain
	next base.PageNo // page to be read next, 0 at the end

	no    base.PageNo
	page  format.Page
	gap   bool        // pages before this one are missing, because the chain is not whole
	cut   bool        // the run has ended early: it is not known where the next page begins
	btree []btreeSeen // b-tree pages passed
	// broken is called for a page that cannot be read; the run goes on after it. If it
	// is nil the run ends there.
	broken func(base.PageNo, error)
}

func (c *checker) newRun(s *checkedSegment) *run {
	return &run{c: c, s: s, q: c.reader(s), next: s.First}
}

// after returns the page after p in the segment and the index of its use, or 0.
func (s *checkedSegment) after(q blockfile.Sequential, use int, p base.PageNo) (int, base.PageNo, error) {
	if s.Space.Geometry().Compressed {
		return s.recordAfter(q, use, p)
	}
	use, p = s.pageAfter(use, p)
	return use, p, nil
}

// recordAfter is after for a compressed file, where the pages tell where the next ones are.
func (s *checkedSegment) recordAfter(q blockfile.Sequential, use int, p base.PageNo) (int, base.PageNo, error) {
	if p == s.LastPage {
		return use, 0, nil
	}
	next, err := q.NextPage(p)
	if err != nil {
		return use, 0, err
	}
	if u := s.chain[use]; p < next && next <= u.to {
		return use, next, nil
	}
	if use+1 < len(s.chain) {
		if u := s.chain[use+1]; u.from <= next && next <= u.to {
			return use + 1, next, nil
		}
	}
	ce := errs.Corruptf("the page after it would be page %d, which is not one of the segment's", next)
	return use, 0, ce.AtPage(int64(p))
}

// pageAfter is after for an uncompressed file.
func (s *checkedSegment) pageAfter(use int, p base.PageNo) (int, base.PageNo) {
	if p < s.chain[use].to {
		return use, p + 1
	}
	if use+1 < len(s.chain) {
		return use + 1, s.chain[use+1].from
	}
	return use, 0
}

// leaf moves to the next leaf page, whether cells start on it or not, and reports
// whether there is one.
func (r *run) leaf() bool {
	r.gap = false
	for r.next != 0 && !r.c.stopped() {
		p, err := r.next, error(nil)
		use := r.use
		var lost error
		r.use, r.next, lost = r.s.after(r.q, use, p)
		r.gap = r.gap || use > 0 && p == r.s.chain[use].from && !r.s.whole
		r.page, err = r.q.Page(p)
		if lost != nil {
			r.cut = true
			if err == nil && r.broken != nil {
				r.broken(p, lost)
			}
		}
		if err != nil {
			if r.broken == nil {
				r.next = 0
				return false
			}
			r.broken(p, err)
			continue
		}
		if r.page.IsBTree() {
			if r.btree = append(r.btree, btreeSeen{no: p}); r.page.NumCells() > 0 {
				r.btree[len(r.btree)-1].child = r.page.BTreeCell(0).Child
			}
			continue
		}
		r.no = p
		return true
	}
	return false
}

// key returns the key of a cell of the current page, or nil and false if it cannot be
// read, which is reported if it is for a page that cannot be. It stays valid.
func (r *run) key(cell format.LeafCell) ([]byte, bool) {
	if end := cell.Body + cell.KeyLen; end <= r.page.EOF() {
		return r.page[cell.Body:end:end], true
	}
	key, at, err := r.assemble(cell.Body, cell.KeyLen)
	if err != nil {
		r.c.fail(r.s, at, err)
		r.c.bad[r.no] = struct{}{} // its records cannot be read
	}
	return key, key != nil
}

// assemble collects the n bytes that start at offset off of the current page's data and go
// on on the leaf pages after it. It returns nil if the segment ends before, and an error
// and the page if one cannot be read.
func (r *run) assemble(off, n int) ([]byte, base.PageNo, error) {
	use, next, page := r.use, r.next, r.page
	buf := []byte{}
	for {
		eof := page.EOF()
		if off < eof {
			take := min(n, eof-off)
			buf = append(buf, page[off:off+take]...)
			n, off = n-take, eof
		}
		off -= eof
		if n == 0 {
			return buf, 0, nil
		}
		for {
			if next == 0 {
				return nil, 0, nil
			}
			var err error
			at := next
			if page, err = r.q.Page(at); err != nil {
				return nil, at, err
			}
			if use, next, err = r.s.after(r.q, use, at); err != nil {
				return nil, at, err
			}
			if !page.IsBTree() {
				break
			}
		}
	}
}
