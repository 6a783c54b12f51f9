// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Gap is a range of user keys of which a segment may hold records that cannot be read. The zero Gap is none.
type Gap struct {
	From, To []byte // From is in the range, To is not; nil is no bound
	Page     base.PageNo
	Err      error // why, nil for no gap
}

// Covers reports whether a user key is in the range.
func (g *Gap) Covers(key []byte) bool {
	return g.Err != nil && bytes.Compare(key, g.From) >= 0 && (g.To == nil || bytes.Compare(key, g.To) < 0)
}

// Around walks a segment as an Iter does, and goes on after what it cannot read. After each move it says
// what that was: Gap is what lies between the record it has left, or the key sought, and the record it
// stands on, or the end; Lost says that it stands on a record of which the value cannot be read. A
// key for which neither holds has in this segment exactly what the iterator shows.
//
// It takes the way of an Iter as long as that is sound. Where that fails it goes from page to page by the
// order of the file, trusting a link only if a readable page has it or the page that it leads to
// links back, and, where that ends, by the b-tree. Keys are never out of order.
type Around struct {
	it   Iter
	gap  Gap
	lost error
	// The record that the walk was at before.
	has  bool
	kind base.Kind
	key  []byte

	visits int   // pages that a search in the b-tree may still look at
	tried  int   // leaf pages that searches have led to since a record was found
	skip   int   // those that a search has still to pass over
	jumps  int64 // from block to block in one move
}

// Init makes it a walk over seg that stands nowhere.
func (a *Around) Init(seg *Segment) {
	a.it.Init(seg)
	a.begin()
}

// Release gives back what is held.
func (a *Around) Release() { a.it.Release() }

// Iter returns the iterator that stands on the current record.
func (a *Around) Iter() *Iter { return &a.it }

// Gap returns what the last move has met.
func (a *Around) Gap() *Gap {
	if s := a.it.seg; s.doubt != nil {
		return &Gap{Page: s.First, Err: s.doubt}
	}
	return &a.gap
}

// Doubtful reports whether it is not known which pages belong to the segment.
func (a *Around) Doubtful() bool { return a.it.seg.doubt != nil }

// Lost returns why the value of the current record cannot be read, nil if it can.
func (a *Around) Lost() error { return a.lost }

// begin forgets what was passed.
func (a *Around) begin() {
	a.gap, a.lost, a.has, a.jumps, a.tried, a.it.err = Gap{}, nil, false, 0, 0, nil
}

// remember notes the current record, which the walk leaves.
func (a *Around) remember() {
	a.gap, a.lost, a.jumps, a.tried = Gap{}, nil, 0, 0
	a.has, a.kind, a.key = true, a.it.kind, append(a.key[:0], a.it.Key()...)
}

// note notes that something on a page, or after it, cannot be read.
func (a *Around) note(p base.PageNo, err error) {
	if a.gap.Err == nil {
		a.gap.Page, a.gap.Err = p, err
	}
	a.it.err = nil
}

// arrived ends a move that has come to a record: it reads the value if that is not on the page.
func (a *Around) arrived() bool {
	it := &a.it
	it.valid = true
	if it.kind&base.Insert == 0 || it.bodyOff+it.keyLen+it.valLen <= it.eof {
		return true
	}
	b := it.bodyAt(it.no, it.page, it.bodyOff+it.keyLen, it.valLen, 0)
	for piece, err := b.Next(); ; piece, err = b.Next() {
		if err != nil {
			a.lost = err
			break
		}
		if len(piece) == 0 {
			it.Passed(&b)
			break
		}
	}
	b.Close()
	return true
}

// First moves to the first record.
func (a *Around) First() bool {
	a.begin()
	a.toFront()
	return a.ahead() && a.arrived()
}

// Next moves to the next record. It must stand on one.
func (a *Around) Next() bool {
	a.remember()
	return a.ahead() && a.arrived()
}

// Prev moves to the record before. It must stand on one.
func (a *Around) Prev() bool {
	a.remember()
	return a.back() && a.arrived()
}

// SeekGE moves to the first record whose key is not less than key.
func (a *Around) SeekGE(topic base.Kind, key []byte) bool {
	a.begin()
	ok := a.it.SeekGE(topic, key)
	if ok && a.fit(a.it.no) {
		return a.arrived()
	}
	if !ok && a.it.err == nil {
		return false
	}
	a.toBefore(topic, key)
	for a.ahead() {
		if base.CompareTopic(a.it.kind, a.it.Key(), topic, key) >= 0 {
			return a.arrived()
		}
		a.remember()
	}
	return false
}

// SeekLE moves to the last record whose key is not greater than key.
func (a *Around) SeekLE(topic base.Kind, key []byte) bool {
	a.begin()
	ok := a.it.SeekLE(topic, key)
	if ok && a.fit(a.it.no) {
		return a.arrived()
	}
	if !ok && a.it.err == nil {
		a.atFront()
		a.between(brink{}, brink{})
		return false
	}
	a.toBefore(topic, key)
	var page base.PageNo
	cell := 0
	for a.ahead() && base.CompareTopic(a.it.kind, a.it.Key(), topic, key) <= 0 {
		page, cell = a.it.no, a.it.cell
		a.remember()
	}
	if page == 0 {
		a.it.valid = false
		return false
	}
	return a.stand(page, cell) && a.arrived()
}

// stand makes a record current that was so before.
func (a *Around) stand(page base.PageNo, cell int) bool {
	if !a.set(page) {
		return false
	}
	a.it.cell = cell
	if a.it.cell >= a.it.cells || !a.it.load() {
		a.note(page, a.it.corrupt(page, "the page has changed while it was read"))
		return false
	}
	return true
}

// Last moves to the last record.
func (a *Around) Last() bool {
	a.begin()
	ok := a.it.Last()
	if ok && a.fit(a.it.no) {
		return a.arrived()
	}
	if !ok && a.it.err == nil {
		return false
	}
	return a.SeekLE(base.System, lastKey)
}

// lastKey is greater than any system key.
var lastKey = []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}

// ahead moves to the next record after the current cell, or after what cannot be read.
func (a *Around) ahead() bool {
	it := &a.it
	for {
		for it.cell+1 < it.cells {
			it.cell++
			if it.load() && a.inOrder(false) {
				a.between(a.left(), brink{true, it.kind, it.Key()})
				return true
			}
			if it.err != nil {
				a.note(it.no, it.err)
			}
		}
		if !a.nextLeaf() {
			it.valid = false
			a.between(a.left(), brink{})
			return false
		}
		it.cell = -1
	}
}

// inOrder reports whether the record that a walk has come to is on the right side of the one that was left. So no walk
// runs in a circle.
func (a *Around) inOrder(back bool) bool {
	it := &a.it
	if !a.has {
		return true
	}
	if d := base.CompareTopic(it.kind, it.Key(), a.kind, a.key); d == 0 || d < 0 != back {
		it.fail(it.disorder())
		return false
	}
	return true
}

// back is ahead in the other direction.
func (a *Around) back() bool {
	it := &a.it
	for {
		for it.cell > 0 {
			it.cell--
			if it.load() && a.inOrder(true) {
				a.between(brink{true, it.kind, it.Key()}, a.left())
				return true
			}
			if it.err != nil {
				a.note(it.no, it.err)
			}
		}
		if !a.prevLeaf() {
			it.valid = false
			a.between(brink{}, a.left())
			return false
		}
		it.cell = it.cells
	}
}

// brink is a record next to a gap; the zero one is the end of the segment.
type brink struct {
	has  bool
	kind base.Kind
	key  []byte
}

// left returns the record that was left.
func (a *Around) left() brink { return brink{a.has, a.kind, a.key} }

// between sets the bounds of the gap, if there is one: those of the user keys between two records.
func (a *Around) between(low, high brink) {
	switch {
	case a.gap.Err == nil:
		return
	case low.has && low.kind&base.System != 0:
		a.gap = Gap{} // none of a user
		return
	case low.has:
		a.gap.From = append(append(make([]byte, 0, len(low.key)+1), low.key...), 0)
	}
	if high.has && high.kind&base.System == 0 {
		a.gap.To = append([]byte{}, high.key...)
	}
}
