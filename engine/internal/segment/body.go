// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// longPages is from how many pages on a key or value is read past the page cache.
const longPages = 8

// Body reads some bytes of one record, a part of its key or value, piece by piece: it
// starts on the leaf page of the record and goes on over the leaf pages after it. A Body
// belongs to one goroutine; Close gives back what it holds.
type Body struct {
	seg   *Segment
	page  format.Page
	no    base.PageNo
	off   int // of the next byte on page; may lie beyond the page's data
	left  int // bytes not returned yet
	jumps int64
	rem   tail // of the record, what comes after it included
	// How the pages after the first are read: by tail if long is set, which is made when the
	// first of them is needed, by the iterator's seq if it has one, else through the cache.
	long    bool
	tail    blockfile.Tail
	room    []byte // where the bytes left go, if tail may read there; else nil
	seq     blockfile.Sequential
	ahead   bool  // read ahead into the cache
	lookups int64 // pages asked of the cache
	// held is page, if that came from the cache. With copies it is a copy in place of that:
	// then a Body may be dropped without Close.
	held   *blockfile.Frame
	copies bool
	// rest is the end of a piece that Read had no room for.
	rest []byte
	err  error // of a page that could not be read
}

// bodyAt begins to read the n bytes that start at offset off of a leaf page's data. off may
// lie beyond the page's data, as it does for a value whose key fills the page. after is how many
// bytes of the record come after them.
func (it *Iter) bodyAt(no base.PageNo, page format.Page, off, n, after int) Body {
	long := n/it.seg.Space.Geometry().PageSize >= longPages
	rem := tail{left: int64(off) + int64(n) + int64(after) - int64(page.EOF())}
	return Body{seg: it.seg, page: page, no: no, rem: rem, off: off, left: n, long: long, seq: it.seq, ahead: it.scanning}
}

// Close gives back the memory for long runs; there is nothing left to read then. The zero
// Body may be closed, and a Body twice.
func (b *Body) Close() {
	if b.tail != nil {
		b.tail.Close()
	}
	b.held.Release()
	b.tail, b.room, b.held, b.page, b.rest, b.left, b.no = nil, nil, nil, nil, nil, 0, 0
}

// Len returns how many bytes Next has not returned yet.
func (b *Body) Len() int { return len(b.rest) + b.left }

// Next returns the next piece, and nothing at the end. It is read-only and valid until the
// next call of any method.
func (b *Body) Next() ([]byte, error) {
	if piece := b.rest; len(piece) > 0 {
		b.rest = nil
		return piece, nil
	}
	for b.left > 0 && b.err == nil {
		if eof := b.page.EOF(); b.off < eof {
			n := min(b.left, eof-b.off)
			piece := b.page[b.off : b.off+n : b.off+n]
			b.off += n
			b.left -= n
			return piece, nil
		} else {
			b.off -= eof
		}
		b.err = b.nextLeaf()
	}
	return nil, b.err
}

// nextLeaf moves to the next leaf page.
func (b *Body) nextLeaf() error {
	for {
		if b.no == b.seg.LastPage {
			return b.seg.corrupt(b.no, "a record runs beyond the end of its segment")
		}
		p, err := b.nextPage()
		if err != nil {
			return err
		}
		if err := b.count(p); err != nil {
			return err
		}
		if b.page, err = b.getPage(p); err != nil {
			return err
		}
		if b.no = p; b.page.IsBTree() {
			continue
		}
		if wrong := b.rem.over(b.page); wrong != "" {
			return b.seg.corrupt(p, "%s", wrong)
		}
		mark.Hit(mark.ValueOverPages)
		return nil
	}
}

// count counts the step to page p, and fails if there were more from block to block than a segment has.
func (b *Body) count(p base.PageNo) error {
	geo := b.seg.Space.Geometry()
	if p <= b.no || geo.Block(p) != geo.Block(b.no) {
		if b.jumps++; b.jumps > int64(b.seg.Space.Blocks()) {
			return b.seg.corrupt(b.no, "the segment's pages run in a circle")
		}
	}
	return nil
}

func (b *Body) getPage(p base.PageNo) (format.Page, error) {
	switch {
	case b.long:
		if b.tail == nil {
			b.tail = b.seg.Space.NewTail(b.seg.Last)
		}
		room := b.room
		if b.off > 0 {
			room = nil // what is passed over needs longer runs than fit there
		}
		return b.tail.Page(p, b.off+b.left, room) // what is passed over counts, too
	case b.seq != nil:
		return b.seq.Page(p)
	}
	b.lookups++
	if b.copies {
		return b.seg.Space.Page(p)
	}
	var fr *blockfile.Frame
	var err error
	if b.ahead {
		fr, err = b.seg.Space.HoldAhead(p, b.seg.Last)
	} else {
		fr, err = b.seg.Space.Hold(p)
	}
	if err != nil {
		return nil, err
	}
	b.held.Release()
	b.held = fr
	return fr.Page(), nil
}

func (b *Body) nextPage() (base.PageNo, error) {
	switch {
	case b.tail != nil:
		return b.tail.NextPage(b.no)
	case b.seq != nil:
		return b.seq.NextPage(b.no)
	case b.ahead:
		return b.seg.Space.NextAhead(b.no, b.seg.Last)
	}
	return b.seg.Space.NextPage(b.no)
}

// Read fills p as far as bytes are left and returns how many it stored.
func (b *Body) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(b.rest) == 0 {
			if b.rest, err = b.Next(); err != nil || len(b.rest) == 0 {
				return n, err
			}
		}
		k := copy(p[n:], b.rest)
		b.rest = b.rest[k:]
		n += k
	}
	return n, nil
}

// Skip passes over up to n bytes and returns how many those were.
func (b *Body) Skip(n int64) (skipped int64, err error) {
	for skipped < n {
		if len(b.rest) == 0 {
			if b.rest, err = b.Next(); err != nil || len(b.rest) == 0 {
				return skipped, err
			}
		}
		k := min(int64(len(b.rest)), n-skipped)
		b.rest = b.rest[k:]
		skipped += k
	}
	return skipped, nil
}

// appendTo appends all that is left to buf, which it makes long enough once. Where the
// file cannot hold as much as the record says, memory grows only as bytes are found. Pages of a
// long value are read to where it goes, so that only what they have in front of it is closed up.
func (b *Body) appendTo(buf []byte) ([]byte, error) {
	if int64(b.left) <= b.seg.Space.MaxContent() {
		buf = grow(buf, b.left)
	}
	for {
		if b.long && cap(buf)-len(buf) >= b.left {
			end := len(buf) + b.left
			b.room = buf[len(buf):end:end]
		}
		piece, err := b.Next()
		if err != nil {
			return nil, err
		}
		if len(piece) == 0 {
			return buf, nil
		}
		buf = append(buf, piece...)
		if b.long && cap(buf)-len(buf) >= b.left {
			n, err := b.fill(buf[len(buf) : len(buf)+b.left])
			if err != nil {
				return nil, err
			}
			buf = buf[:len(buf)+n]
		}
	}
}

// fill reads pages that hold nothing but bytes of the value right into room, which is for all that are left, and
// returns how many bytes they had. Next goes on after them.
func (b *Body) fill(room []byte) (n int, err error) {
	for b.left > 0 && b.tail != nil && b.off == b.page.EOF() && b.no != b.seg.LastPage {
		p, err := b.nextPage()
		if err != nil {
			return 0, err
		}
		b.page, b.off = format.NoRoom, 0 // Fill may read over the page, which has been read to its end
		k, last, err := b.tail.Fill(p, room[n:])
		if err != nil || k == 0 {
			return n, err
		}
		if err := b.count(p); err != nil {
			return 0, err
		}
		n += k
		b.no = last
		b.left -= k
		b.rem.left -= int64(k)
	}
	return n, nil
}

// grow makes room for n more bytes in buf: exactly that where it is much, because a caller that
// reads into the same buffer again and again gains little from a reserve there.
func grow(buf []byte, n int) []byte {
	if n <= cap(buf)-len(buf) {
		return buf
	}
	if len(buf) == 0 && n > exactBytes {
		return make([]byte, 0, n)
	}
	return slices.Grow(buf, n)
}

// exactBytes is up to where a buffer grows by more than is needed.
const exactBytes = 64 << 10
