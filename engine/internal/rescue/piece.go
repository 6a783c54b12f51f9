// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// piece is a stretch of pages of one segment that lie in one block, side by side. In a compressed
// file the numbers are those of its first and its last byte.
type piece struct {
	first, last base.PageNo
	// joined says that the segment is known to go on here from the piece before.
	joined bool
}

// sheet is a segment, or what is left of one, as a list of pieces in the order of their keys. It is
// read by walkers and does not change meanwhile.
type sheet struct {
	in     *input
	id     identity
	pieces []piece
}

// slot is what a walker finds in the place of one page.
type slot struct {
	no   base.PageNo
	page format.Page // nil if there is no page of the segment that can be trusted
	// apart says that pages may be missing between the slot before and this one.
	apart bool
}

// walker goes over the places of a sheet's pages. A copy of one that has stopped goes on from there,
// with a window of its own.
type walker struct {
	s  *sheet
	i  int         // piece
	at base.PageNo // where the next page begins; 0: at the front of the piece
	// lost is set in a compressed file when it is not known where a page begins: it is to be found.
	lost bool
	win  window
}

// fork returns a walker that goes on from where w is.
func (w *walker) fork() walker {
	f := *w
	f.win = window{}
	return f
}

// next reads the page in the next place into buf, which has room for one. It reports false at the end.
func (w *walker) next(buf []byte) (slot, bool) {
	if w.i >= len(w.s.pieces) || w.s.in.err != nil {
		return slot{}, false
	}
	if w.s.in.packed() {
		return w.nextPacked(buf)
	}
	p := &w.s.pieces[w.i]
	out := slot{no: w.at}
	if w.at == 0 {
		out.no, out.apart = p.first, w.i > 0 && !p.joined
	}
	if w.at = out.no + 1; out.no >= p.last {
		w.i, w.at = w.i+1, 0
	}
	geo := w.s.in.geo
	buf = buf[:geo.PageSize]
	if w.win.read(w.s.in, buf, geo.Offset(out.no)) {
		out.page = w.s.trusted(out.no, buf)
	}
	return out, true
}

// trusted returns the content of a raw page if it is one of the segment, and sound in itself; else nil.
func (s *sheet) trusted(no base.PageNo, raw []byte) format.Page {
	if !s.id.fits(s.in.geo, no, raw) {
		return nil
	}
	page := s.in.geo.Content(no, raw)
	if format.ValidatePage(page) != nil || !page.IsBTree() && !ascending(page) {
		return nil
	}
	return page
}

// ascending reports whether the keys of a leaf page ascend, as far as they are on the page.
func ascending(page format.Page) bool {
	var before format.LeafCell
	for i := range page.NumCells() {
		c := page.LeafCell(i)
		if i > 0 {
			a, b := page[before.Body:before.Body+before.KeyLen], onPage(page, c)
			whole := len(b) == c.KeyLen
			if !whole { // only its beginning is here
				a = a[:min(len(a), len(b))]
			}
			if d := base.CompareTopic(before.Kind, a, c.Kind, b); d > 0 || d == 0 && whole {
				return false
			}
		}
		before = c
	}
	return true
}

// onPage returns as much of a record's key as is on its page.
func onPage(page format.Page, c format.LeafCell) []byte {
	end := min(c.Body+c.KeyLen, page.EOF())
	return page[min(c.Body, end):end]
}

// windowBytes is how much a window reads at once, at most.
const windowBytes = 64 << 10

// window is a part of the file in memory, so that pages side by side are read by one call. Its first
// read is no larger than it must be.
type window struct {
	buf  []byte
	data []byte
	at   int64
}

// read fills b from an offset of the file and reports whether all of it is there.
func (w *window) read(in *input, b []byte, off int64) bool {
	end := w.at + int64(len(w.data))
	if off >= w.at && off+int64(len(b)) <= end {
		copy(b, w.data[off-w.at:])
		return true
	}
	if off == end && w.at > 0 && in.window > len(b) {
		if w.buf == nil {
			w.buf = make([]byte, in.window)
		}
		n := in.readAt(w.buf, off)
		w.data, w.at = w.buf[:n], off
		if n >= len(b) {
			copy(b, w.data)
			return true
		}
	}
	w.data, w.at = nil, off+int64(len(b))
	return in.readAt(b, off) == len(b)
}

// moveTo makes the window begin at an offset, unless a size field there is in it.
func (w *window) moveTo(in *input, off int64) {
	end := w.at + int64(len(w.data))
	if off >= w.at && (off+format.RecordSizeLen <= end || end >= in.size && off < end) {
		return
	}
	if w.buf == nil {
		w.buf = make([]byte, in.window)
	}
	w.data, w.at = w.buf[:in.readAt(w.buf, off)], off
}

// readNear fills b from the window if it is there, else from the file, which does not move the window.
func (w *window) readNear(in *input, b []byte, off int64) bool {
	if off >= w.at && off+int64(len(b)) <= w.at+int64(len(w.data)) {
		copy(b, w.data[off-w.at:])
		return true
	}
	return in.readAt(b, off) == len(b)
}
