// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

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

// release makes c a new cursor that has empty buffers of a bounded size. All of them are written
// to from their beginning.
func (c *Cursor) release() {
	for i := range c.sources {
		c.sources[i].release()
	}
	if c.around != nil {
		c.around.release()
		c.around = nil
	}
	c.sources = c.sources[:0]
	if cap(c.sources) > keptSources {
		c.sources, c.lanes = nil, nil
	}
	for _, b := range [...]*[]byte{&c.order.key, &c.run.end, &c.run.startBuf, &c.memory.buf, &c.keyBuf, &c.jumped, &c.sought} {
		if cap(*b) > keptKey {
			*b = nil
		}
	}
	if cap(c.valBuf) > keptValue {
		c.valBuf = nil
	}
	c.topic, c.pass, c.limited, c.gaps, c.used = 0, false, false, false, false
	c.reset(false)
	c.order.begin()
	c.run = run{end: c.run.end, startBuf: c.run.startBuf}
	c.memory.state, c.memory.view, c.memory.tx = nil, memtree.View{}, nil
}
