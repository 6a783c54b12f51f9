// SPDX-License-Identifier: Apache-2.0

//go:build !lsmlite_small

package engine

import "github.com/lsmlite/lsmlite-go/engine/internal/live"

// letRead lets other processes read the database from here on, if the options say so. Everything that was
// found is in a checkpoint on both meta pages by now, unless the disk is full: then the first checkpoint that
// is stored begins it.
func (o *opener) letRead() error {
	db := o.db
	if !db.opts.Readers {
		return nil
	}
	ranges, err := db.files.Ranges()
	if err != nil {
		return err
	}
	page, before, err := db.files.OpenLive()
	if err != nil {
		return err
	}
	salt, err := live.Salt(before)
	if err != nil {
		return err
	}
	end := db.writer.Log().Place()
	w := db.ledger.LetRead(live.WriterConfig{Locks: ranges, Page: page, Salt: salt, Hold: db.opts.ReadersHold,
		Failed: func(err error) { db.worker.Report("let others read", err) }}, end)
	if db.notes.Unsettled.Load() {
		return nil
	}
	if err := w.Begin(0, end, db.ledger.LiveCheckpoint()); err != nil {
		if len(before) == 0 { // as it was
			_ = db.files.RemoveLive()
		}
		return atOpen(db.path, err)
	}
	return nil
}

// endReaders lets no other process read any more. It reports whether there is none left that may be reading: only then
// anything is cut off.
func endReaders(db *DB) (none bool, err error) {
	w := db.ledger.Live()
	if w == nil {
		return true, nil
	}
	pinned, err := w.End()
	if err != nil || pinned {
		return false, err
	}
	_ = db.files.RemoveLive()
	return true, nil
}
