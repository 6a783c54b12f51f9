// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"time"
)

// openAtRest opens files that no other process writes. The opener says what it has found, also if it fails.
func openAtRest(ctx context.Context, path string, o Options, patience time.Duration) (*opener, error) {
	db := newDB(path, o)
	opening := &opener{db: db, patience: patience}
	err := opening.open(ctx)
	db.publishOptions(db.opts.Options) // what the file itself has decided
	if err != nil {
		opening.undo()
	}
	return opening, err
}

// undo gives up an open that has failed.
func (o *opener) undo() {
	db := o.db
	if db.index != nil {
		db.index.Stop()
	}
	if db.files != nil {
		db.files.Undo()
	}
	if db.bf != nil {
		db.bf.Close()
	}
	db.secret.Wipe()
}

// newDB makes a handle of which nothing is open yet.
func newDB(path string, o Options) *DB {
	db := &DB{core: &core{path: path}}
	db.opts.Options = o
	db.publishOptions(o)
	if obs := observerOf(&o); obs != nil {
		db.obs = *obs
	}
	return db
}
