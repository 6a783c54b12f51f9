// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// Flush writes everything that was committed before the call into the database file, in
// slices of a request. Writers are held up only for a moment.
func (w *Writer) Flush(ctx context.Context, op string, r *worker.Request) error {
	if err := w.Host.Writable(op); err != nil {
		return err
	}
	r.Begin(worker.PhaseFlush, 0)
	slice := func() (int, error) {
		return w.Worker.Work(ctx, worker.Order{Pages: worker.StepPages, FlushOnly: true})
	}
	// 1. An old tree that waits goes first, while writers write on.
	err := r.InSlices(ctx, func() (int, bool, error) {
		n, err := slice()
		return n, !w.Ledger.Newest().HasOld, err
	})
	if err != nil {
		return err
	}
	// 2. The live tree becomes the old one.
	mine, err := w.setAside(ctx, op, r)
	if err != nil {
		return err
	}
	// 3. That one is flushed.
	return r.InSlices(ctx, func() (int, bool, error) {
		flushed := func() bool {
			st := w.Ledger.Newest()
			return !st.HasOld || st.OldLog != mine
		}
		if flushed() {
			return 0, true, nil
		}
		n, err := slice()
		return n, flushed(), err
	})
}

// setAside makes the live tree the old one, and returns the end of the log that it
// reaches. If another old tree has come up meanwhile, it is flushed first.
func (w *Writer) setAside(ctx context.Context, op string, r *worker.Request) (end format.LogPos, err error) {
	if r.NoWait {
		if err := w.tryTake(op); err != nil {
			return end, err
		}
	} else if err := w.Turn.Take(ctx); err != nil {
		return end, worker.WaitError(op, w.Path, "the writer's turn", err)
	}
	defer w.Turn.Release()
	if err := w.Worker.Take(ctx, op); err != nil {
		return end, err
	}
	defer w.Worker.Turn.Release()
	err = r.Once(func() (int, bool, error) { return 0, true, w.Worker.FlushOld(ctx) })
	if err != nil {
		return end, err
	}
	if err := w.rotate(); err != nil {
		return end, err
	}
	return w.Ledger.Newest().OldLog, nil
}

// FlushAll flushes the old tree, then the live one. The caller has the turns of writer and
// worker.
func (w *Writer) FlushAll(ctx context.Context) error {
	w.Turn.MustBeHeld()
	w.Worker.Turn.MustBeHeld()
	if err := w.Worker.FlushOld(ctx); err != nil {
		return err
	}
	if err := w.rotate(); err != nil {
		return err
	}
	return w.Worker.FlushOld(ctx)
}

// BringIn makes everything that was committed part of a checkpoint that both meta pages hold.
// by says what for. The caller has the turns of writer and worker.
func (w *Writer) BringIn(ctx context.Context, by string) error {
	w.Turn.MustBeHeld()
	w.Worker.Turn.MustBeHeld()
	w.Worker.LeaveJobs()
	watch := w.Worker.Watch(by)
	err := w.FlushAll(ctx)
	if err == nil {
		err = w.Worker.RewriteSuspect(ctx)
	}
	watch.End(err)
	if err != nil {
		return err
	}
	w.Worker.DropJobs()
	if err := w.Worker.FitFreelist(ctx); err != nil {
		return err
	}
	// The log holds nothing any more that the levels do not, and nobody can commit.
	return w.Worker.StoreAll(ctx)
}

// settleLater is BringIn for a database that could be opened only without, because the disk
// was full. The log goes on where it is: nothing before its end is needed any more. The caller
// has the writer's turn.
func (w *Writer) settleLater(ctx context.Context) error {
	w.Turn.MustBeHeld()
	if !w.Notes.Unsettled.Load() {
		return nil
	}
	if err := w.Worker.Take(ctx, "begin"); err != nil {
		return err
	}
	defer w.Worker.Turn.Release()
	if err := w.BringIn(ctx, worker.ByBegin); err != nil {
		return err
	}
	w.Notes.Unsettled.Store(false)
	w.MendLog()
	return nil
}
