// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/survey"
)

// opener is a database that is being opened, by one goroutine.
type opener struct {
	db               *DB
	patience         time.Duration // see openPatience
	survey.Situation               // what was found
	disk             *snapshot.Snapshot
	earlier          *format.LogPos // a place in the log from before the checkpoint, for streams of changes
	findings         []RecoverEvent // to be reported once the database is open
}

// open does the work of Open:
//
//  1. Open and lock the database file.
//  2. Choose the checkpoint, with the key of an encrypted file, and open the segments it lists.
//  3. Look at the log, and refuse what does not prove to be the newest state, or is before NotBefore.
//  4. Make durable what has been found, as far as a sync can do that.
//  5. Replay the log, flushing as it grows.
//  6. Make all of it a checkpoint on both meta pages, and begin a new log.
//  7. Let other processes read.
//
// Until step 4 nothing is written.
func (o *opener) open(ctx context.Context) error {
	if err := o.openFile(ctx); err != nil { // 1
		return err
	}
	if err := o.load(ctx); err != nil { // 2
		return err
	}
	if err := o.db.files.OpenLog(); err != nil { // 3
		return err
	}
	if err := o.accept(ctx); err != nil {
		return err
	}
	if err := o.lookForEarlier(); err != nil {
		return err
	}
	if err := o.firstState(); err != nil {
		return err
	}
	if err := o.notBefore(); err != nil {
		return err
	}
	if o.db.opts.ReadOnly {
		if err := o.replay(ctx); err != nil {
			return err
		}
		return o.db.files.StillAtRest()
	}
	if err := o.openToWrite(ctx); err != nil {
		return err
	}
	return o.letRead() // 7
}

// openToWrite is the part of open that writes.
func (o *opener) openToWrite(ctx context.Context) error {
	db := o.db
	// Nobody else knows the database yet, so both turns are free.
	db.writer.Turn.Try()
	defer db.writer.Turn.Release()
	db.worker.Turn.Try()
	defer db.worker.Turn.Release()
	if err := o.prepareFiles(); err != nil { // 4
		return err
	}
	if o.settled() {
		return o.startLog()
	}
	if !o.OnlyEmpty() && o.Checkpoint != nil {
		db.ledger.Restore()
	}
	db.notes.Unsettled.Store(o.Log.Commits)
	if !o.Log.Commits && o.Log.Size > 0 {
		o.found(RecoverLeftover, fmt.Sprintf("the log %s of %d bytes holds no transaction that the file does not", db.files.LogPath(), o.Log.Size))
	}
	if err := o.replay(ctx); err != nil { // 5
		return err
	}
	if db.recovered.Stale {
		if err := db.writer.Log().ForgetStale(); err != nil {
			return ioerr.Write("open", db.files.LogPath(), "", err)
		}
		// Before a checkpoint leads to the end of the log, where they would look like its continuation.
		if db.opts.now().Safety != SafetyOff {
			if err := db.files.SyncLog(); err != nil {
				return err
			}
		}
	}
	return o.settle(ctx) // 6
}

// openFile opens and locks the database file, and reads its meta pages.
func (o *opener) openFile(ctx context.Context) (err error) {
	db := o.db
	c := filesConfig(db)
	c.Patience = o.patience
	if db.files, err = files.Open(ctx, c); err != nil {
		return err
	}
	if db.opts.Readers && !db.opts.ReadOnly {
		if _, err := db.files.Ranges(); err != nil { // before anything is written
			return err
		}
	}
	loaded, err := checkpoint.Load(db.files.Data(), db.path)
	if err != nil {
		return err
	}
	o.Loaded, o.Path, o.AllowMissingLog = &loaded, db.path, db.opts.AllowMissingLog
	o.Bytes, err = db.files.Size()
	return err
}

// filesConfig says how the files are opened.
func filesConfig(db *DB) files.Config {
	o := &db.opts.Options
	return files.Config{
		FS: o.FS, Path: db.path, ReadOnly: o.ReadOnly, MustExist: o.MustExist, OptionalLocks: o.OptionalLocks, Perm: o.Perm,
		Syncs: func() bool { return db.opts.now().Safety != SafetyOff },
		SyncData: func() error {
			if err := syncPages(db); err != nil {
				return db.poison(err)
			}
			return nil
		},
		Moved: func(err error) {
			if db.obs.Moved != nil {
				db.obs.Moved(MovedEvent{DB: db, Err: err})
			}
		},
	}
}
