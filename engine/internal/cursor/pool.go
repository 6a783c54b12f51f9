// SPDX-License-Identifier: Apache-2.0

package cursor

import "sync"

// What a cursor that is used again keeps of the one before: room for so many sources, and buffers
// up to these sizes. All else goes, above all what belongs to a database.
const (
	keptSources = 32
	keptKey     = 4 << 10
	keptValue   = 64 << 10
)

var pool = sync.Pool{New: func() any { return new(Cursor) }}

// Take returns a cursor for Init. Give makes it another's.
func Take() *Cursor { return pool.Get().(*Cursor) }

// Give releases all pages and trees and keeps the memory for another cursor. c must not be used
// afterwards.
func (c *Cursor) Give() {
	c.release()
	pool.Put(c)
}

// release makes c a new cursor that has empty buffers of a bounded size.
func (c *Cursor) release() {
	for i := range c.sources {
		c.sources[i].release()
	}
	if cap(c.sources) > keptSources {
		c.sources, c.lanes = nil, nil
	}
	*c = Cursor{
		cur:     -1,
		sources: c.sources[:0],
		line:    line{lanes: c.lanes[:0]},
		order:   order{key: kept(c.order.key, keptKey)},
		run:     run{end: kept(c.run.end, keptKey), startBuf: kept(c.run.startBuf, keptKey)},
		memory:  memory{buf: kept(c.memory.buf, keptKey)},
		keyBuf:  kept(c.keyBuf, keptKey),
		valBuf:  kept(c.valBuf, keptValue),
		jumped:  kept(c.jumped, keptKey),
	}
}

// kept returns b without its bytes, or nil if there is room for more than most in it.
func kept(b []byte, most int) []byte {
	if cap(b) > most {
		return nil
	}
	return b[:0]
}
