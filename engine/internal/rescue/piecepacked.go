// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// place is where a byte of a compressed file's segment is: in which piece, at which offset.
type place struct {
	i  int
	at base.PageNo
}

// nextPacked is next in a compressed file, where pages are records in a stream over the pieces. Where no
// record can be understood, the next place is searched at which one begins that can.
func (w *walker) nextPacked(buf []byte) (slot, bool) {
	apart := false
	for w.i < len(w.s.pieces) && w.s.in.err == nil {
		p := &w.s.pieces[w.i]
		if w.at == 0 {
			w.at = p.first
			if w.i > 0 && !p.joined {
				apart, w.lost = true, true
			}
		}
		if w.at > p.last || int64(w.at) >= w.s.in.size {
			cut := w.at <= p.last && !w.lost
			w.i, w.at, w.lost = w.i+1, 0, w.lost || cut
			if cut { // the file ends before the piece does
				return slot{no: p.last, apart: apart}, true
			}
			continue
		}
		here := place{w.i, w.at}
		page, end, pad := w.record(here, buf)
		switch {
		case pad && !w.lost:
			w.i, w.at = end.i, end.at
		case page != nil:
			w.i, w.at = end.i, end.at
			out := slot{no: here.at, page: page, apart: apart || w.lost}
			w.lost = false
			return out, true
		case !w.lost: // where it should begin there is no page
			w.lost, w.at = true, w.at+1
			return slot{no: here.at, apart: apart}, true
		default:
			w.at++
		}
	}
	return slot{}, false
}

// record reads what begins at a place: a page, or nil, and where the next record begins. pad reports
// that it is padding.
func (w *walker) record(at place, buf []byte) (page format.Page, end place, pad bool) {
	in := w.s.in
	w.win.moveTo(in, int64(at.at))
	var head [format.RecordSizeLen]byte
	b, _ := w.bytes(head[:0], at, len(head))
	h, ok := format.DecodeRecordHead(b)
	if !ok || !h.Pad && h.Body > in.bound || h.Pad && w.lost {
		return nil, at, false
	}
	if p := &w.s.pieces[at.i]; int64(at.at)+int64(h.Len)-1 <= int64(p.last) { // as a rule; then its end shows most of what is none
		var end [format.RecordSizeLen]byte
		b, _ := w.bytes(end[:0], place{at.i, at.at + base.PageNo(max(0, h.Len-format.RecordSizeLen))}, min(h.Len, format.RecordSizeLen))
		if tail, ok := format.DecodeRecordTail(b); !ok || tail != h {
			return nil, at, false
		}
	}
	image, end := w.bytes(nil, at, h.Len)
	if len(image) < h.Len {
		return nil, at, false
	}
	if tail, ok := format.DecodeRecordTail(image); !ok || tail != h {
		return nil, at, false
	}
	if h.Pad {
		return nil, end, true
	}
	buf = slices.Clip(buf[:in.geo.PageSize])
	image, ok = w.s.id.open(in, at.at, image[format.RecordSizeLen:h.Len-format.RecordSizeLen])
	if !ok || !decompress(in, buf, image) {
		return nil, at, false
	}
	return w.s.trusted(at.at, buf), end, false
}

// open returns the image of a page that a record of an encrypted file holds, or of another file the record's body.
func (id *identity) open(in *input, p base.PageNo, body []byte) (image []byte, ok bool) {
	if id.box == nil {
		return body, in.secret == nil
	}
	plain, err := id.box.OpenPage(nil, body, uint64(p))
	if err != nil {
		return nil, false
	}
	image, _, _, err = crypt.CutPageTail(plain)
	return image, err == nil
}

// decompress fills dst with a page. A codec that panics on damaged input has found it damaged.
func decompress(in *input, dst, src []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	if in.codec == nil {
		return copy(dst, src) == len(dst) && len(src) == len(dst)
	}
	return in.codec.Decompress(dst, src) == nil
}

// bytes appends up to n bytes from a place on to dst, over the pieces that are joined, and returns the
// place after them.
func (w *walker) bytes(dst []byte, at place, n int) ([]byte, place) {
	for n > 0 && at.i < len(w.s.pieces) {
		p := &w.s.pieces[at.i]
		k := int(min(int64(n), int64(p.last-at.at)+1))
		if k > 0 {
			from := len(dst)
			dst = append(dst, make([]byte, k)...)
			if !w.win.readNear(w.s.in, dst[from:], int64(at.at)) {
				return dst[:from], at
			}
			n -= k
			at.at += base.PageNo(k)
		}
		if n == 0 {
			break
		}
		if at.i+1 == len(w.s.pieces) || !w.s.pieces[at.i+1].joined {
			break
		}
		at = place{at.i + 1, w.s.pieces[at.i+1].first}
	}
	return dst, at
}
