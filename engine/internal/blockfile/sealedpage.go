// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
)

// tampered makes the error of a page that is not where, or what, it must be.
func (s *Space) tampered(p base.PageNo, detail string, args ...any) error {
	s.stats.badPages.Add(1)
	return s.corrupt(p, errs.Tamperedf(detail, args...))
}

// open appends what the record of page p holds to dst, and returns it with the image of the page, which is in that.
// It notes what the page says of its neighbours.
func (t *stream) open(dst []byte, p base.PageNo, body []byte) (_, image []byte, err error) {
	if t.s.Box == nil {
		return dst, nil, t.s.tampered(p, "the page is of no segment, so that its key is not known")
	}
	out, err := t.s.Box.OpenPage(dst, body, uint64(p))
	if err != nil {
		return dst, nil, t.s.tampered(p, "the page does not agree with its tag: it was changed, belongs elsewhere, or is what stood here before")
	}
	image, prev, last, err := crypt.CutPageTail(out)
	if err != nil {
		return dst, nil, t.s.corrupt(p, err)
	}
	t.prev, t.isLast = base.PageNo(prev), last
	return out, image, nil
}

// openPage fills raw with page p, which was encrypted as it is. Where there is room after raw, as there is in the
// cache, what is opened goes right there.
func (t *stream) openPage(raw []byte, p base.PageNo, body []byte) (err error) {
	var image []byte
	if want := len(raw) + crypt.PageTail; cap(raw) >= want && len(body) == len(raw)+crypt.PageOverhead {
		_, _, err = t.open(raw[:0:want], p, body)
		return err
	}
	if t.plain, image, err = t.open(t.plain[:0], p, body); err != nil {
		return err
	}
	if len(image) != len(raw) {
		return t.s.tampered(p, "the page has %d bytes", len(image))
	}
	copy(raw, image)
	return nil
}

// follows reports whether the page of a frame comes after another one, as it says itself, and notes it there.
func (s *Space) follows(before, fr *Frame) bool {
	if s.Box == nil {
		return true
	}
	if base.PageNo(fr.prev.Load()) != before.no {
		return false
	}
	before.next.Store(int64(fr.no))
	return true
}

// notNext is the error of a page after p that is none.
func (s *Space) notNext(p, next base.PageNo) error {
	return s.tampered(next, "the page does not come after page %d, which leads to it", p)
}
