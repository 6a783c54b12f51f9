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
func (c *Cursor) Lined() (lined, plain bool) { return c.lined, c.plain }
