// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// ahead finds the first visible record at or after the position of the sources.
func (c *Cursor) ahead() bool {
	c.reset(false)
	for {
		least := -1
		for i := range c.sources {
			s := &c.sources[i]
			if !s.valid {
				if s.isSeg && s.seg.Err() != nil {
					return c.fail(s.seg.Err())
				}
				continue
			}
			if s.kind&base.System != c.topic {
				continue
			}
			if least >= 0 {
				l := &c.sources[least]
				if s.head > l.head || s.head == l.head && bytes.Compare(s.key, l.key) >= 0 {
					continue
				}
			}
			least = i
		}
		if least < 0 {
			c.endAhead(nil)
			return false
		}
		if c.order.left--; c.order.left < 0 && !c.inOrder(c.sources[least].key) {
			return false
		}
		owner, cover := c.resolve(least, false)
		if owner >= 0 {
			c.cur = owner
			c.endAhead(c.sources[owner].key)
			return true
		}
		if c.run.steps++; c.run.steps&lookMask == 0 && c.look(c.sources[least].key) {
			continue
		}
		if cover >= 0 && c.sources[cover].valid {
			c.run.steps += skipCost
			mark.Hit(mark.RangeHides)
			c.skipAhead(cover)
			if s := &c.sources[least]; least < cover && s.valid && s.kind&base.System == c.topic && c.less(s, &c.sources[cover]) {
				c.leaveAhead(least) // a bare mark of a source newer than the covering one
			}
			continue
		}
		c.leaveAhead(least)
	}
}

// backward is ahead in the other direction. They are two because every step of a scan goes
// through one of them.
func (c *Cursor) backward() bool {
	c.reset(true)
	for {
		most := c.most()
		if most < 0 {
			c.endBehind(nil)
			return false
		}
		if c.order.left--; c.order.left < 0 && !c.inOrder(c.sources[most].key) {
			return false
		}
		owner, cover := c.resolve(most, true)
		if owner >= 0 {
			c.cur = owner
			c.endBehind(c.sources[owner].key)
			return true
		}
		if c.run.steps++; c.run.steps&lookMask == 0 && c.look(c.sources[most].key) {
			continue
		}
		if cover >= 0 && c.sources[cover].valid {
			c.run.steps += skipCost
			c.skipBehind(cover)
			if s := &c.sources[most]; most < cover && s.valid && s.kind&base.System == c.topic && c.less(&c.sources[cover], s) {
				c.leaveBehind(most)
			}
			continue
		}
		c.leaveBehind(most)
	}
}

// most returns the newest of the sources that stand on the greatest key, or -1.
func (c *Cursor) most() int {
	most := -1
	for i := range c.sources {
		s := &c.sources[i]
		if !s.valid {
			if s.isSeg && s.seg.Err() != nil {
				c.fail(s.seg.Err())
				return -1
			}
			continue
		}
		if s.kind&base.System != c.topic {
			continue
		}
		if most >= 0 {
			m := &c.sources[most]
			if s.head < m.head || s.head == m.head && bytes.Compare(s.key, m.key) <= 0 {
				continue
			}
		}
		most = i
	}
	return most
}

// resolve decides the fate of the key that source i stands on, i being the newest source
// that does: owner is the source whose value is visible, or -1. If a newer source covers
// the key with a deleted range, cover is that source, else -1.
func (c *Cursor) resolve(i int, back bool) (owner, cover int) {
	k := &c.sources[i]
	for j := range c.sources {
		s := &c.sources[j]
		if j == i || j > i && s.At(c.topic, k.head, k.key) {
			if s.kind&base.Insert != 0 {
				return j, -1
			}
			if s.kind&base.PointDelete != 0 {
				return -1, -1
			}
			continue
		}
		if back {
			if s.coversBehind(c.topic, k.key) {
				return -1, j
			}
		} else if s.CoversAhead(c.topic, k.key) {
			return -1, j
		}
	}
	return -1, -1
}

func (c *Cursor) less(a, b *Source) bool {
	return a.head < b.head || a.head == b.head && bytes.Compare(a.key, b.key) < 0
}

// passSteps is how many records a source steps over before it seeks, in a pass that reads
// long runs: a seek there reads a run for each page of the b-tree.
const passSteps = 4096

// skipAhead moves the sources older than the covering one to the end of its deleted
// range, where it stands. A source takes one step first: ranges are often short.
func (c *Cursor) skipAhead(cover int) {
	end := &c.sources[cover]
	for j := cover + 1; j < len(c.sources); j++ {
		s := &c.sources[j]
		steps := 1
		if c.pass {
			steps = passSteps
		}
		for ; steps >= 0 && s.valid && s.kind&base.System == c.topic && c.less(s, end); steps-- {
			if steps > 0 {
				s.Next()
			} else {
				s.seekGE(c.topic, end.key)
			}
		}
	}
}

func (c *Cursor) skipBehind(cover int) {
	start := &c.sources[cover]
	for j := cover + 1; j < len(c.sources); j++ {
		s := &c.sources[j]
		if s.valid && s.kind&base.System == c.topic && c.less(start, s) {
			s.prev()
			if s.valid && s.kind&base.System == c.topic && c.less(start, s) {
				s.seekLE(c.topic, start.key)
			}
		}
	}
}
