// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// Books is what tells which space the pinned states hold back.
type Books struct {
	Newest *snapshot.State
	Pinned []snapshot.Pinned // oldest first
	Free   *freelist.List
	Synced base.SnapshotID // newest checkpoint that both meta pages hold
	Log    [3]wal.Region   // that are needed
}

// Read has look read the books. Nothing of them changes meanwhile, and nothing of them may
// be kept or changed; look must not call the ledger.
func (l *Ledger) Read(look func(Books)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	look(l.books())
}

// PinBooks is Read, and pins the newest state after that, for what is to fit the books.
func (l *Ledger) PinBooks(look func(Books)) *snapshot.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	look(l.books())
	return l.reg.Acquire()
}

// books returns the books. The caller has the mutex.
func (l *Ledger) books() Books {
	return Books{Newest: l.reg.Newest(), Pinned: l.reg.PinnedStates(), Free: l.free, Synced: l.stored.Synced, Log: l.log.regions}
}
