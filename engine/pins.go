// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/inspect"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
)

// PinReport lists the states of the database that are held by transactions, snapshots and
// cursors, and what cannot be used again until they end. It costs nothing else: writers go on,
// the log is reclaimed as always, and readers of other states notice nothing.
type PinReport struct {
	Pins []Pin // oldest first
	// HeldBlocks are free blocks that a pinned state still shows; without pins they would
	// be written again. HeldBytes is their size.
	HeldBlocks, HeldBytes int64
	// HeldTreeBytes is the size of in-memory trees that are flushed, but still shown by a
	// pinned state.
	HeldTreeBytes int64
	// ForeignReader says that a read-only process had the file open when this one opened
	// it, and still has: as long as it reads, no block and no part of the log is used
	// again. Stats does not look for it.
	ForeignReader bool

	blocks, freeBlocks int64 // of the file, at the same moment
}

// Pin is one pinned state.
type Pin struct {
	Snapshot int64 // id of the levels it shows
	Commit   int64 // how many commits since Open it shows
	Count    int64 // how many pins are on it
	// Age is for how long it has been out of date: since when another state is the
	// newest. It is 0 for the newest one, which holds nothing back.
	Age time.Duration
	// HeldBlocks are the free blocks that this state shows, and that cannot be used again before
	// it is released; several states may show one block. HeldTreeBytes are the in-memory trees
	// that only it and older ones show.
	HeldBlocks    int64
	HeldTreeBytes int64
}

// Pins returns what readers hold, and what that costs. It takes no turn.
func (db *DB) Pins() (PinReport, error) {
	if err := db.enter("pins"); err != nil {
		return PinReport{}, err
	}
	defer db.leave()
	r := pinReport(db)
	var err error
	if !db.opts.ReadOnly {
		r.ForeignReader, err = db.files.ForeignReader()
	}
	return r, err
}

// pinReport makes the report without looking for other processes.
func pinReport(db *DB) PinReport {
	var h inspect.Held
	var blocks, freeBlocks int64
	db.readBooks(func(b ledger.Books, known bool) {
		h = inspect.Pins(b, time.Now())
		if blocks, freeBlocks = int64(b.Free.Blocks()), int64(b.Free.Len()); !known {
			blocks, freeBlocks = notKnown, notKnown
		}
	})
	r := PinReport{
		HeldBlocks: h.Blocks, HeldBytes: h.Blocks * int64(db.opts.BlockSize), HeldTreeBytes: h.TreeBytes,
		blocks: blocks, freeBlocks: freeBlocks,
	}
	for _, p := range h.Pins {
		r.Pins = append(r.Pins, Pin(p))
	}
	return r
}
