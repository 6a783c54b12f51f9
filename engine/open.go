// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/files"
)

// openPatience is how long an Open waits for a process that is just opening or closing the database.
const openPatience = time.Second

// Open opens a database, or makes an empty one, and brings it to the state of its last
// commit: it takes the newest checkpoint and replays the log after it.
//
// While a handle of this process has the database open for writing, a read-only one shares
// it: it sees what is committed there, never waits, and must be closed first. Of its options only those
// count that may refuse the database: the compression must be the same, or not set; Key must be a key of it, or
// none if it is in clear, and Cipher is then not set; and NotBefore is compared as by CheckNotBefore.
//
// While another process has it open for writing with Options.Readers, a read-only handle attaches to that: each
// Snapshot, Cursor and Get shows what was committed there before the call, and reading on in what that process does
// not keep any more fails with ErrSnapshotGone. When it ends, the handle shows the files as they were left, and then
// what the next such process commits. A handle that was opened while nobody wrote does that, too, some
// milliseconds after it could. See DB.Attached.
//
// A process that is just opening or closing the database, or looks whether it is being written, is waited for, up to
// a second and until ctx ends. A file that is not a database, that is damaged, or that another process has open
// otherwise is refused and not changed.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	canonical, err := o.FS.Canonical(path)
	if err != nil {
		return nil, files.OpenError(path, err)
	}
	if o.ReadOnly {
		if db := openShared(o.FS, canonical); db != nil {
			if err := o.shares(ctx, db); err != nil {
				_ = db.Close()
				return nil, err
			}
			return db, nil
		}
	}
	start := time.Now()
	var opening *opener
	if o.ReadOnly {
		opening, err = openReadOnly(ctx, canonical, o)
	} else {
		opening, err = openAtRest(ctx, canonical, o, openPatience)
	}
	opening.report(start, err)
	if err != nil {
		return nil, err
	}
	db := opening.db
	if !o.ReadOnly {
		db.worker.Start()
	}
	share(db)
	return db, nil
}

// shares returns an error if a read-only handle may not share a database.
func (o *Options) shares(ctx context.Context, db *DB) error {
	err := o.agrees(db)
	if err == nil {
		err = opens(ctx, db, o.Key)
	}
	if err == nil && o.Cipher != "" && db.secret == nil {
		err = atOpen(db.path, cipherWithoutKey(o.Cipher))
	}
	if err == nil {
		err = db.CheckNotBefore(o.NotBefore)
	}
	return err
}
