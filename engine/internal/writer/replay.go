// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// First publishes the state of the checkpoint, without the log, and with a log that nothing
// can be written to. It is called once, while the database is opened.
func (w *Writer) First(disk *snapshot.Snapshot) error {
	log, _, err := wal.Recover(nil, disk.Log, nil, nil)
	if err != nil {
		return err
	}
	w.log, w.tree = log, w.newTree()
	w.Ledger.First(disk, w.tree)
	return nil
}

// replayer applies the commits of the log to the tree when a database is opened, within the
// same bounds of memory as writing: a log may be much longer than what it leads to, and than
// memory. Whenever the tree has grown by autoflush it is looked at: if most of it has been
// overwritten or deleted since, it is folded, else it is flushed. What may write nothing
// only folds. Until then the records are collected, to be put into the tree in order.
type replayer struct {
	w        *Writer
	ctx      context.Context
	inMemory bool // nothing can be flushed
	limit    int  // size of the tree at which it is looked at
	records  int
	batch    *memtree.Batch // of records that the tree does not hold yet

	skipTo         *format.LogPos // what comes before it is in the file; nil once it is reached
	skipped        int64          // records
	skippedCommits int
}

// Replay reads the log from a position on into the tree, and publishes the state that it
// leads to. With inMemory nothing is written to the database file. The database is being
// opened: nobody else uses it.
//
// The log is read from an earlier place on, if there is one, so that what comes before the position is part of its
// history, too. If that does not lead to the position, it is of no account.
func (w *Writer) Replay(ctx context.Context, from format.LogPos, earlier *format.LogPos, inMemory bool) (wal.Recovered, error) {
	if earlier != nil {
		rec, err := w.replay(ctx, from, earlier, inMemory)
		if !errors.Is(err, errOtherWay) {
			return rec, err
		}
	}
	return w.replay(ctx, from, nil, inMemory)
}

var errOtherWay = errors.New("an earlier place of the log does not lead to the checkpoint")

func (w *Writer) replay(ctx context.Context, from format.LogPos, earlier *format.LogPos, inMemory bool) (wal.Recovered, error) {
	// Without a filter, which costs time: as a rule most of what is read is flushed, here or soon. So the tree that
	// stays live once the database is open has none either, until the next one takes its place.
	w.tree = memtree.New()
	r := &replayer{w: w, ctx: ctx, inMemory: inMemory, limit: int(w.Tuning.Load().AutoFlush), batch: memtree.NewBatch(w.tree)}
	var file wal.File
	if f := w.Files.Log(); f != nil {
		file = f
	}
	begin := from
	if earlier != nil {
		begin, r.skipTo = *earlier, &from
	}
	log, rec, err := wal.RecoverSteps(file, begin, w.Notes.Keys(), r.apply, r.committed)
	if r.skipTo != nil && ctx.Err() == nil {
		return rec, errOtherWay
	}
	if err != nil {
		return rec, fmt.Errorf("replay log %s: %w", errs.Cut(w.Files.LogPath()), err)
	}
	if earlier != nil {
		rec.Commits, rec.Records, rec.Bytes = rec.Commits-r.skippedCommits, rec.Records-r.skipped, wal.BytesAfter(rec.Regions, from.Off)
	}
	r.batch.Apply()
	if w.tree.Size() == 0 {
		w.tree = w.newTree()
	}
	w.log = log
	w.log.Keep(w.Tuning.Load().Changes)
	w.Ledger.Replayed(w.tree, log.Place(), rec)
	return rec, nil
}

func (r *replayer) apply(rec format.LogRecord) error {
	if r.records++; r.records%1024 == 0 {
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	if r.skipTo != nil {
		r.skipped++
		return nil
	}
	return wal.Apply(rec, r.batch)
}

// committed is called after each transaction, with the position in the log after it.
func (r *replayer) committed(pos format.LogPos) error {
	if to := r.skipTo; to != nil {
		if r.skippedCommits++; pos.Off == to.Off && pos.Sum == to.Sum && pos.Chain == to.Chain && pos.Commits == to.Commits {
			r.skipTo = nil
		}
		return nil
	}
	w := r.w
	if w.tree.Size()+r.batch.Size() < r.limit {
		return nil
	}
	r.batch.Apply()
	defer func() { r.batch.Use(w.tree) }()
	limit := int(w.Tuning.Load().AutoFlush)
	live := w.tree.Live()
	switch garbage := w.tree.Size() - live; {
	case garbage > live || r.inMemory && garbage >= limit:
		w.tree = w.tree.Fold()
	case !r.inMemory:
		if err := r.flush(pos); err == nil {
			live = 0
		} else if errors.Is(err, errs.ErrFull) {
			r.inMemory = true
			live = w.tree.Size()
		} else {
			return err
		}
	}
	// To fold costs as much as is live, so that has to come in between at least by half.
	r.limit = live + max(limit, live/2)
	if !r.inMemory {
		r.limit = max(limit, 2*live)
	}
	return nil
}

// flush makes the tree the old one, which reaches up to a position in the log, and
// flushes it. An old tree that could not be flushed is flushed first.
func (r *replayer) flush(pos format.LogPos) error {
	w := r.w
	replayed := w.tree.Freeze()
	w.tree = memtree.New()
	w.Ledger.SetAside(replayed, pos, w.tree)
	watch := w.Worker.Watch(worker.ByOpen)
	err := w.Worker.FlushOld(r.ctx)
	watch.End(err)
	return err
}

// StartLog begins a new log in the log's file, with a mark of its own. The newest checkpoint,
// which both meta pages hold, needs none. The database is being opened.
func (w *Writer) StartLog(mark format.LogMark) error {
	pos := w.Ledger.Newest().Disk.Log
	pos.Off = 0
	log, _, err := wal.Recover(w.Files.Log(), pos, w.Notes.Keys(), nil)
	if err != nil {
		return err
	}
	w.log = log
	w.log.Keep(w.Tuning.Load().Changes)
	w.Notes.SetMark(mark)
	w.SetLogHead()
	w.Ledger.NewLog(log.Place(), log.Regions())
	return nil
}

// BreakLog makes the end of the log one that nothing before it leads to, because others have written to the file.
// BringIn makes that durable, and MendLog is to follow it. The database is being opened.
func (w *Writer) BreakLog() {
	w.Turn.MustBeHeld()
	w.Worker.Turn.MustBeHeld()
	w.log.Break()
	w.Ledger.Break(w.log.Place())
}

// MendLog lets the log go on after BreakLog and BringIn.
func (w *Writer) MendLog() {
	w.Turn.MustBeHeld()
	if w.log.Broken() {
		w.log.Resume(w.Ledger.Newest().Disk.Log)
	}
}

// SetLogHead makes the log begin with its mark and a reference to the newest synced
// checkpoint.
func (w *Writer) SetLogHead() {
	w.log.SetHead(func() format.LogHead {
		return format.LogHead{Mark: w.Notes.Mark(), Base: w.Ledger.Stored().Ref}
	})
}
