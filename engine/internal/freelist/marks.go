// SPDX-License-Identifier: Apache-2.0

package freelist

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// markPassed marks that a free block is not given away, if it is only a reader that needs it.
func (l *List) markPassed(b base.BlockNo, limit base.SnapshotID) {
	if l.free[b] >= limit {
		return
	}
	mark.Hit(mark.BlockHeld)
	if l.passed == nil {
		l.passed = make(map[base.BlockNo]bool)
	}
	l.passed[b] = true
}

// markGiven marks that a block is given away that was in use before.
func (l *List) markGiven(b base.BlockNo) {
	mark.Hit(mark.BlockReused)
	if l.passed[b] {
		mark.Hit(mark.BlockLetGo)
		delete(l.passed, b)
	}
}
