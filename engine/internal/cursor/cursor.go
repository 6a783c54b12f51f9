// SPDX-License-Identifier: Apache-2.0

// Package cursor merges trees and segments into one ordered view: what a user reads,
// and what a merge consumes.
//
// A Cursor reads one pinned State (the caller keeps the pin) and shows user keys with
// their newest values; deleted records and the engine's own keys are hidden. A Source is one
// input, for callers that merge by other rules. Both belong to one goroutine.
package cursor

import (
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
// While it moves forward every source stands on its first record at or after the current key;
// while it moves backward, on its last record at or before it. A change of direction repositions
// the sources.
type Cursor struct {
	sources []Source // newest first
	topic   base.Kind
	back    bool // the direction of the last move
	cur     int  // source of the current record, -1 if there is none
	pass    bool // one pass from front to back: see ReadAhead
	// bare says that the current record may be deleted: only its key may be used.
	bare bool
	// alone says that only the sources up to the current one are positioned.
	alone bool
	// limited says that there is a half-done merge among the sources.
	limited bool
	// gaps says that a deleted range reaches across the split key of such a merge: a source at
	// its end may hide keys.
	gaps bool
	used bool // since it was new or released
	// around does the work of a cursor that reads around what is damaged; else nil. Such a cursor has no sources, and
	// stands nowhere itself: so only what comes to nothing otherwise looks at around.
	around *around
	line
	order  order
	run    run
	memory memory
	keyBuf []byte
	valBuf []byte // of a value that spans pages
	jumped []byte // the key that a jump began at
	sought []byte // the key of a seek
	err    error
}

// Init makes c a cursor over the trees and levels of a state; live replaces the state's
// own live tree, so that a transaction sees its own writes.
func (c *Cursor) Init(live memtree.View, st *snapshot.State) error {
	c.begin()
	addTree := func(v memtree.View) {
		if !v.Empty() {
			c.sources = extend(c.sources)
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
	c.begin()
	c.topic = base.System
	return c.addLevels(s)
}

// begin makes a cursor that was used before a new one.
func (c *Cursor) begin() {
	if c.used {
		c.release()
	}
	c.cur, c.used = -1, true
}

func (c *Cursor) addLevels(s *snapshot.Snapshot) (err error) {
	for _, l := range s.Levels {
		if l.FreelistOnly && c.topic == 0 {
			continue
		}
		n := len(c.sources)
		if c.sources, err = LevelSources(c.sources, l); err != nil {
			return err
		}
		for i := n; i < len(c.sources); i++ {
			limits := c.sources[i].limits
			c.limited = c.limited || limits != nil
			c.gaps = c.gaps || limits != nil && limits.gap
		}
	}
	return nil
}

// FlushLookups has the cursor's sources tell the file how many pages they looked up, when the
// cursor is not used any more.
func (c *Cursor) FlushLookups() { flushLookups(c.sources) }

func flushLookups(sources []Source) {
	for i := range sources {
		if s := &sources[i]; s.isSeg {
			s.seg.FlushLookups()
		}
	}
}

// ReadAhead prepares the cursor for one pass from First to the end: the sources read the
// file in long runs, past the page cache, so that readers keep what they have there.
func (c *Cursor) ReadAhead() {
	c.pass = true
	for i := range c.sources {
		c.sources[i].ReadAhead()
	}
}

// reset makes the cursor stand nowhere, without an error. back is the direction in which its
// sources are about to stand.
func (c *Cursor) reset(back bool) {
	c.back, c.cur, c.err, c.bare, c.alone, c.lined, c.front = back, -1, nil, false, false, false, nil
}

// Valid reports whether the cursor stands on a record.
func (c *Cursor) Valid() bool { return c.cur >= 0 || c.around != nil && c.around.valid() }

// Key returns the current key. It is read-only and valid until the cursor moves.
func (c *Cursor) Key() []byte {
	if c.front != nil {
		return c.front.PlainKey()
	}
	if uint(c.cur) < uint(len(c.sources)) {
		return c.sources[c.cur].key
	}
	return c.around.key
}

// Value returns the current value, under the same terms.
func (c *Cursor) Value() ([]byte, error) {
	if v, ok := c.PlainValue(); ok {
		return v, nil
	}
	if uint(c.cur) >= uint(len(c.sources)) {
		return c.around.value()
	}
	s := &c.sources[c.cur]
	if v, ok := s.Inline(); ok {
		return v, nil
	}
	if n := s.valueLen(); n > cap(c.valBuf) || cap(c.valBuf) > keptBuffer && n < cap(c.valBuf)/4 {
		c.valBuf = nil // first, so that it is not kept together with the new one
	}
	v, err := s.appendValue(c.valBuf[:0])
	if err == nil {
		c.valBuf = v
	}
	return v, err
}

// keptBuffer is up to which size a cursor keeps a buffer that is longer than it needs.
const keptBuffer = 1 << 20

// PlainValue is Value where that is known to be in memory in one piece and to cost nothing.
func (c *Cursor) PlainValue() (value []byte, ok bool) {
	if c.front == nil {
		return nil, false
	}
	return c.front.PlainValue(), true
}

// AppendPart appends the n bytes of the current value from byte from on to dst. The value must
// have them.
func (c *Cursor) AppendPart(dst []byte, from, n int) ([]byte, error) {
	if c.around != nil {
		return c.around.appendPart(dst, from, n)
	}
	return c.sources[c.cur].appendPart(dst, from, n)
}

// Body begins to read the current value piece by piece; it is valid until the cursor
// moves. It reports false for a value that is Inline, which it returns.
func (c *Cursor) Body() (body segment.Body, inline []byte, ok bool) {
	if c.around != nil {
		return c.around.body()
	}
	s := &c.sources[c.cur]
	if v, ok := s.Inline(); ok {
		return body, v, false
	}
	return s.Body(), nil, true
}

// Passed lets the cursor go on where a Body ends that was read.
func (c *Cursor) Passed(b *segment.Body) {
	if c.around != nil {
		c.around.passed(b)
		return
	}
	c.sources[c.cur].Passed(b)
}

// Bare reports whether the cursor stands, after a seek LEFast, on a key that may be
// deleted. It has no value then.
func (c *Cursor) Bare() bool { return c.bare || c.around != nil && c.around.bare }

// ValueLen returns the length of the current value without loading it.
func (c *Cursor) ValueLen() int {
	if uint(c.cur) < uint(len(c.sources)) {
		return c.sources[c.cur].valueLen()
	}
	return c.around.valueLen()
}

// Err returns the error that made the cursor invalid, if any. Positioning it again
// forgets the error.
func (c *Cursor) Err() error {
	if c.err == nil && c.around != nil {
		return c.around.err
	}
	return c.err
}

func (c *Cursor) fail(err error) bool {
	if c.around != nil {
		return c.around.fail(err)
	}
	c.err, c.cur, c.lined, c.front = err, -1, false, nil
	return false
}
