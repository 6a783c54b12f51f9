// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Watch measures an amount of flushing and merging. The worker's turn is held while one
// lasts, so what is written meanwhile belongs to it.
type Watch struct {
	w     *Worker // nil: nobody observes
	by    string
	start time.Time
	pages int64
	bytes int64
}

// Watch begins to measure work that the given one does. The caller has the worker's turn
// until End.
func (w *Worker) Watch(by string) Watch {
	w.Turn.MustBeHeld()
	if w.Events.Worked == nil {
		return Watch{}
	}
	pages, bytes := w.Counters.written()
	return Watch{w: w, by: by, start: time.Now(), pages: pages, bytes: bytes}
}

// End reports the work, unless there was nothing to do.
func (m *Watch) End(err error) {
	if m.w == nil {
		return
	}
	pages, bytes := m.w.Counters.written()
	if pages == m.pages && err == nil {
		return
	}
	m.w.Events.Worked(Share{By: m.by, Pages: pages - m.pages, Bytes: bytes - m.bytes, Duration: time.Since(m.start), Err: err})
}

// sliceWatch measures work that is done in slices, between which others may work.
type sliceWatch struct {
	w            *Worker
	by           string
	pages, bytes int64
	took         time.Duration
}

// slice runs one slice. The caller has the worker's turn.
func (m *sliceWatch) slice(run func() (pages int, done bool, err error)) (int, bool, error) {
	if m.w.Events.Worked == nil {
		return run()
	}
	pages, bytes := m.w.Counters.written()
	start := time.Now()
	defer func() {
		p, b := m.w.Counters.written()
		m.pages += p - pages
		m.bytes += b - bytes
		m.took += time.Since(start)
	}()
	return run()
}

// end reports all slices together, unless there was nothing to do.
func (m *sliceWatch) end(err error) {
	if m.w.Events.Worked == nil || m.pages == 0 && err == nil {
		return
	}
	m.w.Events.Worked(Share{By: m.by, Pages: m.pages, Bytes: m.bytes, Duration: m.took, Err: err})
}

// checkpointWatch measures one checkpoint.
type checkpointWatch struct {
	w     *Worker
	id    base.SnapshotID
	bytes int64
	start time.Time
}

// watchCheckpoint begins to measure a checkpoint that is about to be stored. The caller
// has the checkpointer's turn.
func (w *Worker) watchCheckpoint(c *format.Checkpoint) checkpointWatch {
	w.Checkpointer.MustBeHeld()
	return checkpointWatch{w: w, id: c.ID, start: time.Now(), bytes: w.Ledger.UnstoredBefore(c) * w.pageSize()}
}

// end counts the checkpoint and reports it.
func (m *checkpointWatch) end(err error) {
	c := &m.w.Counters
	now := time.Now()
	if err != nil {
		c.CheckpointErrors.Add(1)
	} else {
		c.Checkpoints.Add(1)
		c.CheckpointBytes.Add(m.bytes)
		c.LastCheckpoint.Store(now.UnixNano())
	}
	if f := m.w.Events.Checkpointed; f != nil {
		f(Stored{ID: int64(m.id), Bytes: m.bytes, Duration: now.Sub(m.start), Err: err})
	}
}

// jobCost is what one job has cost so far.
type jobCost struct {
	pages, bytes int64
	took         time.Duration
}

// charge runs a step of a job and charges the job for it. Only jobs write pages, and only
// one at a time takes a step, so what is written meanwhile is the job's, except for the meta
// pages.
func (w *Worker) charge(j *job, step func() error) error {
	observed := w.Events.Flushed != nil || w.Events.Merged != nil
	var start time.Time
	if observed {
		start = time.Now()
	}
	pagesBefore, bytesBefore := w.File.Wrote()
	err := step()
	pages, bytes := w.File.Wrote()
	pages -= pagesBefore
	bytes -= bytesBefore
	w.Counters.Pages[j.purpose()].Add(pages)
	w.Counters.Bytes[j.purpose()].Add(bytes)
	j.cost.pages += pages
	j.cost.bytes += bytes
	if observed {
		j.cost.took += time.Since(start)
	}
	return err
}
