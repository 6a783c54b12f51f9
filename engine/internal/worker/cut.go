// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// cutPart is the part of the file that has to be free at its end for a checkpoint to cut it off:
// a file that is made longer again soon gains nothing.
const cutPart = 8

// cutFile cuts off the end of the file if enough of it is free: if neither the newest checkpoint,
// nor any reader, nor a job needs what is there. The free list goes on naming the blocks, and they
// may be written again. A failure is only reported: nothing depends on it. The caller has the
// worker's turn.
func (w *Worker) cutFile() {
	w.Turn.MustBeHeld()
	end, ok, err := w.Ledger.Unused()
	if err == nil && !ok || w.Host.Stopped() != nil {
		return
	}
	var size int64
	if err == nil {
		size, err = w.File.Length()
	}
	if err == nil {
		gain := size - int64(end)*int64(w.File.Geometry().BlockSize)
		if gain <= 0 || gain < size/cutPart {
			return
		}
		var foreign bool
		if foreign, err = w.Ledger.ForeignReader(); err == nil && !foreign {
			mark.Hit(mark.FileCut)
			err = w.File.Truncate(end)
		}
	}
	if err != nil {
		w.Report("checkpoint", err)
	}
}

// takeAndCut is cutFile for a caller without the worker's turn.
func (w *Worker) takeAndCut(ctx context.Context) error {
	if err := w.Take(ctx, "checkpoint"); err != nil {
		return err
	}
	defer w.Turn.Release()
	w.cutFile()
	return nil
}
