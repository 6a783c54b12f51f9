// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/files"
)

// Open opens a database, or makes an empty one, and brings it to the state of its last
// commit: it takes the newest checkpoint and replays the log after it.
//
// While a handle of this process has the database open for writing, a read-only one shares
// it: it sees what is committed there, never waits, and must be closed first. Of its options only those
// count that may refuse the database: the compression must be the same, or not set; Key must be a key of it, or
// none if it is in clear, and Cipher is then not set; and NotBefore is compared as by CheckNotBefore.
//
// A file that is not a database, that is damaged, or that another process has open is refused and
// not changed.
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
	db := newDB(canonical, o)
	start := time.Now()
	opening := &opener{db: db}
	err = opening.open(ctx)
	db.publishOptions(db.opts.Options) // what the file itself has decided
	if err != nil {
		if db.index != nil {
			db.index.Stop()
		}
		if db.files != nil {
			db.files.Undo()
		}
	}
	if err != nil && db.bf != nil {
		db.bf.Close()
	}
	opening.report(start, err)
	if err != nil {
		db.secret.Wipe()
		return nil, err
	}
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

// newDB makes a handle of which nothing is open yet.
func newDB(path string, o Options) *DB {
	db := &DB{core: &core{path: path}}
	db.opts.Options = o
	db.publishOptions(o)
	if obs := JoinObservers(o.Observer, logObserver(o.Logger)); obs != nil {
		db.obs = *obs
	}
	return db
}
