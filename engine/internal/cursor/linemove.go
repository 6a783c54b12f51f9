// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// Next moves to the next key; Prev to the one before. Moving off the end makes the
// cursor invalid; it stays so until it is positioned again.
func (c *Cursor) Next() bool {
	if !c.lined || c.back {
		return c.nextUnlined()
	}
	it := c.plainFront()
	if c.order.left--; c.order.left < 0 || it == nil || !it.NextPlain() {
		c.sources[c.cur].Next()
		return c.stepped()
	}
	it.FetchOn()
	if head := base.LongHeadOf(it.PlainKey()); !head.Less(c.limit) && (head != c.limit || !c.within(it.PlainKey())) {
		return c.overtaken(head)
	}
	if c.front == nil {
		c.front = it
	}
	return true
}

// Prev moves to the previous key; see Next.
func (c *Cursor) Prev() bool {
	if !c.lined || !c.back {
		return c.prevUnlined()
	}
	it := c.plainFront()
	if c.order.left--; c.order.left < 0 || it == nil || !it.PrevPlain() {
		c.sources[c.cur].prev()
		return c.stepped()
	}
	if head := base.LongHeadOf(it.PlainKey()); !c.limit.Less(head) && (head != c.limit || !c.within(it.PlainKey())) {
		return c.overtaken(head)
	}
	if c.front == nil {
		c.front = it
	}
	return true
}

// plainFront returns the iterator that can step over plain records at the front of the line, nil if that is a tree.
func (c *Cursor) plainFront() *segment.Iter {
	if c.front != nil {
		return c.front
	}
	if s := &c.sources[c.cur]; s.isSeg {
		return &s.seg
	}
	return nil
}
