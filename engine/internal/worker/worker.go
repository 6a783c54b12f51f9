// SPDX-License-Identifier: Apache-2.0

// Package worker does the work that keeps a database small and its log short: it flushes
// trees, merges segments and makes checkpoints, in the commits that owe it, in goroutines
// of its own, or on request.
//
// Everything that changes levels needs the worker's turn: the functions here take it
// themselves or, where they say so, expect it of their caller. Package writer and the engine
// call them; the worker knows neither. What happens is reported as events.
//
// Invariants: jobs belong to the goroutine that has the worker's turn. Work that is not finished
// when a turn ends continues with the next work, in any goroutine. Errors of work that no caller
// waits for are kept until a transaction returns them.
package worker

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/index"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/turn"
)

// Worker does the work of one database.
type Worker struct {
	Config
	Turn         *turn.Turn
	Checkpointer *turn.Turn // see package turn for the order of the two

	Counters Counters

	// Owned by the goroutine that has the worker's turn.
	jobs    [merge.NumSlots]*job
	working task // what was done last, which an error is of

	shown [merge.NumSlots]atomic.Pointer[shownJob] // what others may know of the jobs

	failures failures
	live     Live
	pace     pace
	bg       background
}

// Config is what a Worker works with.
type Config struct {
	Path        string // of the database, for errors
	File        *blockfile.File
	Ledger      *ledger.Ledger
	Index       *index.Keeper // nil for none
	Notes       *checkpoint.Notes
	Tuning      *tuning.Current
	Compression uint32 // id of the file's codec

	// HasMerger and HasCheckpointer say which goroutines Start starts.
	HasMerger, HasCheckpointer bool

	Host   Host
	Events Events
}

// Host is what the database around it decides.
type Host struct {
	Writable func(op string) error // returns why an operation that writes makes no sense
	Stopped  func() error          // returns why nothing more can be written
	Poisoned func() error          // the part of it that a failed sync is
	Poison   func(error) error     // ends all writing after a failed sync; returns the error
	// BeforeStore is called before a checkpoint is stored: the names of the files have to be
	// right, and durable.
	BeforeStore func() error
	Stored      func() // called after one is stored; may be nil
}

// New makes the Worker of a database.
func New(c Config) *Worker {
	w := &Worker{Config: c, Turn: turn.New("worker"), Checkpointer: turn.New("checkpointer")}
	w.pace.step = make(chan struct{}, 1)
	w.pace.stored.Store(c.Ledger.Stored().Written)
	return w
}

// Take waits for the worker's turn, for an operation on a database that is still open and
// writable when it comes. The caller gives it back with Turn.Release.
func (w *Worker) Take(ctx context.Context, op string) error {
	if err := w.Turn.Take(ctx); err != nil {
		return WaitError(op, w.Path, "the worker's turn", err)
	}
	if err := w.Host.Writable(op); err != nil {
		w.Turn.Release()
		return err
	}
	return nil
}

// tryTake is Take, with ErrBusy in place of a wait.
func (w *Worker) tryTake(op string) error {
	if !w.Turn.Try() {
		return BusyError(op, w.Path, "other work is being done on it")
	}
	if err := w.Host.Writable(op); err != nil {
		w.Turn.Release()
		return err
	}
	return nil
}

// BusyError is the error of a caller that did not want to wait.
func BusyError(op, path, why string) error {
	return &errs.Error{Code: errs.CodeBusy, Op: op, Path: path, Detail: why}
}

// WaitError wraps a context's error, so that errors.Is finds it and the text says what was
// waited for.
func WaitError(op, path, what string, err error) error {
	return fmt.Errorf("lsmlite: %s %s: waiting for %s: %w", op, errs.Cut(path), what, err)
}

// pageSize returns the size of a page in bytes.
func (w *Worker) pageSize() int64 { return int64(w.File.Geometry().PageSize) }

// wake tells a goroutine that there may be something to do. It never blocks, and does
// nothing for a goroutine that does not exist.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
