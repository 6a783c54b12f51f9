// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
	"github.com/lsmlite/lsmlite-go/engine/internal/writer"
)

// newWorker makes the worker of a database whose pages and books are open.
func newWorker(db *DB) *worker.Worker {
	return worker.New(worker.Config{
		Path: db.path, File: db.bf, Ledger: db.ledger, Index: db.index, Notes: &db.notes, Tuning: &db.tuning,
		Compression:     fileCompression(db.codec, db.secret != nil),
		HasMerger:       db.opts.Background&BackgroundMerger != 0,
		HasCheckpointer: db.opts.Background&BackgroundCheckpointer != 0,
		Host: worker.Host{
			Writable: db.writable, Stopped: db.stopped, Poisoned: db.Poisoned, Poison: db.poison,
			BeforeStore: func() error {
				if err := db.files.Look(); err != nil {
					return err
				}
				return db.files.SyncNames()
			},
		},
		Events: workerEvents(db),
	})
}

// newWriter makes the writer of a database that has a worker.
func newWriter(db *DB) *writer.Writer {
	return writer.New(writer.Config{
		Path: db.path, Files: db.files, Ledger: db.ledger, Worker: db.worker, Notes: &db.notes, Tuning: &db.tuning,
		Host: writer.Host{
			Enter: db.enter, Leave: db.leave, Writable: db.writable, Stopped: db.stopped, Poisoned: db.Poisoned, Poison: db.poison,
		},
		MaxTx: writer.MaxTx, Committed: commitEvents(db),
	})
}
