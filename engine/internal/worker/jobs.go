// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"math"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
)

// nextJob returns the job to go on with, starting it if necessary, or nil.
func (w *Worker) nextJob(o Order) (*job, error) {
	s := w.situation()
	s.MinLevels, s.FlushOnly, s.Lazy = o.MinLevels, o.FlushOnly, o.Patient
	c := merge.Choose(&s)
	slot := &w.jobs[c.Slot]
	switch c.Action {
	case merge.Nothing:
		return nil, nil
	case merge.GoOn:
		return *slot, nil
	case merge.Anew:
		w.DropJobs()
	}
	if c.Slot == merge.Flush && w.merging() {
		mark.Hit(mark.JobsTogether)
	}
	j, err := w.newJob(plan{flush: c.Slot == merge.Flush, lo: c.Lo, hi: c.Hi})
	if err != nil {
		return nil, err
	}
	*slot = j
	return j, nil
}

// situation describes the newest state and the jobs in progress. The caller has the worker's
// turn.
func (w *Worker) situation() merge.Situation {
	w.Turn.MustBeHeld()
	st := w.Ledger.Newest()
	s := merge.Situation{Levels: st.Disk.Levels, OldTree: st.HasOld, Moved: len(st.Disk.Redirects) > 0,
		MaxGarbage: w.Tuning.Load().MaxGarbage, Whole: w.File.Encrypted()}
	for i, j := range w.jobs {
		if j != nil {
			s.Jobs[i] = merge.Running{On: true, Inputs: j.inputs}
		}
	}
	return s
}

// merging reports whether a merge is in progress.
func (w *Worker) merging() bool {
	return slices.ContainsFunc(w.jobs[merge.Small:], func(j *job) bool { return j != nil })
}

// forget clears the place of a job that has ended.
func (w *Worker) forget(j *job) {
	for i := range w.jobs {
		if w.jobs[i] == j {
			w.jobs[i] = nil
			w.shown[i].Store(nil)
		}
	}
}

// DropJobs abandons all jobs. The caller has the worker's turn.
func (w *Worker) DropJobs() {
	w.Turn.MustBeHeld()
	for i, j := range w.jobs {
		w.shown[i].Store(nil)
		if j != nil {
			w.abandon(j)
			w.jobs[i] = nil
			mark.Hit(mark.MergeDropped)
		}
	}
	w.advanced() // nobody is to wait for them
}

// rerun merges the inputs of a job that had no publishable result together with the next
// newer level, to the end. It happens only above levels that C lsm1 wrote, when almost
// nothing is left of them.
func (w *Worker) rerun(ctx context.Context, j *job) error {
	for {
		levels := w.Ledger.Newest().Disk.Levels
		lo := slices.Index(levels, j.inputs[0]) - 1
		hi := lo + 1 + len(j.inputs)
		w.DropJobs()
		wider, err := w.newJob(plan{lo: lo, hi: hi})
		if err != nil {
			return err
		}
		for o := unfinished; o == unfinished; {
			if _, o, err = w.runJob(ctx, wider, math.MaxInt64); err != nil {
				if o == unfinished {
					w.abandon(wider)
				}
				return err
			}
			if o == published {
				return nil
			}
		}
		j = wider
	}
}
