// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// readAheadBytes is how much a Sequential reads at once.
const readAheadBytes = 64 << 10

// Sequential reads the pages of one segment from front to back with few large reads. It
// bypasses the page cache on the way in, so that a merge does not push out what readers
// use. Pages that it has handed out stay valid: every read has its own buffer. It belongs to
// one goroutine.
type Sequential interface {
	// Page returns page p, as Space.Page does.
	Page(p base.PageNo) (format.Page, error)
	// Raw returns the whole of page p as it is in the file, block link included and
	// decompressed, verifying nothing.
	Raw(p base.PageNo) ([]byte, error)
	// NextPage returns the page after p in the segment, as Space.NextPage does.
	NextPage(p base.PageNo) (base.PageNo, error)
	// Layout walks over a segment whose first page is at first and that ends at last, checks
	// that its pages fit together as far as that can be seen without looking into them, and
	// returns the last one.
	Layout(first, last base.PageNo) (lastPage base.PageNo, err error)
}

// NewSequential makes a reader of a segment that ends at last.
func NewSequential(s *Space, last base.PageNo) Sequential { return s.layout.sequential(s, last, false) }

// NewFresh is NewSequential for a reader that wants to see what is in the file, whatever
// the cache holds.
func NewFresh(s *Space, last base.PageNo) Sequential { return s.layout.sequential(s, last, true) }

// plainRun is the Sequential of a file that is not compressed.
type plainRun struct {
	s     *Space
	last  base.PageNo // the segment's last page: nothing is read beyond it
	fresh bool        // past the cache on the way out, too
	buf   []byte
	start base.PageNo // number of the first page in buf
}

func (q *plainRun) Page(p base.PageNo) (format.Page, error) {
	if !q.has(p) && !q.fresh && p > 0 {
		if fr := q.s.cache.hold(p); fr != nil {
			fr.touch()
			return fr.own(), nil
		}
	}
	raw, err := q.Raw(p)
	if err != nil {
		return nil, err
	}
	return q.s.Verify(p, raw)
}

func (q *plainRun) Raw(p base.PageNo) ([]byte, error) {
	if !q.has(p) {
		if err := q.fill(p); err != nil {
			return nil, err
		}
	}
	size := q.s.geo.PageSize
	i := int(p-q.start) * size
	return q.buf[i : i+size : i+size], nil
}

func (q *plainRun) NextPage(p base.PageNo) (base.PageNo, error) { return q.s.NextPage(p) }

// Layout finds nothing: pages of one size fit together, whatever is in them.
func (q *plainRun) Layout(_, last base.PageNo) (base.PageNo, error) { return last, nil }

func (q *plainRun) has(p base.PageNo) bool {
	i := int64(p - q.start)
	return q.buf != nil && i >= 0 && i < int64(len(q.buf)/q.s.geo.PageSize)
}

// fill reads from page p to the end of its block, of the segment, or of the read-ahead,
// whichever comes first.
func (q *plainRun) fill(p base.PageNo) error {
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
