// SPDX-License-Identifier: Apache-2.0

// Package ledger knows, for one open database, which state readers see, which
// blocks are free, where segments may be appended, what the meta pages hold durably, and
// how much of the log is still needed. These change together, so one mutex guards them all.
//
// The ledger decides nothing about when to flush, merge or checkpoint, and writes nothing itself: it has package live
// show readers in other processes what its own readers see.
// Its methods may be called from any goroutine; those that need a turn say so. While its mutex is
// held, only that of the registry is locked; no turn is waited for, and nothing is read or written but the page for
// readers in other processes.
// Invariants:
//
//   - A block is given away only if no checkpoint that a crash may lead back to, no pinned
//     state, no reader in another process and no foreign read-only process refers to it.
//   - Levels, free list and append points of a published state fit together.
//   - The checkpoint on the meta page that is known to be durable stays until the other
//     page is durable, too.
package ledger

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Ledger is the books of one database.
type Ledger struct {
	bf      *blockfile.File
	foreign func() (bool, error)
	live    *live.Writer // nil: no other process may read; never changes after LetRead
	reg     snapshot.Registry

	mu     sched.Mutex
	free   *freelist.List
	taken  [4]bool // append points that a job writes from
	stored Stored
	freed  int64 // blocks that were given up since the newest checkpoint, and can be used after another
	log    logBook

	durable atomic.Int64 // up to which number the log, or a checkpoint, would survive a loss of power
}

// New makes the ledger of a file from what its meta pages and its segments say. foreign
// reports whether a read-only process of others, which opened the file before, still reads
// it.
func New(bf *blockfile.File, free *freelist.List, stored Stored, foreign func() (bool, error)) *Ledger {
	return &Ledger{bf: bf, free: free, stored: stored, foreign: foreign}
}

// First publishes the state that the database begins with.
func (l *Ledger) First(disk *snapshot.Snapshot, tree *memtree.Tree) {
	l.reg.Publish(&snapshot.State{Disk: disk, Tree: tree, End: format.LogPlace{LogPos: disk.Log}})
}

// Acquire pins the newest state. It never waits.
func (l *Ledger) Acquire() *snapshot.State { return l.reg.Acquire() }

// Release gives a pin back.
func (l *Ledger) Release(s *snapshot.State) { l.reg.Release(s) }

// Newest returns the newest state without a pin, for a caller that keeps it from being
// replaced.
func (l *Ledger) Newest() *snapshot.State { return l.reg.Newest() }

// Readers returns the registry of states, for the pins of cursors and the epochs of trees.
// Only the ledger publishes in it.
func (l *Ledger) Readers() *snapshot.Registry { return &l.reg }

// Account is what the books say at one moment, for checks and copies.
type Account struct {
	Blocks      uint32             // of the file
	Free, Delta []format.FreeEntry // all free blocks; those that no segment says
	Reserved    []base.BlockNo     // of segments that are being written
}

// Account returns the books without a state.
func (l *Ledger) Account() Account {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.account()
}

func (l *Ledger) account() Account {
	return Account{Blocks: l.free.Blocks(), Free: l.free.Entries(), Delta: l.free.Delta(), Reserved: l.free.ReservedBlocks()}
}

// PinAccount pins the newest state, and returns it with the books that fit it.
func (l *Ledger) PinAccount() (*snapshot.State, Account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reg.Acquire(), l.account()
}

// PinExport pins the newest state, and returns it with the checkpoint that stores it and
// all free blocks, those that segments list included.
func (l *Ledger) PinExport() (*snapshot.State, *format.Checkpoint, []format.FreeEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.reg.Acquire()
	return st, l.export(st.Disk), l.free.Entries()
}

// Unrecorded returns how many free-list entries no segment holds yet: those that the next
// checkpoint has to list.
func (l *Ledger) Unrecorded() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.free.Delta())
}

// ForeignReader reports whether a read-only process of others still reads the file, so that
// nothing may be overwritten or cut off that its checkpoint or log refers to.
func (l *Ledger) ForeignReader() (bool, error) { return l.foreign() }
