// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/writer"
)

// SeekMode says which key Cursor.Seek looks for.
type SeekMode = cursor.Mode

// The seek modes, with lsm1's numbers.
const (
	SeekLE = cursor.LE // the last key not greater
	SeekEQ = cursor.EQ // the key itself
	SeekGE = cursor.GE // the first key not less
	// SeekLEFast is for finding a key that is not in use yet: it stops at a key that is not
	// greater than the one sought, and not less than any key of the database that is not
	// greater; but the key may be one that was deleted, or the end of a range that was. It
	// never has to look for a living key after many dead ones. Only where the very key
	// sought is there it has a value; otherwise Value fails with ErrMisuse. Next and Prev
	// move on to keys that are there.
	SeekLEFast = cursor.LEFast
)

// Cursor walks the keys of one state in order, in both directions. One goroutine at a
// time may use it. It must be closed.
type Cursor struct {
	db    *DB
	state *snapshot.State // pinned; nil once closed
	place *snapshot.Place // by which it is; nil if by a count
	later bool            // it shows more of the live tree than state does
	gives bool            // it is of a reader, and not of the transaction that others give way to
	moves uint64          // how often it was moved, for readers of values
	// c does the work. It is another's once the cursor is closed, so it is nil then.
	c   *cursor.Cursor
	err error // of the last move, once closed
}

// newCursor opens a cursor that takes over a pin.
func newCursor(db *DB, p pin) (*Cursor, error) {
	c := &Cursor{db: db, state: p.state, place: p.place, c: cursor.Take(), gives: true}
	if db.skips() {
		c.skipDamaged(p.state)
		return c, nil
	}
	if err := c.c.Init(p.state.Live, p.state); err != nil {
		c.c.Give()
		db.unpin(p)
		return nil, err
	}
	c.c.Remember(p.state.Live, p.state, nil)
	return c, nil
}

// newTxCursor opens a cursor on what a transaction shows: a state that it has pinned by a count,
// perhaps with more of its live tree.
func newTxCursor(db *DB, v writer.View) (*Cursor, error) {
	if err := db.enter("cursor"); err != nil {
		return nil, err
	}
	c := &Cursor{db: db, state: v.State, c: cursor.Take()}
	if err := c.c.Init(v.Live, v.State); err != nil {
		c.c.Give()
		db.leave()
		return nil, err
	}
	own := v.Spans
	if c.later = v.Live.Epoch() != v.State.Live.Epoch(); c.later {
		db.ledger.Readers().RetainLater(v.State)
	} else {
		db.ledger.Readers().Retain(v.State)
		own = nil
	}
	c.c.Remember(v.Live, v.State, own)
	return c, nil
}

// tiredMoves is after how many moves a cursor looks whether others want to run: after 10 to 100
// microseconds. It is a power of two.
const tiredMoves = 256

// move counts a move, and reports whether the cursor is open. Now and then it lets the writer run first, while it
// holds a page and its state, for which nobody waits. Who walks a cursor that is not of its open transaction gives way
// in the middle of that.
func (c *Cursor) move() bool {
	if c.tired() {
		c.giveWay()
	}
	return c.state != nil
}

func (c *Cursor) tired() bool {
	c.moves++
	return c.moves%tiredMoves == 0
}

func (c *Cursor) giveWay() {
	if c.state != nil && c.gives {
		c.db.writer.Turn.GiveWay()
	}
}

// First moves to the first key and reports whether there is one.
func (c *Cursor) First() bool {
	return c.move() && c.c.First()
}

// Last moves to the last key and reports whether there is one.
func (c *Cursor) Last() bool {
	return c.move() && c.c.Last()
}

// Seek moves to the key that the mode names and reports whether there is one. SeekEQ
// costs about what Get does. SeekGE and SeekLE, like the other moves, have to pass the
// deleted keys on their way; the first move to pass a long run of them remembers it for
// later ones.
func (c *Cursor) Seek(key []byte, mode SeekMode) bool {
	return c.move() && c.c.Seek(key, mode)
}

// Next moves to the next key and reports whether there is one. Past the last key the
// cursor is invalid until it is positioned again.
func (c *Cursor) Next() bool {
	if c.tired() { // as move does, without a call
		c.giveWay()
	}
	return c.state != nil && c.c.Next()
}

// Prev moves to the key before and reports whether there is one.
func (c *Cursor) Prev() bool {
	if c.tired() {
		c.giveWay()
	}
	return c.state != nil && c.c.Prev()
}

// Valid reports whether the cursor stands on a key.
func (c *Cursor) Valid() bool { return c.state != nil && c.c.Valid() }

// Key returns the current key, or nil if there is none. It is read-only and valid until
// the next call of a method that moves or closes the cursor.
func (c *Cursor) Key() []byte {
	if !c.Valid() {
		return nil
	}
	return c.c.Key()
}

// Value returns and loads the current value. It is valid as long as Key.
func (c *Cursor) Value() ([]byte, error) {
	if c.state != nil {
		if v, ok := c.c.PlainValue(); ok {
			return v, nil
		}
	}
	if err := c.hasValue(); err != nil {
		return nil, err
	}
	return c.c.Value()
}

// ValuePart appends the n bytes of the current value from byte from on to dst, fewer where the
// value ends before. Of a long value it reads no page after those bytes. If from or n is negative
// it fails with ErrMisuse.
func (c *Cursor) ValuePart(dst []byte, from, n int) ([]byte, error) {
	if err := c.hasValue(); err != nil {
		return dst, err
	}
	if from < 0 || n < 0 {
		return dst, &Error{Code: CodeMisuse, Op: "value", Path: c.db.path, Detail: fmt.Sprintf("%d bytes from byte %d on", n, from)}
	}
	from = min(from, c.c.ValueLen())
	part, err := c.c.AppendPart(dst, from, min(n, c.c.ValueLen()-from))
	if err != nil {
		return dst, err
	}
	return part, nil
}

// hasValue returns why there is no current value, if so.
func (c *Cursor) hasValue() error {
	switch {
	case !c.Valid():
		return &Error{Code: CodeMisuse, Op: "value", Path: c.db.path, Detail: "the cursor stands on no key"}
	case c.c.Bare():
		return &Error{Code: CodeMisuse, Op: "value", Path: c.db.path, Detail: "a seek LEFAST finds a key and no value; seek LE instead"}
	}
	return nil
}

// ValueLen returns the length of the current value in bytes without loading it, 0 if
// there is none.
func (c *Cursor) ValueLen() int {
	if !c.Valid() || c.c.Bare() {
		return 0
	}
	return c.c.ValueLen()
}

// Err returns the error that ended the last move, if it was an error.
func (c *Cursor) Err() error {
	if c.c == nil {
		return c.err
	}
	return c.c.Err()
}

// Close releases the cursor. Closing it twice is not an error.
func (c *Cursor) Close() error {
	if c.state != nil {
		c.moves++
		c.c.FlushLookups()
		c.err = c.c.Err()
		c.c.Give()
		c.c = nil
		c.release()
		c.state = nil
	}
	return nil
}

// release gives up what keeps the cursor's state, and the database open.
func (c *Cursor) release() {
	if !c.later {
		c.db.unpin(pin{c.state, c.place})
		return
	}
	c.db.ledger.Readers().ReleaseLater(c.state)
	c.db.leave()
}
