package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// readAheadBytes is how much a Sequential reads at once.
const readAheadBytes = 64 << 10

// Sequential reads the pages of one segment from front to back with few large reads. It
// bypasses the page cache on the way in, so that a merge does not push out what readers
// use. Pages that it has handed out stay valid: every read has its own buffer.
type Sequential struct {
	s     *Space
	last  base.PageNo // the segment's last page: nothing is read beyond it
	fresh bool        // past the cache on the way out, too
	buf   []byte
	start base.PageNo // number of the first page in buf

	stream *stream // in place of buf in a compressed file
}

// NewSequential makes a reader of a segment that ends on page last.
func NewSequential(s *Space, last base.PageNo) *Sequential {
	q := &Sequential{s: s, last: last}
	if s.geo.Compressed {
		q.stream = &stream{s: s, ahead: readAheadBytes, last: last}
	}
	return q
}

// NewFresh is NewSequential for a reader that wants to see what is in the file, whatever
// the cache holds.
func NewFresh(s *Space, last base.PageNo) *Sequential {
	q := NewSequential(s, last)
	q.fresh = true
	return q
}

// Page returns page p, as Space.Page does.
func (q *Sequential) Page(p base.PageNo) (format.Page, error) {
	if q.stream != nil {
		return q.record(p)
	}
	if !q.has(p) && !q.fresh && p > 0 {
		if fr := q.s.cache.get(p); fr != nil {
			return fr.page, nil
		}
	}
	raw, err := q.Raw(p)
	if err != nil {
		return nil, err
	}
	return q.s.Verify(p, raw)
}

// Raw returns the whole of page p as it is in the file, block link included, verifying
// nothing.
func (q *Sequential) Raw(p base.PageNo) ([]byte, error) {
	if q.stream != nil {
		raw, _, err := q.stream.image(p)
		return raw, err
	}
	if !q.has(p) {
		if err := q.fill(p); err != nil {
			return nil, err
		}
	}
	size := q.s.geo.PageSize
	i := int(p-q.start) * size
	return q.buf[i : i+size : i+size], nil
}

// NextPage returns the page behind p in the segment, as Space.NextPage does.
func (q *Sequential) NextPage(p base.PageNo) (base.PageNo, error) {
	if q.stream != nil {
		return q.stream.nextPage(p)
	}
	return q.s.NextPage(p)
}

// record is Page for a compressed file. A cached page need not be decompressed again; that
// it is used here does not make it worth keeping.
func (q *Sequential) record(p base.PageNo) (format.Page, error) {
	if !q.fresh && p > 0 {
		if fr := q.s.cache.peek(p); fr != nil {
			return fr.page, nil
		}
	}
	raw, _, err := q.stream.image(p)
	if err != nil {
		return nil, err
	}
	q.s.stats.runPages.Add(1)
	return q.s.Verify(p, raw)
}

func (q *Sequential) has(p base.PageNo) bool {
	i := int64(p - q.start)
	return q.buf != nil && i >= 0 && i < int64(len(q.buf)/q.s.geo.PageSize)
}

// fill reads from page p to the end of its block, of the segment, or of the read-ahead,
// whichever comes first.
func (q *Sequential) fill(p base.PageNo) error {
	if !q.s.inRange(p) {
		return q.s.outOfRange(p)
	}
	end := min(q.s.geo.LastPage(q.s.geo.Block(p)), p+base.PageNo(max(1, readAheadBytes/q.s.geo.PageSize))-1)
	if q.s.geo.Block(q.last) == q.s.geo.Block(p) && q.last >= p {
		end = min(end, q.last)
	}
	buf := make([]byte, int(end-p+1)*q.s.geo.PageSize)
	n, err := q.s.readPages(buf, p)
	if err != nil {
		return err
	}
	q.s.stats.runPages.Add(int64(n))
	q.buf, q.start = buf[:n*q.s.geo.PageSize], p
	return nil
}

// Layout walks the records of a segment of a compressed file, whose first page is at first
// and whose last byte at last, and checks that they fit together. It returns the last page
// on the way. Nothing is decompressed.
func (q *Sequential) Layout(first, last base.PageNo) (lastPage base.PageNo, err error) {
	t, geo := q.stream, q.s.geo
	p := first
	for blocks := uint32(1); ; {
		h, err := t.head(p)
		if err != nil {
			return 0, err
		}
		if h.Pad && h.Len > geo.BlockSize || !h.Pad && h.Body > q.s.maxImage {
			return 0, q.s.corrupt(p, errs.Corruptf("a record of %d bytes is longer than any may be", h.Len))
		}
		b, end, err := t.bytes(p, h.Len)
		if err != nil {
			return 0, err
		}
		if tail, ok := format.DecodeRecordTail(b); !ok || tail != h {
			return 0, q.s.corrupt(p, errs.Corruptf("the two ends of the record do not match"))
		}
		if !h.Pad {
			lastPage = p
		}
		switch {
		case end-1 == last:
			return lastPage, nil
		case geo.Block(end-1) == geo.Block(last) && end-1 > last && p <= last:
			return 0, q.s.corrupt(p, errs.Corruptf("the record reaches to offset %d, but its segment ends at %d", end-1, last))
		}
		next, err := t.settle(end)
		if err != nil {
			return 0, err
		}
		if geo.Block(next) != geo.Block(p) || next <= p {
			if blocks++; blocks > q.s.Blocks() {
				return 0, q.s.corrupt(p, errs.Corruptf("the segment's block links run in a circle"))
			}
		}
		p = next
	}
}

// Record tells what stands in a compressed file at p, for dumps: a page or padding, and of
// how many bytes.
func (s *Space) Record(p base.PageNo) (format.RecordHead, error) {
	t := s.borrow(s.pageAhead())
	defer t.giveBack()
	return t.head(p)
}
