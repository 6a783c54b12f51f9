// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// stream reads the byte stream of a segment of a compressed file: the data bytes of its
// blocks, in the order of its block links. It keeps one stretch of one block in memory. A
// stream belongs to one goroutine.
type stream struct {
	s      *Space
	layout *packed
	ahead  int         // bytes to read at once, at least
	last   base.PageNo // no more than needed is read beyond it, if it is not 0

	room []byte      // memory for data
	data []byte      // data bytes of one block
	at   base.PageNo // offset of the first of them
	// next is the block that follows, if data reaches to the end of its block (full). It is
	// what the link says: whether that is a block is looked at when it is used.
	full bool
	next base.BlockNo

	joined []byte // a piece that reaches over the end of a block

	// What the newest page of an encrypted file holds, with what it says of its neighbours.
	plain  []byte
	prev   base.PageNo
	isLast bool
}

// streams holds streams for reading single pages.
var streams = sync.Pool{New: func() any { return &stream{} }}

// borrow returns a stream that reads a page's worth of bytes at once.
func (l *packed) borrow(s *Space, ahead int) *stream {
	t := streams.Get().(*stream)
	t.reset(s, l, ahead)
	return t
}

// giveBack returns a borrowed stream. What was got from it is not valid any more.
func (t *stream) giveBack() {
	t.s, t.layout = nil, nil
	streams.Put(t)
}

func (t *stream) reset(s *Space, l *packed, ahead int) {
	t.s, t.layout, t.ahead, t.last = s, l, ahead, 0
	t.data, t.full = t.data[:0], false
}

// load reads at least n bytes from p on, or up to the end of the block.
func (t *stream) load(p base.PageNo, n int) error {
	s := t.s
	if !s.inRange(p) {
		return s.outOfRange(p)
	}
	b := s.geo.Block(p)
	toEnd := int(s.geo.LastPage(b)-p) + 1
	if toEnd <= 0 || p < s.geo.FirstPage(b) {
		return s.inLink(p)
	}
	ahead := t.ahead
	if t.last >= p && s.geo.Block(t.last) == b {
		ahead = min(ahead, int(t.last-p)+1)
	}
	n = max(n, ahead)
	full := n >= toEnd
	if full {
		n = toEnd + format.LinkSize
	}
	// What is in memory already is kept: most often the beginning of a record that goes on after it.
	kept := 0
	if i := int64(p - t.at); i >= 0 && i < int64(len(t.data)) {
		kept = min(n, len(t.data)-int(i))
		kept = copy(t.roomFor(n), t.data[i:int(i)+kept])
	} else {
		t.roomFor(n)
	}
	t.data, t.full = t.data[:0], false
	got, err := s.readAt(t.room[kept:n], int64(p)+int64(kept))
	if err != nil {
		return err
	}
	got += kept
	t.at, t.full = p, full
	if full {
		// Where the file ends before the block does, the link reads as zero.
		t.next = format.BlockLink(t.room[toEnd:n])
		n = toEnd
	}
	// Bytes after the end of the file were cut off: nothing is there.
	t.data = t.room[:min(n, got)]
	t.full = full && got >= n
	return nil
}

// inLink is the error of a page number that no page can have.
func (s *Space) inLink(p base.PageNo) error {
	return s.corrupt(p, errs.Corruptf("a page number in the place of a block link"))
}

// roomFor returns memory for n bytes of data, which is room from now on. What data has stays right.
func (t *stream) roomFor(n int) []byte {
	if cap(t.room) < n {
		t.room = make([]byte, n)
	}
	return t.room[:n]
}

// bytes returns n bytes of the stream from p on. They are valid until the next call. end is the
// offset after them, in the block of the last of them: that of the next record, unless the block
// ends there (see settle).
func (t *stream) bytes(p base.PageNo, n int) (b []byte, end base.PageNo, err error) {
	if i := int64(p - t.at); i >= 0 && i <= int64(len(t.data))-int64(n) { // a damaged p may be any number
		return t.data[i : i+int64(n)], p + base.PageNo(n), nil
	}
	return t.slowBytes(p, n)
}

func (t *stream) slowBytes(p base.PageNo, n int) ([]byte, base.PageNo, error) {
	if !t.s.inRange(p) {
		return nil, 0, t.s.outOfRange(p)
	}
	toEnd := int(t.s.geo.LastPage(t.s.geo.Block(p))-p) + 1
	if toEnd <= 0 || p < t.s.geo.FirstPage(t.s.geo.Block(p)) {
		return nil, 0, t.s.inLink(p)
	}
	if n <= toEnd {
		if err := t.load(p, n); err != nil {
			return nil, 0, err
		}
		if len(t.data) < n {
			return nil, 0, t.s.corrupt(p, errs.Corruptf("the page is after the end of the file"))
		}
		return t.data[:n], p + base.PageNo(n), nil
	}
	// The piece goes on in the next block, perhaps in further ones.
	t.joined = t.joined[:0]
	for {
		// Of the last block only the beginning is needed, of the others the link as well.
		take := min(n-len(t.joined), toEnd)
		i := int64(p - t.at)
		if i < 0 || i+int64(take) > int64(len(t.data)) || take == toEnd && !t.full {
			if err := t.load(p, take); err != nil {
				return nil, 0, err
			}
			i = 0
		}
		if int64(len(t.data)) < i+int64(take) {
			return nil, 0, t.s.corrupt(p, errs.Corruptf("the page is after the end of the file"))
		}
		t.joined = append(t.joined, t.data[i:i+int64(take)]...)
		if len(t.joined) == n {
			return t.joined, p + base.PageNo(take), nil
		}
		next, err := t.s.follow(p, t.next)
		if err != nil {
			return nil, 0, err
		}
		p = t.s.geo.FirstPage(next)
		toEnd = int(t.s.geo.LastPage(next)-p) + 1
	}
}

// settle returns where the stream goes on after end, which bytes has returned.
func (t *stream) settle(end base.PageNo) (base.PageNo, error) {
	last := end - 1
	if !t.s.geo.IsLast(last) {
		return end, nil
	}
	if !t.full || t.s.geo.Block(t.at) != t.s.geo.Block(last) {
		b, err := t.s.NextBlock(t.s.geo.Block(last))
		return t.s.geo.FirstPage(b), err
	}
	b, err := t.s.follow(last, t.next)
	return t.s.geo.FirstPage(b), err
}
