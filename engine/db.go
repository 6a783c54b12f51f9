// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/index"
	"github.com/lsmlite/lsmlite-go/engine/internal/inspect"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/stream"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
	"github.com/lsmlite/lsmlite-go/engine/internal/writer"
)

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	*core
	// view is the handle whose database this read-only one shares, or nil; see Open.
	view  *DB
	slots *snapshot.Slots // in which this handle's readers are, as far as there is room
	shut  atomic.Bool     // it is closed, or Close is finding out whether it can be

	_       [128]byte    // readers need what is above, and transactions change what is below
	handles atomic.Int64 // transactions, and readers that are in no slot; negative once closed
	closing sync.Mutex   // held while Close finds out whether the handle is in use
}

// core is the open database itself, which a handle that writes shares with the read-only
// ones that are opened in this process while it is open.
type core struct {
	path   string // canonical
	opts   settings
	files  *files.Files
	codec  Codec              // nil if the file is not compressed
	secret *checkpoint.Secret // nil if the file is not encrypted
	bf     *blockfile.File
	ledger *ledger.Ledger
	index  *index.Keeper

	worker  *worker.Worker
	writer  *writer.Writer
	streams *stream.Hub
	tuning  tuning.Current
	notes   checkpoint.Notes

	fatal     atomic.Pointer[error] // the first failed sync: nothing is written after it
	recovered wal.Recovered         // what Open read from the log
	obs       Observer              // of the options, the logger's included; without any, all nil
	telling   telling               // functions of obs
	facts     inspect.Cache         // of segments, for Layout
	cacheHits atomic.Int64          // the most that Stats has returned
	skipped   skippedRanges         // what readers could not read
	attached  following             // nil unless another process writes the database, or did
}

// Path returns the canonical name of the database file.
func (db *DB) Path() string { return db.path }

// WriterInfo describes who holds the writer's turn.
type WriterInfo struct {
	Since time.Time // when it was taken
}

// Writer returns who holds the writer's turn, if any transaction does.
func (db *DB) Writer() (WriterInfo, bool) {
	at := db.writer.Turn.TakenAt()
	if at == 0 {
		return WriterInfo{}, false
	}
	return WriterInfo{Since: time.Unix(0, at)}, true
}

// Poisoned returns the first failed sync, after which nothing can be
// written any more until the database is opened again; nil if there was none.
func (db *DB) Poisoned() error {
	if p := db.fatal.Load(); p != nil {
		return *p
	}
	return nil
}

// poison makes the handle refuse every further write. The kernel may have dropped what
// a failed sync was to make durable, so trying again would prove nothing.
func (db *DB) poison(err error) error {
	wrapped := error(&Error{Code: CodeIO, Op: "write", Path: db.path,
		Detail: "an earlier sync failed, so nothing more is written; close the database and open it again", Err: err})
	if !mutant.Is(mutant.PoisonForgotten) && db.fatal.CompareAndSwap(nil, &wrapped) {
		db.notes.SyncFailed()
		if db.obs.Poisoned != nil {
			db.obs.Poisoned(PoisonEvent{DB: db, Err: err})
		}
	}
	return err
}

// usable returns why no call makes sense any more, if so.
func (db *DB) usable(op string) error {
	if db.closed() {
		return &Error{Code: CodeMisuse, Op: op, Path: db.path, Detail: "the database is closed"}
	}
	return nil
}

// closed reports whether the handle is closed, once a Close that finds out whether it can be
// has come to its end.
func (db *DB) closed() bool {
	if db.handles.Load() >= 0 {
		return false
	}
	db.closing.Lock()
	defer db.closing.Unlock()
	return db.handles.Load() < 0
}

// closedHandles is the number of handles of a closed database.
const closedHandles = -1 << 40

// enter counts a handle, unless the database is closed. Close succeeds only while there
// is none.
func (db *DB) enter(op string) error {
	for db.handles.Add(1) <= 0 {
		db.handles.Add(-1)
		if err := db.usable(op); err != nil {
			return err
		}
	}
	return nil
}

// leave gives a handle back.
func (db *DB) leave() { db.handles.Add(-1) }

// readOnly reports whether nothing is written through this handle.
func (db *DB) readOnly() bool { return db.opts.ReadOnly || db.view != nil }

// writable returns why nothing can be written, if so.
func (db *DB) writable(op string) error {
	if err := db.usable(op); err != nil {
		return err
	}
	if db.readOnly() {
		return &Error{Code: CodeReadOnly, Op: op, Path: db.path, Detail: "the database was opened read-only"}
	}
	return db.stopped()
}

// stopped returns why nothing can be written through a handle that was opened to write.
func (db *DB) stopped() error {
	if err := db.Poisoned(); err != nil {
		return err
	}
	return db.files.Lost()
}

// syncPages syncs the database file. If that fails, the next session must not take what it
// reads of it for durable.
func syncPages(db *DB) error {
	begun := db.notes.SyncBegins()
	err := db.bf.Sync()
	if err == nil && begun {
		db.notes.SyncEnded()
		err = db.bf.Sync()
	}
	if err != nil {
		db.notes.NothingSynced()
	}
	return err
}
