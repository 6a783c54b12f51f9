// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Records follow each other without a gap. So for each leaf page it is known how many bytes at
// its front are the rest of a record that starts on an earlier page. If no record starts on a
// page, such a rest must fill the page or end on it. A page that was lost, or that belongs
// elsewhere, mostly breaks this, also where C lsm1 wrote it and it has no page sum.

// tail is how many bytes of the newest record are still to come, going forward.
type tail struct {
	left int64 // -1: not known
	// room is what is left over on a page on which the rest of a record ended and no other
	// started; 0 if there was no such page.
	room int64
}

// leastRoom is the room that the shortest record needs to start on a page.
const leastRoom = 5

// tail returns that of the current page's last record.
func (it *Iter) tail() tail {
	if it.cells == 0 {
		return tail{left: -1}
	}
	c := it.page.LeafCell(it.cells - 1)
	return tail{left: max(0, int64(c.Body)+int64(c.KeyLen)+int64(c.ValLen)-int64(it.eof))}
}

// over goes on over the next leaf page and says what is wrong with it, or nothing.
func (t *tail) over(page format.Page) string {
	if t.left < 0 {
		if page.NumCells() > 0 {
			t.left = 0
		}
		return ""
	}
	if page.NumCells() == 0 {
		if t.left <= 0 {
			return "the page holds neither a record nor a part of one"
		}
		eof := int64(page.EOF())
		if t.left < eof {
			t.room = eof - t.left
		}
		t.left = max(0, t.left-eof)
		return ""
	}
	if t.left != int64(page.CellOffset(0)) {
		return "the first record of the page does not stand where the record before it ends"
	}
	return ""
}

// rest is the counterpart of tail, going backward: what the pages that were passed need.
type rest struct {
	known bool
	front int64 // bytes of a record at the front of the page that begins what was passed
	empty int64 // room on the pages without records before that
	least int64 // room on the last of them in the order of the file, where the rest ends
	seen  bool
}

// tailBefore returns the rest of a record at the front of the current page. After the last page
// there is none.
func (it *Iter) tailBefore() (r rest) {
	switch {
	case it.page.IsBTree():
		// Only the last page may be one: all records end before it.
		r.known = it.no == it.seg.LastPage
	case it.cells > 0:
		r.known, r.front = true, int64(it.page.CellOffset(0))
	case it.no == it.seg.LastPage:
		r.known = true
		r.before(it.page)
	}
	return r
}

// before goes on over a page on which no record starts.
func (r *rest) before(page format.Page) {
	room := int64(page.EOF())
	if !r.seen {
		r.least, r.seen = room, true
	}
	r.empty += room
}

// from says whether a record of which t is still to come ends where it must.
func (r *rest) from(t tail) string {
	switch {
	case !r.known || t.left < 0:
		return ""
	case r.seen && t.left <= r.empty-r.least:
		return "a page after this one holds neither a record nor a part of one"
	case max(0, t.left-r.empty) != r.front:
		return "the last record of the page does not end where the one after it begins"
	}
	return ""
}

// room returns what is left over on the page on which a record ends of which t is still to
// come, if no other starts there.
func (r *rest) room(t tail) int64 {
	if !r.seen || t.left < 0 {
		return 0
	}
	return max(0, r.empty-t.left)
}

// onlyFirst reports whether all records of a segment without a b-tree begin on its first
// page, as a search in it relies on. It is found out once.
func (it *Iter) onlyFirst() bool {
	s := it.seg
	if s.Space.Sealed || s.alone == nil || s.rest != nil || s.First == s.LastPage || s.alone.Load() {
		return true
	}
	if it.forwardOrStay() {
		return it.fail(it.corrupt(it.no, "no b-tree leads to the page: the segment has lost its root"))
	}
	if it.err != nil {
		return false
	}
	it.steps, it.jumps, it.scanning = 0, 0, false
	s.alone.Store(true)
	return true
}

// known reports whether the b-tree agrees that no record starts on a page with that much
// room for some, on which one ends. Where C lsm1 has paused a merge, it leaves such a page and
// starts another; a page of its that was overwritten with zeros looks the same, but the
// b-tree leads to it. After it comes page no, or the end of the segment if no record starts
// there.
func (it *Iter) known(room int64, no base.PageNo, page format.Page) bool {
	s := it.seg
	if room < leastRoom || s.Space.Sealed || s.Root == 0 || s.rest != nil {
		return true
	}
	var look Iter
	look.Init(s)
	defer look.Done()
	if page.NumCells() == 0 || page.IsBTree() {
		look.descendTo(pageLast, 0, nil)
	} else {
		c := page.LeafCell(0)
		key, err := look.assemble(nil, no, page, c.Body, c.KeyLen, c.ValLen)
		if err != nil {
			return it.fail(err)
		}
		look.descendTo(pageBefore, c.Kind&base.System, key)
	}
	if look.err != nil {
		return it.fail(look.err)
	}
	return true
}
