// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// packedRun is the Sequential of a compressed file.
type packedRun struct {
	stream stream
	fresh  bool // past the cache

	// The newest page that Page has returned: a record that goes on over the end of a page has
	// the page after it read twice.
	newest   format.Page
	newestNo base.PageNo
}

// Page takes a page from the cache if it is there. A cached page is not decompressed again; that
// it is used here does not make it worth keeping.
func (q *packedRun) Page(p base.PageNo) (format.Page, error) {
	if p == q.newestNo && q.newest != nil {
		return q.newest, nil
	}
	page, err := q.page(p)
	q.newest, q.newestNo = page, p
	return page, err
}

// Stand is Page: each page has memory of its own.
func (q *packedRun) Stand(p base.PageNo) (format.Page, error) { return q.Page(p) }

// Ahead does nothing: pages of few bytes are read together.
func (q *packedRun) Ahead(base.PageNo, int) bool { return false }

// page is Page without a look at the newest one.
func (q *packedRun) page(p base.PageNo) (format.Page, error) {
	if !q.fresh && p > 0 {
		if fr := q.stream.s.cache.hold(p); fr != nil {
			return fr.own(), nil
		}
	}
	raw, _, err := q.stream.image(p)
	if err != nil {
		return nil, err
	}
	q.stream.s.stats.runPages.Add(1)
	return q.stream.s.Verify(p, raw)
}

func (q *packedRun) Raw(p base.PageNo) ([]byte, error) {
	raw, _, err := q.stream.image(p)
	return raw, err
}

func (q *packedRun) NextPage(p base.PageNo) (base.PageNo, error) { return q.stream.nextPage(p) }

// Layout walks over the records from the one at first to the one whose last byte is at last,
// padding included. Nothing is decompressed.
func (q *packedRun) Layout(first, last base.PageNo) (lastPage base.PageNo, err error) {
	t, s := &q.stream, q.stream.s
	geo := &s.geo
	p := first
	for blocks := uint32(1); ; {
		h, err := t.head(p)
		if err != nil {
			return 0, err
		}
		if h.Pad && h.Len > geo.BlockSize || !h.Pad && h.Body > t.layout.maxImage {
			return 0, s.corrupt(p, errs.Corruptf("a record of %d bytes is longer than any may be", h.Len))
		}
		b, end, err := t.bytes(p, h.Len)
		if err != nil {
			return 0, err
		}
		if tail, ok := format.DecodeRecordTail(b); !ok || tail != h {
			return 0, s.corrupt(p, errs.Corruptf("the two ends of the record do not match"))
		}
		if !h.Pad {
			lastPage = p
		}
		switch {
		case end-1 == last:
			return lastPage, nil
		case geo.Block(end-1) == geo.Block(last) && end-1 > last && p <= last:
			return 0, s.corrupt(p, errs.Corruptf("the record reaches to offset %d, but its segment ends at %d", end-1, last))
		}
		next, err := t.settle(end)
		if err != nil {
			return 0, err
		}
		if geo.Block(next) != geo.Block(p) || next <= p {
			if blocks++; blocks > s.Blocks() {
				return 0, s.corrupt(p, errs.Corruptf("the segment's block links run in a circle"))
			}
		}
		p = next
	}
}
