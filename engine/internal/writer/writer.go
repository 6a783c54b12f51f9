// SPDX-License-Identifier: Apache-2.0

// Package writer holds what only the writer changes: the live tree, the log, and the number
// of the newest commit. It begins, commits and rolls back transactions, shares a sync among
// commits of several writers, and makes the live tree the old one, which package worker
// flushes.
//
// The engine's transactions are thin wrappers of Tx. Invariants:
//
//   - Only the goroutine that has the writer's turn changes tree, log and number. A Tx has it
//     from Begin to its end.
//   - Nothing is in the tree that is not in the log, unless commits are not logged.
//   - A commit is shown to readers only after everything before it, and only when it is as
//     durable as the settings say.
package writer

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/stream"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/turn"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// MaxTx bounds what one transaction may hold in memory, and in the log, which has more of it
// if one key is deleted again and again: 3 GiB, or 768 MiB where addresses have 32 bits.
const MaxTx = 3 << (28 + 2*base.Wide)

// Writer is the writing side of one database.
type Writer struct {
	Config
	Turn     *turn.Turn
	Counters Counters

	// Owned by the goroutine that has the writer's turn.
	tree  *memtree.Tree
	seq   uint64 // number of the newest commit in it
	log   *wal.Log
	marks []savepoint // memory for those of the next transaction

	group group
}

// Config is what a Writer works with.
type Config struct {
	Path   string // of the database, for errors
	Files  *files.Files
	Ledger *ledger.Ledger
	Worker *worker.Worker
	Notes  *checkpoint.Notes
	Tuning *tuning.Current
	Host   Host
	// Streams are read from the log; nil if there are none.
	Streams *stream.Hub

	MaxTx     int64           // see the constant
	Committed func(Committed) // called for each commit; may be nil
}

// Host is what the database around it decides.
type Host struct {
	Enter    func(op string) error // counts a transaction, unless the database is closed
	Leave    func()                // ends that
	Writable func(op string) error // returns why an operation that writes makes no sense
	Stopped  func() error          // returns why nothing more can be written
	Poisoned func() error          // the part of it that a failed sync is
	Poison   func(error) error     // ends all writing after a failed sync; returns the error
}

// New makes the Writer of a database, whose turn may be in use already.
func New(c Config) *Writer {
	w := &Writer{Config: c, Turn: turn.New("writer")}
	w.group.init()
	c.Worker.Attach(w)
	return w
}

// take waits for the writer's turn. It returns when it began to, if commits are observed.
func (w *Writer) take(ctx context.Context) (asked time.Time, err error) {
	if w.Committed != nil {
		asked = time.Now()
	}
	if err := w.Turn.Take(ctx); err != nil {
		return asked, worker.WaitError("begin", w.Path, "the writer's turn", err)
	}
	return asked, nil
}

// tryTake takes the writer's turn if it is free.
func (w *Writer) tryTake(op string) error {
	if w.Turn.Try() {
		return nil
	}
	return worker.BusyError(op, w.Path, "a write transaction is open")
}

// Log returns the log, for a caller that has the writer's turn, or that uses only what any
// goroutine may use of it.
func (w *Writer) Log() *wal.Log { return w.log }
