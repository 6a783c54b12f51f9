// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

const (
	// tailBytes is how much a Tail reads at once into memory of its own, and roomBytes into the
	// caller's.
	tailBytes = 256 << 10
	roomBytes = 1 << 20
	// tailAlign is the alignment of the places in the caller's memory that pages are read to. On some
	// processors the kernel's copy takes up to five times as long to a place that is 1 to 31 bytes after the
	// beginning of a page of memory. Sums take longer wherever loads cross cache lines.
	tailAlign = 64
)

// Tail reads the pages that a long value covers, from front to back, past the page cache:
// they would push out what is read more than once, and cost an allocation each. It reads
// long runs into memory of its own. A Tail belongs to one goroutine.
type Tail interface {
	// Page returns page p, verified, as Space.Page does. It is valid until the next call. n is
	// how many bytes of the value are left: no more is read than they can take. room is where
	// the caller wants them, or nil. If it is given, pages may be read right into it,
	// each at or after the place of its part of the value: the caller moves that part there
	// before the next call, and writes nothing after it.
	Page(p base.PageNo, n int, room []byte) (format.Page, error)
	// Fill is Page for many pages: it reads some, from page p on, and moves what they hold to the front of
	// room, as long as they are good and full and no record begins on them. It returns how many bytes those
	// are, and the last of the pages. If there is none, page p is for Page to read. What is left of room is
	// for the pages after that.
	Fill(p base.PageNo, room []byte) (n int, last base.PageNo, err error)
	// NextPage returns the page after p in the segment, as Space.NextPage does. p is the page
	// that Page has just returned.
	NextPage(p base.PageNo) (base.PageNo, error)
	// Close gives the Tail and its pages back.
	Close()
}

// NewTail returns a Tail for a segment that ends at last. Close gives it back.
func (s *Space) NewTail(last base.PageNo) Tail { return s.layout.tail(s, last) }

// plainTail is the Tail of a file that is not compressed.
type plainTail struct {
	s    *Space
	last base.PageNo // the segment's last page: nothing is read beyond it

	buf   []byte      // tailBytes, or one page if that is more
	start base.PageNo // number of the first page in run
	run   []byte      // the pages in buf, or in the caller's room
}

// plainTails holds Tails with their buffers.
var plainTails = sync.Pool{New: func() any { return &plainTail{} }}

func newPlainTail(s *Space, last base.PageNo) *plainTail {
	t := plainTails.Get().(*plainTail)
	t.s, t.last = s, last
	return t
}

func (t *plainTail) Close() {
	t.s, t.run = nil, nil
	plainTails.Put(t)
}

func (t *plainTail) Page(p base.PageNo, n int, room []byte) (format.Page, error) {
	if !t.has(p) {
		if p > 0 {
			if fr := t.s.cache.hold(p); fr != nil {
				return t.cached(fr), nil
			}
		}
		if err := t.fill(p, n, room); err != nil {
			return nil, err
		}
	}
	return t.s.Verify(p, t.raw(p))
}

// cached returns the page of a frame in memory of the Tail's, and releases the frame: a Tail may be
// dropped without Close.
func (t *plainTail) cached(fr *Frame) format.Page {
	defer fr.Release()
	t.run = nil
	buf := t.own()
	return format.Page(buf[:copy(buf, fr.Page())])
}

// own makes the Tail's memory.
func (t *plainTail) own() []byte {
	if t.buf == nil {
		t.buf = make([]byte, max(tailBytes, format.MaxPageSize))
	}
	return t.buf
}

func (t *plainTail) NextPage(p base.PageNo) (base.PageNo, error) {
	if t.has(p) && t.s.geo.IsLast(p) {
		b, err := t.s.follow(p, t.s.geo.Link(p, t.raw(p)))
		return t.s.geo.FirstPage(b), err
	}
	return t.s.NextPage(p)
}

func (t *plainTail) has(p base.PageNo) bool {
	return p >= t.start && p-t.start < base.PageNo(len(t.run)/t.s.geo.PageSize)
}

func (t *plainTail) raw(p base.PageNo) []byte {
	size := t.s.geo.PageSize
	i := int(p-t.start) * size
	return t.run[i : i+size : i+size]
}

// fill reads pages for n bytes from page p on, up to the end of its block or of the segment.
func (t *plainTail) fill(p base.PageNo, n int, room []byte) error {
	geo := &t.s.geo
	if !t.s.inRange(p) {
		return t.s.outOfRange(p)
	}
	t.run = nil
	size := geo.PageSize
	pages := n/size + 1
	if room = aligned(room); len(room) >= size {
		pages = min(pages, len(room)/size, max(1, roomBytes/size))
	} else {
		room = t.own()
		pages = min(pages, len(room)/size)
	}
	end := min(geo.LastPage(geo.Block(p)), p+base.PageNo(pages)-1)
	if geo.Block(t.last) == geo.Block(p) && t.last >= p {
		end = min(end, t.last)
	}
	got, err := t.s.readPages(room[:int(end-p+1)*size], p)
	if err != nil {
		return err
	}
	t.s.stats.aheadPages.count(int64(got))
	t.start, t.run = p, room[:got*size]
	return nil
}

// aligned returns room from the first place on to which pages are read.
func aligned(room []byte) []byte {
	if len(room) < tailAlign {
		return nil
	}
	return room[-uintptr(unsafe.Pointer(&room[0]))%tailAlign:]
}
