// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
)

// modelCursor stands on a key of a Map or, if in is false, on none.
type modelCursor struct {
	m       *Model
	state   enginetest.Map
	r       store.Range
	visited int
	in      bool
	closed  bool
	err     error
	// k and v are the current pair. key and value are copies that were handed out.
	k, v       string
	key, value []byte
}

// Cursor implements store.Reader.
func (m *Model) Cursor(ctx context.Context) (store.Cursor, error) {
	state, _, err := m.state("cursor")
	if err != nil {
		return nil, err
	}
	return m.cursor(ctx, state)
}

func (m *Model) cursor(ctx context.Context, state enginetest.Map) (store.Cursor, error) {
	if err := m.begins(ctx, "cursor"); err != nil {
		return nil, err
	}
	m.countHandles(1)
	return &modelCursor{m: m, state: state}, nil
}

// damage overwrites what was handed out.
func (c *modelCursor) damage() {
	for i := range c.key {
		c.key[i] = 0xdd
	}
	for i := range c.value {
		c.value[i] = 0xdd
	}
	c.key, c.value = nil, nil
}

func (c *modelCursor) Seek(ctx context.Context, r *store.Range) bool {
	c.damage()
	c.r, c.in, c.visited = *r, false, 0
	if c.closed {
		return false
	}
	if c.err = c.m.begins(ctx, "move"); c.err != nil {
		return false
	}
	return c.stand(c.first())
}

// first returns the first pair at or beyond the end that the range begins with.
func (c *modelCursor) first() (k, v string, ok bool) {
	r := &c.r
	switch {
	case r.Reverse && !r.HasHi:
		return c.state.Last()
	case r.Reverse && r.HiOpen:
		return c.state.Prev(string(r.Hi))
	case r.Reverse:
		return c.state.Seek(string(r.Hi), engine.SeekLE)
	case !r.HasLo:
		return c.state.First()
	case r.LoOpen:
		return c.state.Next(string(r.Lo))
	}
	return c.state.Seek(string(r.Lo), engine.SeekGE)
}

func (c *modelCursor) Next(context.Context) bool {
	c.damage()
	if !c.in || c.atEnd() {
		c.in = false
		return false
	}
	if c.err = c.m.check("move"); c.err != nil {
		c.in = false
		return false
	}
	if c.r.Reverse {
		return c.stand(c.state.Prev(c.k))
	}
	return c.stand(c.state.Next(c.k))
}

// atEnd reports whether the current key is the last that can be in the range.
func (c *modelCursor) atEnd() bool {
	r := &c.r
	switch {
	case r.Limit > 0 && c.visited == r.Limit:
		return true
	case r.Reverse:
		return r.HasLo && !r.LoOpen && c.k == string(r.Lo)
	}
	return r.HasHi && !r.HiOpen && c.k == string(r.Hi)
}

// stand makes a pair that a method of Map has returned the current one, if the range has it.
func (c *modelCursor) stand(k, v string, ok bool) bool {
	c.k, c.v, c.in = k, v, ok && c.r.Contains([]byte(k))
	c.visited++
	return c.in
}

func (c *modelCursor) Key() []byte {
	if !c.in {
		return nil
	}
	if c.key == nil {
		c.key = append([]byte{}, c.k...)
	}
	return c.key
}

func (c *modelCursor) Value(context.Context) ([]byte, error) {
	if err := c.m.check("value"); err != nil {
		return nil, err
	}
	switch {
	case !c.in:
		return nil, misuse("value", "the cursor stands on no key")
	case c.r.KeysOnly:
		return nil, misuse("value", "the cursor was moved to keys only")
	}
	if c.value == nil {
		c.value = append([]byte{}, c.v...)
	}
	return c.value, nil
}

func (c *modelCursor) ValueLen() int {
	if !c.in {
		return 0
	}
	return len(c.v)
}

func (c *modelCursor) Err() error { return c.err }

func (c *modelCursor) Close() error {
	if c.closed {
		return misuse("close", "the cursor is closed already")
	}
	c.damage()
	c.closed, c.in = true, false
	c.m.countHandles(-1)
	return nil
}
