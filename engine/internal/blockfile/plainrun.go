// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
)

// plainRun is the Sequential of a file that is not compressed.
type plainRun struct {
	s     *Space
	last  base.PageNo // the segment's last page: nothing is read beyond it
	fresh bool        // past the cache on the way out, too
	buf   []byte
	start base.PageNo // number of the first page in buf

	// The newest page that Page has returned: a record that goes on over the end of a page has
	// the page after it read twice.
	newest   format.Page
	newestNo base.PageNo

	// link is the page after linkOf, of which Ahead has found that out.
	linkOf, link base.PageNo

	// Once Stand was called there are two buffers: the one that buf is in, and another one. The
	// page of the newest Stand is in either, in a copy, or in memory of its own.
	rooms    [2][]byte
	in       int // of the two, where buf is
	stand    int // and where that page is
	standing bool

	// Pages that are found in the cache are copied from then on, into either of two copies, of one page each,
	// which are numbered from 1. 0 is none of them.
	copies     [2][]byte
	newestCopy int // the one that newest is in
	standCopy  int // the one that the page of the newest Stand is in
}

func (q *plainRun) Page(p base.PageNo) (format.Page, error) {
	if p == q.newestNo && q.newest != nil {
		return q.newest, nil
	}
	page, err := q.page(p)
	q.newest, q.newestNo = page, p
	return page, err
}

// page is Page without a look at the newest one.
func (q *plainRun) page(p base.PageNo) (format.Page, error) {
	q.newestCopy = 0
	if !q.fresh && p > 0 {
		fr := q.s.cache.get(p)
		q.s.demand.saw(fr != nil && fr.recent.Load()) // those that were read with others, too
		if fr != nil && !q.has(p) && fr.hold() {
			return q.copied(fr), nil
		}
	}
	raw, err := q.Raw(p)
	if err != nil {
		return nil, err
	}
	return q.s.Verify(p, raw)
}

// copied returns the page of a frame in memory of the run, or in memory that stays, and releases the frame.
func (q *plainRun) copied(fr *Frame) format.Page {
	if fr.heap || !q.standing {
		return fr.own()
	}
	defer fr.Release()
	q.newestCopy = 1
	if q.standCopy == 1 {
		q.newestCopy = 2
	}
	room := &q.copies[q.newestCopy-1]
	if *room == nil {
		*room = make([]byte, len(fr.raw))
	}
	invariant.Mangle(*room)
	return format.Page((*room)[:copy(*room, fr.Page())])
}

func (q *plainRun) Stand(p base.PageNo) (format.Page, error) {
	page, err := q.Page(p)
	if err == nil && q.has(p) {
		q.stand = q.in
	}
	q.standing, q.standCopy = true, q.newestCopy
	return page, err
}

func (q *plainRun) Raw(p base.PageNo) ([]byte, error) {
	if !q.has(p) {
		if err := q.fill(p, readAheadBytes); err != nil {
			return nil, err
		}
	}
	return q.raw(p), nil
}

// raw returns a page that is in buf.
func (q *plainRun) raw(p base.PageNo) []byte {
	size := q.s.geo.PageSize
	i := int(p-q.start) * size
	return q.buf[i : i+size : i+size]
}

func (q *plainRun) Ahead(p base.PageNo, n int) bool {
	if !q.standing || p == q.last || !q.has(p) || q.has(p+1) {
		return false
	}
	next, err := q.NextPage(p)
	if err != nil || q.s.cache.has(next) {
		return false
	}
	q.linkOf, q.link = p, next
	return q.fill(next, n) == nil
}

func (q *plainRun) NextPage(p base.PageNo) (base.PageNo, error) {
	if p == q.linkOf && p != 0 {
		return q.link, nil
	}
	if q.has(p) && q.s.geo.IsLast(p) {
		b, err := q.s.follow(p, q.s.geo.Link(p, q.raw(p)))
		return q.s.geo.FirstPage(b), err
	}
	return q.s.NextPage(p)
}

// Layout finds nothing: pages of one size fit together, whatever is in them.
func (q *plainRun) Layout(_, last base.PageNo) (base.PageNo, error) { return last, nil }

func (q *plainRun) has(p base.PageNo) bool {
	i := int64(p - q.start)
	return q.buf != nil && i >= 0 && i < int64(len(q.buf)/q.s.geo.PageSize)
}

// fill reads from page p to the end of its block, of the segment, or of the given length,
// whichever comes first.
func (q *plainRun) fill(p base.PageNo, length int) error {
	if !q.s.inRange(p) {
		return q.s.outOfRange(p)
	}
	end := min(q.s.geo.LastPage(q.s.geo.Block(p)), p+base.PageNo(max(1, length/q.s.geo.PageSize))-1)
	if q.s.geo.Block(q.last) == q.s.geo.Block(p) && q.last >= p {
		end = min(end, q.last)
	}
	buf := q.room(int(end-p+1) * q.s.geo.PageSize)
	n, err := q.s.readPages(buf, p)
	if err != nil {
		return err
	}
	q.s.stats.runPages.Add(int64(n))
	q.buf, q.start = buf[:n*q.s.geo.PageSize], p
	return nil
}

// room returns memory for n bytes to be read, and forgets what was in it.
func (q *plainRun) room(n int) []byte {
	q.buf, q.newest = nil, nil
	if !q.standing {
		q.rooms[q.in] = make([]byte, n)
		return q.rooms[q.in]
	}
	if q.stand == q.in {
		q.in = 1 - q.in
	}
	if cap(q.rooms[q.in]) < n {
		q.rooms[q.in] = make([]byte, max(n, min(4*n, readAheadBytes)))
	}
	buf := q.rooms[q.in]
	invariant.Mangle(buf[:cap(buf)])
	return buf[:n]
}
