// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"bytes"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// spine is the leaf pages of a segment in the order in which its b-tree leads to them, each with its first key. It
// shows where a page of C lsm1, which has no sum, has the content of another one. What of the b-tree is damaged is left
// out.
type spine struct {
	s      *sheet
	stack  []vertebra
	height int // of the b-tree; 0 before the first leaf page
	ahead  []separated
	buf    []byte
	left   int64 // b-tree pages that may still be read: a damaged b-tree may run in circles
}

// vertebra is a b-tree page on the way down, and the child that comes next.
type vertebra struct {
	page format.Page
	next int
}

// separated is a leaf page and its first key, nil if that is not known.
type separated struct {
	no  base.PageNo
	key *topKey
}

const (
	maxSpineDepth = 31
	spineAhead    = 64 // how many leaf pages are looked through for one
)

// newSpine returns the spine of a segment with a root, nil if that cannot be read.
func newSpine(s *sheet, root base.PageNo) *spine {
	sp := &spine{s: s, buf: make([]byte, s.in.geo.PageSize)}
	for i := range s.pieces {
		sp.left += int64(s.pieces[i].last-s.pieces[i].first) + 1
	}
	if page := sp.read(root); page != nil && page.IsBTree() && page.NumCells() > 0 {
		sp.stack = []vertebra{{page: page}}
		return sp
	}
	return nil
}

// read returns a copy of a page of the segment, nil if it cannot be trusted.
func (sp *spine) read(no base.PageNo) format.Page {
	for i := range sp.s.pieces {
		if p := &sp.s.pieces[i]; no >= p.first && no <= p.last {
			w := walker{s: sp.s, i: i, at: no}
			if at, ok := w.next(sp.buf); ok && at.no == no && at.page != nil {
				return slices.Clone(at.page)
			}
			return nil
		}
	}
	return nil
}

// fill reads up to the next leaf page. It reports false at the end.
func (sp *spine) fill() bool {
	for len(sp.stack) > 0 {
		v := &sp.stack[len(sp.stack)-1]
		n := v.page.NumCells()
		if v.next > n {
			sp.stack = sp.stack[:len(sp.stack)-1]
			continue
		}
		i := v.next
		v.next++
		child := v.page.Ptr()
		if i < n {
			child = v.page.BTreeCell(i).Child
		}
		child = sp.s.id.mappedPage(sp.s.in.geo, child)
		if sp.height == 0 || len(sp.stack) < sp.height {
			page := sp.read(child)
			switch {
			case page == nil:
				continue
			case page.IsBTree():
				if sp.left--; sp.left > 0 && len(sp.stack) < maxSpineDepth {
					sp.stack = append(sp.stack, vertebra{page: page})
				}
				continue
			}
			sp.height = len(sp.stack)
		}
		sp.ahead = append(sp.ahead, separated{child, sp.key()})
		return true
	}
	return false
}

// key returns the key left of the child that was just taken: of its own page, or of the nearest one above.
func (sp *spine) key() *topKey {
	for i := len(sp.stack) - 1; i >= 0; i-- {
		if v := &sp.stack[i]; v.next >= 2 {
			c := v.page.BTreeCell(v.next - 2)
			if c.Ref != 0 {
				return nil
			}
			return &topKey{kind: c.Kind, key: c.Key}
		}
	}
	return nil
}

// agrees reports whether a leaf page has the keys that the b-tree says it has, as far as it says anything.
func (sp *spine) agrees(no base.PageNo, page format.Page) bool {
	i := slices.IndexFunc(sp.ahead, func(a separated) bool { return a.no == no })
	for i < 0 && len(sp.ahead) < spineAhead && sp.fill() {
		if sp.ahead[len(sp.ahead)-1].no == no {
			i = len(sp.ahead) - 1
		}
	}
	if i < 0 {
		return true
	}
	sp.ahead = sp.ahead[i:]
	if len(sp.ahead) == 1 {
		sp.fill()
	}
	first, last := page.LeafCell(0), page.LeafCell(page.NumCells()-1)
	if want := sp.ahead[0].key; want != nil && !sameFront(*want, first, onPage(page, first)) {
		return false
	}
	if len(sp.ahead) > 1 && sp.ahead[1].key != nil {
		return topKeyOf(page, last).before(*sp.ahead[1].key)
	}
	return true
}

// sameFront reports whether a record may have a key, as much of which as is on its page is given.
func sameFront(want topKey, c format.LeafCell, got []byte) bool {
	return want.kind&base.System == c.Kind&base.System && len(want.key) == c.KeyLen && bytes.HasPrefix(want.key, got)
}
