// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
)

// Seek moves to the key that mode names, relative to key, which may be the current one.
func (c *Cursor) Seek(key []byte, mode Mode) bool {
	if len(c.sources) == 0 && c.around != nil {
		return c.around.seek(key, mode)
	}
	// The page of the current key is released when the first source moves.
	c.sought = append(c.sought[:0], key...)
	key = c.sought
	switch mode {
	case GE:
		return c.seekGE(key)
	case LE:
		return c.seekLE(key)
	case LEFast:
		return c.seekLEFast(key)
	}
	return c.seekEQ(key)
}

// seekEQ looks the key up in the sources, newest first, until one decides its fate. It looks
// at no other key; all sources are positioned when the cursor moves on.
func (c *Cursor) seekEQ(key []byte) bool {
	c.order.begin()
	c.reset(false)
	head := base.Head(key)
	ask := asker{key: key}
	var counts *filter.Counts
	defer func() { ask.done(counts) }()
	for i := range c.sources {
		s := &c.sources[i]
		if s.isSeg && counts == nil {
			counts = countsOf(s.seg.Segment())
		}
		if s.isSeg && c.topic == 0 && ask.source(s) == absent {
			s.leave()
			continue
		}
		s.seekGE(c.topic, key)
		if s.At(c.topic, head, key) {
			if s.kind&base.Insert != 0 {
				c.cur, c.alone = i, true
				return true
			}
			if s.kind&base.PointDelete != 0 {
				return false
			}
			continue
		}
		if err := s.Err(); err != nil {
			return c.fail(err)
		}
		if s.CoversAhead(c.topic, key) {
			return false
		}
	}
	return false
}

func (c *Cursor) seekGE(key []byte) bool {
	c.order.begin()
	c.run.begin(key, true)
	target := key
	if c.memory.any() {
		target = c.passAhead(key)
	}
	c.approach(target)
	for i := range c.sources {
		c.sources[i].seekGE(c.topic, target)
	}
	return c.ahead()
}

func (c *Cursor) seekLE(key []byte) bool {
	c.order.begin()
	c.run.begin(key, true)
	target := key
	if c.memory.any() {
		target = c.passBehind(key)
	}
	c.approach(target)
	for i := range c.sources {
		c.sources[i].seekLE(c.topic, target)
	}
	return c.backward()
}

// seekLEFast stops at the greatest key in any source: it does not look for one that is not
// deleted, which may be far before it.
func (c *Cursor) seekLEFast(key []byte) bool {
	c.order.begin()
	for i := range c.sources {
		c.sources[i].seekLE(c.topic, key)
	}
	c.reset(true)
	most := c.most()
	if most < 0 {
		return false
	}
	if owner, _ := c.resolve(most, true); owner >= 0 && bytes.Equal(c.sources[owner].key, key) {
		c.cur = owner
		return true
	}
	c.cur, c.bare = most, true
	return true
}

// approach goes in all sources at once as near to a key as a segment can be searched in steps. A seek of
// each source with the same key has to follow.
func (c *Cursor) approach(key []byte) {
	if len(c.sources) < 2 || c.topic != 0 || c.pass {
		return
	}
	for i := range c.sources {
		if s := &c.sources[i]; s.searched(key) {
			s.seg.Aim(key)
		}
	}
	for i := range c.sources {
		if s := &c.sources[i]; s.searched(key) {
			s.seg.Expect()
		}
	}
	for i := range c.sources {
		if s := &c.sources[i]; s.searched(key) {
			s.seg.Approach(key)
		}
	}
}

// searched reports whether a seek to a user key searches for it in a segment.
func (s *Source) searched(key []byte) bool {
	return s.isSeg && (s.limits == nil || s.limits.inside(0, key))
}
