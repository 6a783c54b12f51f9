// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// First moves to the first key.
func (c *Cursor) First() bool {
	if c.around != nil {
		return c.around.first()
	}
	if c.topic != 0 {
		return c.seekGE(nil)
	}
	if c.memory.any() {
		return c.seekGE([]byte{})
	}
	c.order.begin()
	for i := range c.sources {
		c.sources[i].First()
	}
	c.run.begin([]byte{}, true)
	return c.ahead()
}

// Last moves to the last key.
func (c *Cursor) Last() bool {
	if c.around != nil {
		return c.around.last()
	}
	c.order.begin()
	// System keys sort after all user keys: the empty one is the end of the user's.
	for i := range c.sources {
		if c.topic != 0 {
			c.sources[i].last()
			continue
		}
		c.sources[i].seekLE(base.System, nil)
		if s := &c.sources[i]; s.valid && s.kind&base.System != 0 {
			s.prev()
		}
	}
	c.run.begin(nil, false)
	return c.backward()
}

// nextUnlined is Next of a cursor that is not lined in its direction.
func (c *Cursor) nextUnlined() bool {
	if c.cur < 0 {
		return c.around != nil && c.around.move(false)
	}
	c.leave()
	if c.back || c.alone {
		c.keyBuf = append(c.keyBuf[:0], c.Key()...)
		if !c.seekGE(c.keyBuf) {
			return false
		}
		if !bytes.Equal(c.Key(), c.keyBuf) { // it stood on a deleted key
			return true
		}
	}
	if c.run.steps == 0 {
		if c.lineUp(); c.lined {
			return c.Next()
		}
	}
	c.leaveAhead(c.cur)
	c.run.begin(nil, false)
	if !c.ahead() {
		return false
	}
	if c.run.steps == 0 {
		c.lineUp()
	}
	return true
}

// prevUnlined is Prev of a cursor that is not lined in its direction.
func (c *Cursor) prevUnlined() bool {
	if c.cur < 0 {
		return c.around != nil && c.around.move(true)
	}
	c.leave()
	if !c.back || c.bare {
		mark.Hit(mark.CursorTurns)
		c.keyBuf = append(c.keyBuf[:0], c.Key()...)
		if !c.seekLE(c.keyBuf) {
			return false
		}
		if !bytes.Equal(c.Key(), c.keyBuf) { // it stood on a deleted key
			return true
		}
	}
	if c.run.steps == 0 {
		if c.lineUp(); c.lined {
			return c.Prev()
		}
	}
	c.leaveBehind(c.cur)
	c.run.begin(nil, false)
	if !c.backward() {
		return false
	}
	if c.run.steps == 0 {
		c.lineUp()
	}
	return true
}

// leaveAhead moves every source that stands on the key of source i past it, source i
// itself last, because the key may live in its buffer.
func (c *Cursor) leaveAhead(i int) {
	s := &c.sources[i]
	for j := range c.sources {
		if o := &c.sources[j]; j != i && o.valid && o.head == s.head && o.kind&base.System == c.topic && bytes.Equal(o.key, s.key) {
			o.Next()
		}
	}
	s.Next()
}

func (c *Cursor) leaveBehind(i int) {
	s := &c.sources[i]
	for j := range c.sources {
		if o := &c.sources[j]; j != i && o.valid && o.head == s.head && o.kind&base.System == c.topic && bytes.Equal(o.key, s.key) {
			o.prev()
		}
	}
	s.prev()
}
