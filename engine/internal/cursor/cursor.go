// Package cursor merges trees and segments into one ordered view: what a user reads,
// and what a merge consumes.
//
// A Cursor reads one pinned State (the caller keeps the pin) and shows user keys with
// their newest values; deleted records and the engine's own keys are hidden. A Source is one
// input, for callers that merge by other rules. Both belong to one goroutine.
package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Mode says which record a seek looks for.
type Mode int8

// The seek modes, with lsm1's numbers.
const (
	LEFast Mode = -2 // as LE, or a deleted key between that one and the key sought
	LE     Mode = -1 // the last key not greater
	EQ     Mode = 0  // the key itself
	GE     Mode = 1  // the first key not less
)

// Cursor walks the visible records of a State in both directions.
//
// While it moves forward every source stands on its first record at or behind the
// current key; while it moves backward, on its last record at or before it. Turning
// round repositions the sources.
type Cursor struct {
	sources []Source // newest first
	topic   base.Kind
	back    bool // the direction of the last move
	cur     int  // source of the current record, -1 if there is none
	pass    bool // one pass from front to back: see ReadAhead
	// bare says that the current record may be deleted: only its key may be used.
	bare bool
	// alone says that only the sources up to the current one are positioned.
	alone  bool
	order  order
	run    run
	memory memory
	keyBuf []byte
	valBuf []byte // of a value that spans pages
	jumped []byte // the key that a jump began at
	err    error
}

// Init makes c a cursor over the trees and levels of a state; live replaces the state's
// own live tree, so that a transaction sees its own writes.
func (c *Cursor) Init(live memtree.View, st *snapshot.State) error {
	c.topic = 0
	c.reset()
	addTree := func(v memtree.View) {
		if !v.Empty() {
			c.sources = append(c.sources, Source{})
			c.sources[len(c.sources)-1].InitTree(v)
		}
	}
	addTree(live)
	if st.HasOld {
		addTree(st.Old)
	}
	return c.addLevels(st.Disk)
}

// initSystem makes c a cursor over the system keys in the levels of a snapshot.
func (c *Cursor) initSystem(s *snapshot.Snapshot) error {
	c.topic = base.System
	c.reset()
	return c.addLevels(s)
}

func (c *Cursor) reset() {
	c.sources, c.cur, c.err, c.back, c.pass = c.sources[:0], -1, nil, false, false
	c.bare, c.alone = false, false
	c.memory = memory{}
}

func (c *Cursor) addLevels(s *snapshot.Snapshot) (err error) {
	for _, l := range s.Levels {
		if l.FreelistOnly && c.topic == 0 {
			continue
		}
		if c.sources, err = LevelSources(c.sources, l); err != nil {
			return err
		}
	}
	return nil
}

// FlushLookups has the cursor's sources tell the file how many pages they asked for, when
// the cursor is not used any more.
func (c *Cursor) FlushLookups() { flushLookups(c.sources) }

func flushLookups(sources []Source) {
	for i := range sources {
		if s := &sources[i]; s.isSeg {
			s.seg.FlushLookups()
		}
	}
}

// Drop lets go of all pages and trees. Only Err can be called afterwards.
func (c *Cursor) Drop() { *c = Cursor{cur: -1, err: c.err} }

// ReadAhead prepares the cursor for one pass from First to the end: the sources read the
// file in long runs, past the page cache, so that readers keep what they have there.
func (c *Cursor) ReadAhead() {
	c.pass = true
	for i := range c.sources {
		c.sources[i].ReadAhead()
	}
}

// Valid reports whether the cursor stands on a record.
func (c *Cursor) Valid() bool { return c.cur >= 0 }

// Key returns the current key. It is read-only and valid until the cursor moves.
func (c *Cursor) Key() []byte { return c.sources[c.cur].key }

// Value returns the current value, under the same terms.
func (c *Cursor) Value() ([]byte, error) {
	s := &c.sources[c.cur]
	if v, ok := s.Inline(); ok {
		return v, nil
	}
	if n := s.valueLen(); n > cap(c.valBuf) || cap(c.valBuf) > keptBuffer && n < cap(c.valBuf)/4 {
		c.valBuf = nil // first, so that it is not kept beside the new one
	}
	v, err := s.appendValue(c.valBuf[:0])
	if err == nil {
		c.valBuf = v
	}
	return v, err
}

// keptBuffer is up to which size a cursor keeps a buffer that is longer than it needs.
const keptBuffer = 1 << 20

// Body begins to read the current value piece by piece; it is valid until the cursor
// moves. It reports false for a value that is Inline, which it returns.
func (c *Cursor) Body() (body segment.Body, inline []byte, ok bool) {
	s := &c.sources[c.cur]
	if v, ok := s.Inline(); ok {
		return body, v, false
	}
	return s.Body(), nil, true
}

// Passed lets the cursor go on where a Body ends that was read.
func (c *Cursor) Passed(b *segment.Body) { c.sources[c.cur].Passed(b) }

// Bare reports whether the cursor stands, after a seek LEFast, on a key that may be
// deleted. It has no value then.
func (c *Cursor) Bare() bool { return c.bare }

// ValueLen returns the length of the current value without loading it.
func (c *Cursor) ValueLen() int { return c.sources[c.cur].valueLen() }

// Err returns the error that made the cursor invalid, if any. Positioning it again
// forgets the error.
func (c *Cursor) Err() error { return c.err }

// First moves to the first key.
func (c *Cursor) First() bool {
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
	return c.behind()
}

// Seek moves to the key that mode asks for, relative to key.
func (c *Cursor) Seek(key []byte, mode Mode) bool {
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
// at no other key; the older sources are positioned when the cursor moves on.
func (c *Cursor) seekEQ(key []byte) bool {
	c.order.begin()
	c.back, c.cur, c.err, c.bare, c.alone = false, -1, nil, false, false
	head := base.Head(key)
	for i := range c.sources {
		s := &c.sources[i]
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
	for i := range c.sources {
		c.sources[i].seekLE(c.topic, target)
	}
	return c.behind()
}

// seekLEFast stops at the greatest key in any source: it does not look for one that is not
// deleted, which may be far before it.
func (c *Cursor) seekLEFast(key []byte) bool {
	for i := range c.sources {
		c.sources[i].seekLE(c.topic, key)
	}
	c.back, c.cur, c.err, c.bare, c.alone = true, -1, nil, false, false
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

// Next moves to the next key; Prev to the one before. Moving off the end makes the
// cursor invalid; it stays so until it is positioned again.
func (c *Cursor) Next() bool {
	if c.cur < 0 {
		return false
	}
	if c.back || c.alone {
		c.keyBuf = append(c.keyBuf[:0], c.Key()...)
		if !c.seekGE(c.keyBuf) {
			return false
		}
		if !bytes.Equal(c.Key(), c.keyBuf) { // it stood on a deleted key
			return true
		}
	}
	c.leaveAhead(c.cur)
	c.run.begin(nil, false)
	return c.ahead()
}

// Prev moves to the previous key; see Next.
func (c *Cursor) Prev() bool {
	if c.cur < 0 {
		return false
	}
	if !c.back || c.bare {
		c.keyBuf = append(c.keyBuf[:0], c.Key()...)
		if !c.seekLE(c.keyBuf) {
			return false
		}
		if !bytes.Equal(c.Key(), c.keyBuf) { // it stood on a deleted key
			return true
		}
	}
	c.leaveBehind(c.cur)
	c.run.begin(nil, false)
	return c.behind()
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

// ahead finds the first visible record at or behind where the sources stand.
func (c *Cursor) ahead() bool {
	c.back, c.cur, c.err, c.bare, c.alone = false, -1, nil, false, false
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
		if c.order.left--; c.order.left < 0 && !c.inOrder(&c.sources[least]) {
			return false
		}
		owner, cover := c.resolve(least, false)
		if owner >= 0 {
			c.cur = owner
			c.endAhead(c.sources[owner].key)
			return true
		}
		if c.run.steps++; c.run.steps&lookMask == 0 && c.lookAhead(c.sources[least].key) {
			continue
		}
		if cover >= 0 && c.sources[cover].valid {
			c.run.steps += skipCost
			c.skipAhead(cover)
			if s := &c.sources[least]; least < cover && s.valid && s.kind&base.System == c.topic && c.less(s, &c.sources[cover]) {
				c.leaveAhead(least) // a bare mark of a source newer than the covering one
			}
			continue
		}
		c.leaveAhead(least)
	}
}

// behind is ahead in the other direction.
func (c *Cursor) behind() bool {
	c.back, c.cur, c.err, c.bare, c.alone = true, -1, nil, false, false
	for {
		most := c.most()
		if most < 0 {
			c.endBehind(nil)
			return false
		}
		if c.order.left--; c.order.left < 0 && !c.inOrder(&c.sources[most]) {
			return false
		}
		owner, cover := c.resolve(most, true)
		if owner >= 0 {
			c.cur = owner
			c.endBehind(c.sources[owner].key)
			return true
		}
		if c.run.steps++; c.run.steps&lookMask == 0 && c.lookBehind(c.sources[most].key) {
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

func (c *Cursor) fail(err error) bool {
	c.err, c.cur = err, -1
	return false
}
