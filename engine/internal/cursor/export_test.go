// SPDX-License-Identifier: Apache-2.0

package cursor

import "github.com/lsmlite/lsmlite-go/engine/internal/snapshot"

// RememberAll makes cursors remember every hidden record until the function that it returns
// is called.
func RememberAll() (usual func()) {
	mask, learn, costly := lookMask, learnSteps, costlyNodes
	lookMask, learnSteps, costlyNodes = 0, 1, 1
	return func() { lookMask, learnSteps, costlyNodes = mask, learn, costly }
}

// InitSystem makes c a cursor over the system keys of a snapshot.
func (c *Cursor) InitSystem(s *snapshot.Snapshot) error { return c.initSystem(s) }

// Lineless keeps cursors from lining up, or not.
func Lineless(off bool) { lineless = off }

// Lined reports whether the cursor is lined, and whether its last move was a step over a plain
// record.
func (c *Cursor) Lined() (lined, plain bool) { return c.lined, c.front != nil }

// KeptSources is the most sources for which a released cursor keeps room.
const KeptSources = keptSources

// Release is what Give does before it keeps the cursor.
func (c *Cursor) Release() { c.release() }

// Sources returns the cursor's sources.
func (c *Cursor) Sources() []Source { return c.sources }

// Buffers returns the size of the cursor's own buffers.
func (c *Cursor) Buffers() int {
	n := 0
	for _, b := range [][]byte{c.order.key, c.run.end, c.run.startBuf, c.memory.buf, c.keyBuf, c.valBuf, c.jumped, c.sought} {
		n += cap(b)
	}
	return n
}
