// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"errors"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// inlineBytes is up to which length the value of a record is put together in memory when the record is read.
// A longer one is read again, piece by piece, if it is to be written.
const inlineBytes = 64 << 10

// ErrIncomplete says that a row was there when it was found, and that a part of it could not be read any more when its
// value was handed out.
var ErrIncomplete = errors.New("a record is not complete")

// load reads a record and reports whether all of it is there and it comes after the one before.
func (r *run) load(l *leaf, i int) bool {
	c := l.page.LeafCell(i)
	end, eof := c.Body+c.KeyLen+c.ValLen, l.page.EOF()
	r.rec = record{kind: c.Kind, valLen: c.ValLen, whole: true}
	if end <= eof {
		r.rec.key = l.page[c.Body : c.Body+c.KeyLen]
		r.rec.value = l.page[c.Body+c.KeyLen : end]
	} else if !r.assemble(l, c) {
		return false
	}
	if r.any && base.CompareTopic(r.kind, r.before, r.rec.kind, r.rec.key) >= 0 {
		return false
	}
	r.before, r.kind, r.any = append(r.before[:0], r.rec.key...), r.rec.kind, true
	return true
}

// assemble puts a record together that goes on over the following pages, as far as it is held in memory, and
// reports whether all of it is there.
func (r *run) assemble(l *leaf, c format.LeafCell) bool {
	want := c.KeyLen
	if c.ValLen <= inlineBytes {
		want += c.ValLen
	} else {
		r.rec.whole = false
	}
	if int64(want) > r.sheet.in.size/format.LinkSize*int64(r.sheet.in.geo.PageSize) {
		return false // no file holds that much, however well it is compressed
	}
	r.scratch = r.scratch[:0]
	zeros, ok := r.pieces(l, c, func(part []byte) error {
		if n := min(len(part), want-len(r.scratch)); n > 0 {
			r.scratch = append(r.scratch, part[:n]...)
		}
		return nil
	})
	if ok != nil {
		return false
	}
	r.rec.doubtful = zeros
	r.rec.key = r.scratch[:c.KeyLen:c.KeyLen]
	if r.rec.whole {
		r.rec.value = r.scratch[c.KeyLen:]
	}
	return true
}

// pieces hands out the key and the value of a record part by part. It returns an error if pages are missing,
// and says whether a page of zeros is among those that hold nothing else.
func (r *run) pieces(l *leaf, c format.LeafCell, emit func([]byte) error) (zeros bool, err error) {
	left := int64(c.KeyLen) + int64(c.ValLen)
	front := l.page[min(c.Body, l.page.EOF()):l.page.EOF()]
	if int64(len(front)) > left {
		front = front[:left]
	}
	if err := emit(front); err != nil {
		return false, err
	}
	left -= int64(len(front))
	w := l.after.fork()
	buf := make([]byte, r.sheet.in.geo.PageSize)
	for left > 0 {
		at, ok := w.next(buf)
		if !ok || at.page == nil || at.apart {
			return false, ErrIncomplete
		}
		if at.page.IsBTree() {
			continue
		}
		part := at.page[:at.page.EOF()]
		if at.page.NumCells() > 0 {
			if int64(at.page.CellOffset(0)) != left {
				return false, ErrIncomplete
			}
			part = part[:left]
		} else if int64(len(part)) > left {
			if r.sheet.id.summed() && format.AllZero(buf) {
				return false, ErrIncomplete // other records have begun on it: it was written over
			}
			part = part[:left]
		}
		zeros = zeros || at.page.NumCells() == 0 && format.AllZero(buf)
		if err := emit(part); err != nil {
			return false, err
		}
		left -= int64(len(part))
	}
	return zeros, nil
}

// value hands out the value of the current record part by part.
func (r *run) value(emit func([]byte) error) error {
	if r.rec.whole {
		return emit(r.rec.value)
	}
	l := r.queue[0]
	c := l.page.LeafCell(r.cell - 1)
	skip := c.KeyLen
	_, err := r.pieces(l, c, func(part []byte) error {
		if skip >= len(part) {
			skip -= len(part)
			return nil
		}
		part = part[skip:]
		skip = 0
		return emit(slices.Clip(part))
	})
	return err
}
