// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// packedRun is the Sequential of a compressed file.
type packedRun struct {
	stream stream
	fresh  bool // past the cache

	// newest is the page that Page has returned last: a record that goes on over the end of a page has
	// the page after it read twice. Of an encrypted file, NextPage reads the page that it returns, to see that it comes
	// next: that is ahead.
	newest, ahead ranTo

	// next is the page after nextOf: where a record goes on over the end of a page, it is looked for twice.
	nextOf, next base.PageNo
	// unsure could not be read when it was found after unsureOf. It must name that when it can be.
	unsureOf, unsure base.PageNo

	// Once Stand was called, memory is used again: rooms are for the page on which the reader stands, which is in room
	// stand, for newest and ahead, and for the next one. It has room for what an encrypted page has after it.
	standing bool
	stand    int
	rooms    [4][]byte
}

// ranTo is a page to which a run has come.
type ranTo struct {
	no   base.PageNo
	page format.Page
	prev base.PageNo // what a page of an encrypted file names as the one before it
	end  base.PageNo // the offset after its record, to be settled; 0 if it was in the cache
	err  error       // why there is no page
	room int         // in which it is, or noRoom
}

// noRoom is the room of a page that has memory of its own.
const noRoom = -1

// Page takes a page from the cache if it is there. A cached page is not decompressed again; that
// it is used here does not make it worth keeping.
func (q *packedRun) Page(p base.PageNo) (format.Page, error) {
	switch {
	case p == q.newest.no && q.newest.page != nil:
	case p == q.ahead.no && p != 0:
		if q.newest = q.ahead; q.newest.err != nil {
			q.ahead = ranTo{}
		}
	default:
		q.newest = q.read(p)
		if to := &q.newest; p == q.unsure && p != 0 && to.err == nil && to.prev != q.unsureOf {
			to.page, to.err = nil, q.stream.s.notNext(q.unsureOf, p)
		}
	}
	return q.newest.page, q.newest.err
}

// Stand is Page for which memory is used again.
func (q *packedRun) Stand(p base.PageNo) (format.Page, error) {
	if !q.standing {
		q.standing, q.stand = true, noRoom
	}
	page, err := q.Page(p)
	q.stand = q.newest.room
	return page, err
}

// Ahead does nothing: pages of few bytes are read together.
func (q *packedRun) Ahead(base.PageNo, int) bool { return false }

// read reads a page, whatever is known of it.
func (q *packedRun) read(p base.PageNo) ranTo {
	s := q.stream.s
	to := ranTo{no: p, room: noRoom}
	if !q.fresh && p > 0 {
		if fr := s.cache.hold(p); fr != nil {
			to.prev = base.PageNo(fr.prev.Load())
			if fr.heap || !q.standing {
				to.page = fr.own()
				return to
			}
			defer fr.Release()
			raw := q.roomFor(&to)
			to.page = format.Page(raw[:copy(raw, fr.Page())])
			return to
		}
	}
	raw := q.roomFor(&to)
	if to.end, to.err = q.stream.imageInto(raw, p); to.err != nil {
		return to
	}
	s.stats.runPages.Add(1)
	to.page, to.err = s.Verify(p, raw)
	to.prev = q.stream.prev
	return to
}

// roomFor returns memory for a page.
func (q *packedRun) roomFor(to *ranTo) []byte {
	size := q.stream.s.geo.PageSize
	if !q.standing {
		return make([]byte, size)
	}
	for i := range q.rooms {
		if i != q.stand && (i != q.newest.room || q.newest.page == nil) && (i != q.ahead.room || q.ahead.page == nil) {
			to.room = i
			break
		}
	}
	if q.rooms[to.room] == nil {
		q.rooms[to.room] = make([]byte, size, size+crypt.PageTail)
	}
	return q.rooms[to.room]
}

func (q *packedRun) Raw(p base.PageNo) ([]byte, error) {
	raw, _, err := q.stream.image(p)
	return raw, err
}

func (q *packedRun) NextPage(p base.PageNo) (base.PageNo, error) {
	s := q.stream.s
	if p == q.ahead.no && q.ahead.page != nil { // it may be wanted after the next one
		q.newest = q.ahead
	}
	if p == q.nextOf && p != 0 {
		return q.next, nil
	}
	next, err := q.after(p)
	if err != nil {
		return 0, err
	}
	if s.Box == nil {
		q.nextOf, q.next = p, next
		return next, nil
	}
	switch { // a record that goes on over the end of a page comes this way twice
	case next == q.newest.no && q.newest.page != nil:
		q.ahead = q.newest
	case next != q.ahead.no || q.ahead.page == nil:
		q.ahead = q.read(next)
	}
	switch {
	case q.ahead.err != nil: // the reader that needs the page gets the error, and may try again
		q.unsureOf, q.unsure = p, next
	case q.ahead.prev != p:
		return 0, s.notNext(p, next)
	default:
		q.nextOf, q.next = p, next
	}
	return next, nil
}

// after returns what seems to be the page after p. Where the record of p ends is known if it was read last: most of it
// may not be in memory any more.
func (q *packedRun) after(p base.PageNo) (base.PageNo, error) {
	for _, to := range [...]*ranTo{&q.newest, &q.ahead} {
		if p == to.no && to.end != 0 && to.page != nil {
			next, err := q.stream.settle(to.end)
			if err != nil {
				return 0, err
			}
			return q.stream.pageFrom(next)
		}
	}
	return q.stream.nextPage(p)
}

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
