// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/stream"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
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
			Stored: db.streams.Wake,
		},
		Events: workerEvents(db),
	})
}

// newStreams makes the streams of a database, which are read once it is open.
func newStreams(db *DB) *stream.Hub {
	h := stream.New()
	h.Source = stream.Source{
		End: func() (end format.LogPlace, durable int64) {
			end, durable = db.ledger.LogEnd()
			if db.tuning.Load().Sync == tuning.Never {
				durable = end.Stream
			}
			return end, durable
		},
		Log: func() wal.File {
			if f := db.files.Log(); f != nil {
				return f
			}
			return nil
		},
		History: func() *wal.History { return db.writer.Log().History() },
		Keys:    db.notes.Keys,
		Align:   func() { alignLog(db) },
		Sync:    func() error { return syncChanges(db) },
		Synced:  func(stream int64) { db.ledger.LogSynced(stream) },

		SyncAfter: changesSyncAfter,
	}
	return h
}

// alignLog has the next transaction begin in a sector of its own, unless there is one, whose writer does it later.
func alignLog(db *DB) {
	if db.writer.Turn.Try() {
		db.writer.AlignLog()
		db.writer.Turn.Release()
	}
}

// syncChanges syncs the log for streams.
func syncChanges(db *DB) error {
	if err := db.stopped(); err != nil {
		return err
	}
	if err := db.files.SyncNames(); err != nil {
		return err
	}
	if err := db.writer.Log().Sync(); err != nil {
		return db.poison(err)
	}
	return nil
}

// newWriter makes the writer of a database that has a worker.
func newWriter(db *DB) *writer.Writer {
	return writer.New(writer.Config{
		Path: db.path, Files: db.files, Ledger: db.ledger, Worker: db.worker, Notes: &db.notes, Tuning: &db.tuning,
		Host: writer.Host{
			Enter: db.enter, Leave: db.leave, Writable: db.writable, Stopped: db.stopped, Poisoned: db.Poisoned, Poison: db.poison,
		},
		Streams: db.streams,
		MaxTx:   writer.MaxTx, Committed: commitEvents(db),
	})
}
