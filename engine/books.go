// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// notKnown is a number that only the process knows that writes the database.
const notKnown = -1

// books are those of a handle that follows other processes: what the newest checkpoint that it shows lists, and what it
// has read of the log after that. The ledger of such a handle knows nothing of them.
type books struct {
	disk    *snapshot.Snapshot // of which they are
	pages   *blockfile.File    // through which that is read
	known   bool               // unless the free list could not be read
	is      ledger.Books       // of which Free, Synced and Log are set
	logSize int64
}

// of puts the books in the place of those of a handle that writes.
func (b *books) of(l ledger.Books) ledger.Books {
	l.Free, l.Synced, l.Log = b.is.Free, b.is.Synced, b.is.Log
	return l
}

// readBooks has look read the books, as Ledger.Read does. known is false if the free list is not.
func (db *DB) readBooks(look func(b ledger.Books, known bool)) {
	if db.attached == nil {
		db.ledger.Read(func(b ledger.Books) { look(b, true) })
		return
	}
	own := db.attached.books()
	db.ledger.Read(func(b ledger.Books) { look(own.of(b), own.known) })
}

// pinTries is how often the newest state is pinned until it is the one that the books are of.
const pinTries = 10

// pinBooks is readBooks, and returns the newest state after that, pinned, and the pages through which it is read.
func (db *DB) pinBooks(look func(b ledger.Books, known bool)) (*snapshot.State, *blockfile.File) {
	if db.attached == nil {
		return db.ledger.PinBooks(func(b ledger.Books) { look(b, true) }), db.bf
	}
	for try := 1; ; try++ {
		own := db.attached.books()
		fits := false
		st := db.ledger.PinBooks(func(b ledger.Books) {
			if fits = b.Newest.Disk == own.disk; fits {
				look(own.of(b), own.known)
			}
		})
		if fits {
			return st, own.pages
		}
		db.ledger.Release(st)
		if try == pinTries { // another process makes checkpoints faster than their free lists can be read
			st, pages := db.attached.pinPages()
			look(ledger.Books{Newest: st, Free: own.is.Free}, false)
			return st, pages
		}
	}
}

// pinLevels pins the newest state, and returns the pages through which it is read.
func (db *DB) pinLevels() (*snapshot.State, *blockfile.File) {
	if db.attached == nil {
		return db.ledger.Acquire(), db.bf
	}
	return db.attached.pinPages()
}

// logOf returns what is needed of the log, and how long its file is.
func (db *DB) logOf() (regions [3]wal.Region, bytes int64) {
	if db.attached == nil {
		return db.ledger.LogRegions(), db.writer.Log().Stats().FileBytes
	}
	b := db.attached.books()
	return b.is.Log, b.logSize
}
