// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Fill leaves to Page what is no full page, and also what is wrong with one.
func (t *plainTail) Fill(p base.PageNo, room []byte) (n int, last base.PageNo, err error) {
	if !t.has(p) {
		if t.s.cache.has(p) {
			return 0, 0, nil
		}
		if err := t.fill(p, len(room), room); err != nil {
			return 0, 0, err
		}
	}
	for ; t.has(p); p++ {
		k := t.move(p, room[n:])
		if k == 0 {
			break
		}
		n, last = n+k, p
	}
	return n, last, nil
}

// move moves what page p holds to the front of room, if it is good, holds no beginning of a record, and fits.
// It returns how many bytes that are. Otherwise the page is where it was, or has to be read again.
func (t *plainTail) move(p base.PageNo, room []byte) int {
	raw := t.raw(p)
	page := format.Page(raw)
	if p == t.start || !t.has(p+1) { // others are neither the first nor the last of a block
		page = t.s.geo.Content(p, raw)
	}
	eof := page.EOF()
	switch {
	case page.IsBTree() || page.NumCells() > 0 || eof > len(room):
		return 0
	case t.s.Sealed && t.s.Seal != 0 && len(page) == len(raw) && len(raw) <= len(room):
		if format.MoveSealed(room, t.s.Original(p), raw) == t.s.Seal {
			return eof
		}
		t.run = t.run[:int(p-t.start)*len(raw)] // the page has been written over
		return 0
	case t.s.Unfit(p, raw) != "":
		return 0
	}
	return copy(room, page[:eof])
}
