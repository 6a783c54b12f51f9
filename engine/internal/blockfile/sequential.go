package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// readAheadBytes is how much a Sequential reads at once.
const readAheadBytes = 256 << 10

// Sequential reads the pages of one segment from front to back with few large reads. It
// bypasses the page cache on the way in, so that a merge does not push out what readers
// use. Pages that it has handed out stay valid: every read has its own buffer.
type Sequential struct {
	s     *Space
	last  base.PageNo // the segment's last page: nothing is read beyond it
	buf   []byte
	start base.PageNo // number of the first page in buf
}

// NewSequential makes a reader of a segment that ends on page last.
func NewSequential(s *Space, last base.PageNo) *Sequential { return &Sequential{s: s, last: last} }

// Page returns page p, as Space.Page does.
func (q *Sequential) Page(p base.PageNo) (format.Page, error) {
	size := q.s.geo.PageSize
	if i := int64(p - q.start); q.buf == nil || i < 0 || i >= int64(len(q.buf)/size) {
		if fr := q.cached(p); fr != nil {
			return fr.page, nil
		}
		if err := q.fill(p); err != nil {
			return nil, err
		}
	}
	i := int(p-q.start) * size
	return q.s.verify(p, q.s.original(p), q.buf[i:i+size:i+size])
}

func (q *Sequential) cached(p base.PageNo) *frame {
	if p <= 0 {
		return nil
	}
	return q.s.cache.get(p)
}

// fill reads from page p to the end of its block, of the segment, or of the read-ahead,
// whichever comes first.
func (q *Sequential) fill(p base.PageNo) error {
	if !q.s.inRange(p) {
		return q.s.corrupt(p, base.Corruptf("a page number outside the file's %d blocks", q.s.Blocks()))
	}
	end := min(q.s.geo.LastPage(q.s.geo.Block(p)), p+base.PageNo(max(1, readAheadBytes/q.s.geo.PageSize))-1)
	if q.s.geo.Block(q.last) == q.s.geo.Block(p) && q.last >= p {
		end = min(end, q.last)
	}
	buf := make([]byte, int(end-p+1)*q.s.geo.PageSize)
	if err := q.s.readAt(buf, q.s.geo.Offset(p)); err != nil {
		return err
	}
	q.s.stats.pagesRead.Add(int64(end - p + 1))
	q.buf, q.start = buf, p
	return nil
}
