package blockfile

import (
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
}

// NewSequential makes a reader of a segment that ends on page last.
func NewSequential(s *Space, last base.PageNo) *Sequential { return &Sequential{s: s, last: last} }

// NewFresh is NewSequential for a reader that wants to see what is in the file, whatever
// the cache holds.
func NewFresh(s *Space, last base.PageNo) *Sequential {
	return &Sequential{s: s, last: last, fresh: true}
}

// Page returns page p, as Space.Page does.
func (q *Sequential) Page(p base.PageNo) (format.Page, error) {
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
	if !q.has(p) {
		if err := q.fill(p); err != nil {
			return nil, err
		}
	}
	size := q.s.geo.PageSize
	i := int(p-q.start) * size
	return q.buf[i : i+size : i+size], nil
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
