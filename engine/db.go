package engine

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/turn"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	*core
	// view is the handle whose database this read-only one shares, or nil; see Open.
	view    *DB
	handles atomic.Int64 // open transactions, snapshots and cursors; negative once closed
}

// core is the open database itself, which a handle that writes shares with the read-only
// ones that are opened beside it in this process.
type core struct {
	path   string // canonical
	opts   settings
	files  *files.Files
	codec  Codec // nil if the file is not compressed
	bf     *blockfile.File
	ledger *ledger.Ledger

	writer       *turn.Turn
	worker       *turn.Turn
	checkpointer *turn.Turn

	maxTx int64 // maxTreeSize, but in tests

	// Owned by whoever has the writer's turn.
	tree   *memtree.Tree
	seq    uint64 // number of the newest commit in it
	log    *wal.Log
	credit int // pages of flushing and merging that writes so far have earned

	// Owned by whoever has the worker's turn.
	jobs    [merge.NumSlots]*job
	working failureKind // what work did last, so what its error is of

	fatal    atomic.Pointer[error] // the first failed sync: nothing is written after it
	failures failures              // of work done for commits
	stats    stats
	// recovered is what Open read from the log.
	recovered wal.Recovered
	obs       Observer // of the options, the logger's included; without any, all nil
	bg        background
	pace      pace
	group     group
	notes     checkpoint.Notes
}

// Path returns the canonical name of the database file.
func (db *DB) Path() string { return db.path }

// WriterInfo tells who holds the writer's turn.
type WriterInfo struct {
	Since time.Time // when it was taken
}

// Writer returns who holds the writer's turn, if anybody does.
func (db *DB) Writer() (WriterInfo, bool) {
	at := db.writer.TakenAt()
	if at == 0 {
		return WriterInfo{}, false
	}
	return WriterInfo{Since: time.Unix(0, at)}, true
}

// Poisoned returns the first failed sync, after which nothing can be
// written any more until the database is opened anew; nil while all is well.
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
	if db.fatal.CompareAndSwap(nil, &wrapped) {
		db.notes.SyncFailed()
		if db.obs.Poisoned != nil {
			db.obs.Poisoned(PoisonEvent{DB: db, Err: err})
		}
	}
	return err
}

// usable returns why no call makes sense any more, if so.
func (db *DB) usable(op string) error {
	if db.handles.Load() < 0 {
		return &Error{Code: CodeMisuse, Op: op, Path: db.path, Detail: "the database is closed"}
	}
	return nil
}

// closedHandles is the number of handles of a closed database.
const closedHandles = -1 << 40

// enter counts a handle, unless the database is closed. Close succeeds only while there
// is none.
func (db *DB) enter(op string) error {
	if db.handles.Add(1) > 0 {
		return nil
	}
	db.handles.Add(-1)
	return db.usable(op)
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

// waitError wraps a context's error, so that errors.Is finds it and the text says what
// was waited for.
func waitError(op, path, what string, err error) error {
	return fmt.Errorf("lsmlite: %s %s: waiting for %s: %w", op, errs.Cut(path), what, err)
}

// takeWorker waits for the worker's turn, for an operation on a database that is still
// open and writable when it gets it.
func (db *DB) takeWorker(ctx context.Context, op string) error {
	if err := db.worker.Take(ctx); err != nil {
		return waitError(op, db.path, "the worker's turn", err)
	}
	if err := db.writable(op); err != nil {
		db.worker.Release()
		return err
	}
	return nil
}

// Begin starts a write transaction at level 1. It waits for the single writer's turn, in
// arrival order, as long as ctx lasts. It fails, once, with what flushing, merging or
// checkpointing for earlier commits has failed with since the last call.
func (db *DB) Begin(ctx context.Context) (*Tx, error) {
	if err := db.writable("begin"); err != nil {
		return nil, err
	}
	asked, err := db.takeWriter(ctx)
	if err != nil {
		return nil, err
	}
	return db.begin(ctx, asked)
}

// takeWriter waits for the writer's turn. It returns when it began to, if commits are
// observed.
func (db *DB) takeWriter(ctx context.Context) (asked time.Time, err error) {
	if db.obs.Committed != nil {
		asked = time.Now()
	}
	if err := db.writer.Take(ctx); err != nil {
		return asked, waitError("begin", db.path, "the writer's turn", err)
	}
	return asked, nil
}

// BeginFrom starts a write transaction on the state that a snapshot shows. If somebody
// has committed since, it fails with ErrBusySnapshot, as a rule without waiting for the
// writer's turn, and a snapshot that is taken then shows that commit. The snapshot stays
// open.
func (db *DB) BeginFrom(ctx context.Context, s *Snapshot) (*Tx, error) {
	if err := db.writable("begin"); err != nil {
		return nil, err
	}
	if err := db.refuseStale(ctx, s, db.group.newest()); err != nil {
		return nil, err
	}
	asked, err := db.takeWriter(ctx)
	if err != nil {
		return nil, err
	}
	if s.state == nil || s.state.Seq != db.seq {
		newest := db.seq
		db.writer.Release()
		return nil, db.refuseStale(ctx, s, newest)
	}
	return db.begin(ctx, asked)
}

// refuseStale returns the error of a transaction that began to read before the newest
// commit, of the given number, or nil if it did not. As long as ctx lasts it waits until
// that commit can be seen: a new attempt would otherwise begin from the same old state, and
// again, for as long as the sync of that commit takes.
func (db *DB) refuseStale(ctx context.Context, s *Snapshot, newest uint64) error {
	if s.state != nil && s.state.Seq == newest {
		return nil
	}
	db.group.waitPublished(ctx, newest)
	if err := db.stopped(); err != nil {
		return err
	}
	return &Error{Code: CodeBusySnapshot, Op: "begin", Path: db.path,
		Detail: "another transaction has committed since this one began to read; roll back and start again"}
}

// begin makes the transaction of the caller, who has the writer's turn. asked is when he
// asked for it, if commits are observed.
func (db *DB) begin(ctx context.Context, asked time.Time) (*Tx, error) {
	var waits beginWaits
	if !asked.IsZero() {
		waits.turn = time.Since(asked)
	}
	err := db.enter("begin")
	if err == nil {
		if err = db.writable("begin"); err == nil {
			err = db.workError(ctx)
		}
		if err == nil {
			err = db.settleLater(ctx)
		}
		if err == nil {
			waits.stall, err = db.makeRoom(ctx)
		}
		if err != nil {
			db.leave()
		}
	}
	if err != nil {
		db.writer.Release()
		return nil, err
	}
	db.tree.Reclaim(db.ledger.Readers().OldestEpoch(db.tree))
	if db.tree.WantsReclaim() {
		// The heads first: one that is published in between is found twice, never missed.
		heads := db.group.heads()
		if held, all := db.ledger.Readers().PinnedEpochs(db.tree); all {
			held = append(held, heads...)
			slices.Sort(held)
			db.tree.ReclaimBetween(slices.Compact(held))
		}
	}
	tx := &Tx{db: db, state: db.ledger.Acquire(), level: 1, waits: waits}
	if synced, ok := db.ledger.Reclaimable(); ok {
		db.log.BeginAfter(synced)
	} else {
		db.log.Begin()
	}
	db.trimLog()
	tx.marks = append(tx.marksBuf[:0], savepoint{db.tree.Mark(), db.log.Mark()})
	return tx, nil
}
