// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"
	"math"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// lineless keeps cursors from lining up, for tests that compare the two ways of walking.
var lineless bool

// line is the fast way of a walk: the sources that stand on user keys, in the order in which the
// walk comes to these keys. While a cursor is lined, its record is that of the first source in the
// line, all others stand on keys after it (before it, going backward), and no deleted range hides
// it. So a move is a step of one source, mostly within its page, and one comparison.
//
// What the line cannot decide, such as a deleted record at its front, ends it; ahead and backward,
// which know everything, take over from where the sources stand. They line up again when a move
// has met no hidden record.
type line struct {
	lanes []lane
	// limit is the head of the second lane's key, as far as keys of the first can go unseen, or of
	// the split key if that comes before.
	limit uint64
	// cover is the newest source on whose record a deleted range ends, in the direction of
	// the walk: it may hide keys of older sources.
	cover int
	lined bool
	// front is the first source's iterator if that has moved by steps over plain records, of which
	// the source has not taken over kind, key and head; else nil.
	front *segment.Iter
}

// lane is a source in the line.
type lane struct {
	head uint64
	i    int
}

// leave ends the line. The sources stand where they must for a move of the general kind.
func (c *Cursor) leave() {
	if c.front != nil {
		c.sources[c.cur].settle(true)
	}
	c.lined, c.front = false, nil
}

// hider is the mark of a record that says that a deleted range reaches to it.
func (c *Cursor) hider() base.Kind {
	if c.back {
		return base.StartDelete
	}
	return base.EndDelete
}

// lineUp lines the sources up after a move, if the current record can be at the front.
func (c *Cursor) lineUp() {
	if lineless || c.topic != 0 || c.gaps {
		return
	}
	c.lanes, c.cover = c.lanes[:0], len(c.sources)
	for i := range c.sources {
		if !c.sources[i].valid || c.sources[i].kind&base.System != 0 {
			continue
		}
		c.notice(i)
		c.lanes = append(c.lanes, lane{c.sources[i].head, i})
		for j := len(c.lanes) - 1; j > 0 && c.first(c.lanes[j], c.lanes[j-1]); j-- {
			c.lanes[j], c.lanes[j-1] = c.lanes[j-1], c.lanes[j]
		}
	}
	if c.lanes[0].i == c.cur { // else a newer source has a bare mark at the key
		c.lined = true
		c.passEqual()
	}
}

// first reports whether a walk comes to the key of a before that of b, or to the newer source of
// the two if the keys are the same.
func (c *Cursor) first(a, b lane) bool {
	if a.head != b.head {
		return a.head < b.head != c.back
	}
	d := bytes.Compare(c.sources[a.i].key, c.sources[b.i].key)
	if d == 0 {
		return a.i < b.i
	}
	return d < 0 != c.back
}

// notice looks for a deleted range at the record that a source has come to.
func (c *Cursor) notice(i int) {
	if i < c.cover && c.sources[i].kind&c.hider() != 0 {
		c.cover = i
	}
}

// Next moves to the next key; Prev to the one before. Moving off the end makes the
// cursor invalid; it stays so until it is positioned again.
func (c *Cursor) Next() bool {
	if !c.lined || c.back {
		return c.nextUnlined()
	}
	it := c.front
	if it == nil {
		it = c.sources[c.cur].plainFrom()
	}
	if c.order.left--; c.order.left < 0 || it == nil || !it.NextPlain() {
		c.front = nil
		c.sources[c.cur].Next()
		return c.stepped()
	}
	key := it.PlainKey()
	if head := base.Head(key); head < c.limit || head == c.limit && c.within(key) {
		if c.front == nil {
			c.front = it
		}
		return true
	}
	c.front = nil
	c.sources[c.cur].settle(true)
	return c.stepped()
}

// Prev moves to the previous key; see Next.
func (c *Cursor) Prev() bool {
	if !c.lined || !c.back {
		return c.prevUnlined()
	}
	it := c.front
	if it == nil {
		it = c.sources[c.cur].plainFrom()
	}
	if c.order.left--; c.order.left < 0 || it == nil || !it.PrevPlain() {
		c.front = nil
		c.sources[c.cur].prev()
		return c.stepped()
	}
	key := it.PlainKey()
	if head := base.Head(key); head > c.limit || head == c.limit && c.within(key) {
		if c.front == nil {
			c.front = it
		}
		return true
	}
	c.front = nil
	c.sources[c.cur].settle(true)
	return c.stepped()
}

// plainFrom returns the iterator that can step over plain records, nil if the source is a tree.
func (s *Source) plainFrom() *segment.Iter {
	if s.isSeg {
		return &s.seg
	}
	return nil
}

// within reports whether the walk comes to a key of the first source before that of the second,
// where the key's head is the limit, and whether the source is not beyond the split key then.
func (c *Cursor) within(key []byte) bool {
	if l := c.sources[c.cur].limits; l != nil && !l.inside(0, key) {
		return false
	}
	if len(c.lanes) == 1 {
		return true
	}
	d := bytes.Compare(key, c.sources[c.lanes[1].i].key)
	return d != 0 && d < 0 != c.back
}

// stepped goes on after the first source has moved to another record or to its end.
func (c *Cursor) stepped() bool {
	if !c.place(0) {
		return c.passOn()
	}
	front := c.lanes[0].i
	s := &c.sources[front]
	if s.kind&base.Insert == 0 || front > c.cover {
		return c.passOn()
	}
	if c.order.left < 0 && !c.inOrder(s) {
		return false
	}
	c.cur = front
	c.passEqual()
	return true
}

// passOn leaves it to ahead or backward to find the record. All sources have moved past the last one.
func (c *Cursor) passOn() bool {
	c.lined = false
	c.run.begin(nil, false)
	if c.back {
		return c.backward()
	}
	return c.ahead()
}

// place puts the lane at position j, whose source has moved, where it belongs now, or takes it out
// of the line if the source has no more user keys. It reports whether the line has lanes left and the
// source has not failed.
func (c *Cursor) place(j int) bool {
	l := c.lanes[j]
	s := &c.sources[l.i]
	if !s.valid || s.kind&base.System != 0 {
		c.lanes = append(c.lanes[:j], c.lanes[j+1:]...)
		return len(c.lanes) > 0 && s.Err() == nil
	}
	c.notice(l.i)
	l.head = s.head
	for ; j+1 < len(c.lanes) && c.first(c.lanes[j+1], l); j++ {
		c.lanes[j] = c.lanes[j+1]
	}
	c.lanes[j] = l
	return true
}

// passEqual moves the older sources that stand on the key of the first one past it, and notes how
// far the first one can go.
func (c *Cursor) passEqual() {
	s := &c.sources[c.cur]
	for len(c.lanes) > 1 {
		l := c.lanes[1]
		if l.head != s.head || !bytes.Equal(c.sources[l.i].key, s.key) {
			c.limit = s.limits.nearer(l.head, c.back)
			return
		}
		if c.back {
			c.sources[l.i].prev()
		} else {
			c.sources[l.i].Next()
		}
		if !c.place(1) {
			c.lined = false // the next move meets the error
			return
		}
	}
	last := uint64(math.MaxUint64)
	if c.back {
		last = 0
	}
	c.limit = s.limits.nearer(last, c.back)
}
