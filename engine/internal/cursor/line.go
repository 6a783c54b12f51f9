// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

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
	limit base.LongHead
	// cover is the newest source on whose record a deleted range ends, in the direction of
	// the walk: it may hide keys of older sources.
	cover int
	lined bool
	// front is the iterator of the current record if that is a plain one of the first source, else nil.
	front *segment.Iter
}

// leave ends the line. The sources stand where they must for a move of the general kind.
func (c *Cursor) leave() {
	if c.lined {
		c.join()
	}
	c.lined, c.front = false, nil
}

// join has all sources take over where their iterators stand.
func (c *Cursor) join() {
	if c.front != nil {
		c.sources[c.cur].settle(true)
	}
	for j := range c.lanes {
		if l := &c.lanes[j]; l.apart {
			c.sources[l.i].settle(true)
			l.apart = false
		}
	}
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
		s := &c.sources[i]
		if !s.valid && s.Err() != nil {
			return // the move meets the error
		}
		if !s.valid || s.kind&base.System != 0 {
			continue
		}
		c.notice(i)
		c.lanes = append(c.lanes, s.lane(i))
		for j := len(c.lanes) - 1; j > 0 && c.first(&c.lanes[j], &c.lanes[j-1]); j-- {
			c.lanes[j], c.lanes[j-1] = c.lanes[j-1], c.lanes[j]
		}
	}
	if c.lanes[0].i == c.cur { // else a newer source has a bare mark at the key
		c.lined = true
		c.lead()
		c.passEqual()
	}
}

// lead makes the record of the first lane current.
func (c *Cursor) lead() {
	l := &c.lanes[0]
	c.cur, c.front = l.i, nil
	if l.plain {
		c.front = &c.sources[l.i].seg
	}
}

// notice looks for a deleted range at the record that a source has come to.
func (c *Cursor) notice(i int) {
	if i < c.cover && c.sources[i].kind&c.hider() != 0 {
		c.cover = i
	}
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
	d := bytes.Compare(key, c.keyOf(&c.lanes[1]))
	return d != 0 && d < 0 != c.back
}

// overtaken goes on after the first source has moved by a step over a plain record, whose key has the given
// head, to or past the limit. Mostly the second lane is the first one then, and nothing else has to be known.
func (c *Cursor) overtaken(head base.LongHead) bool {
	l := lane{head: head, i: c.cur, plain: true, apart: true}
	c.lanes[0], c.front = l, nil
	if c.cover < len(c.sources) || c.sources[c.cur].limits != nil {
		c.lanes[0].apart = false
		c.sources[c.cur].settle(true)
		return c.stepped()
	}
	lanes, j := c.lanes, 1
	for ; j < len(lanes); j++ {
		if next := &lanes[j]; next.head == head && !c.first(next, &l) || next.head != head && next.head.Less(head) == c.back {
			break
		}
		lanes[j-1] = lanes[j]
	}
	lanes[j-1] = l
	f := &lanes[0]
	s := &c.sources[f.i]
	if !f.plain && s.kind&base.Insert == 0 {
		return c.passOn()
	}
	c.lead()
	if len(lanes) > 1 && lanes[1].head != f.head && s.limits == nil {
		c.limit = lanes[1].head
	} else {
		c.passEqual()
	}
	return true
}

// stepped goes on after the first source has moved to another record or to its end, and has taken it over.
func (c *Cursor) stepped() bool {
	if c.kept() {
		return true
	}
	if c.front = nil; !c.place(0) {
		return c.passOn()
	}
	f := &c.lanes[0]
	s := &c.sources[f.i]
	if !f.plain && s.kind&base.Insert == 0 || f.i > c.cover {
		return c.passOn()
	}
	if c.order.left < 0 && !c.inOrder(c.keyOf(f)) {
		return false
	}
	c.lead()
	c.passEqual()
	return true
}

// kept reports whether the first source is still that, by a step to a record that does nothing but insert, and
// makes its record current then.
func (c *Cursor) kept() bool {
	s := &c.sources[c.cur]
	if !s.valid || s.kind != base.Insert || c.order.left < 0 {
		return false
	}
	l := s.lane(c.cur)
	if c.back && !c.limit.Less(l.head) || !c.back && !l.head.Less(c.limit) {
		return false
	}
	c.lanes[0] = l
	c.lead()
	return true
}

// passOn leaves it to ahead or backward to find the record. All sources have moved past the last one.
func (c *Cursor) passOn() bool {
	c.join()
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
	i := c.lanes[j].i
	s := &c.sources[i]
	if !s.valid || s.kind&base.System != 0 {
		c.lanes = append(c.lanes[:j], c.lanes[j+1:]...)
		return len(c.lanes) > 0 && s.Err() == nil
	}
	c.notice(i)
	l := s.lane(i)
	for ; j+1 < len(c.lanes) && c.first(&c.lanes[j+1], &l); j++ {
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
		f, l := &c.lanes[0], &c.lanes[1]
		if l.head != f.head || !bytes.Equal(c.keyOf(l), c.keyOf(f)) {
			c.limit = s.limits.nearer(l.head, c.back)
			return
		}
		if c.back {
			c.sources[l.i].prev()
		} else {
			c.sources[l.i].Next()
		}
		if !c.place(1) {
			c.join()
			c.lined = false // the next move meets the error
			return
		}
	}
	last := base.LastHead
	if c.back {
		last = base.LongHead{}
	}
	c.limit = s.limits.nearer(last, c.back)
}
