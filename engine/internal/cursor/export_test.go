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
