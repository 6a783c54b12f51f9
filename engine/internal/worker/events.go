// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Events are called for what happens. Each may be nil. They are called by the goroutine that
// does the work, with its turns, and must not call the worker.
type Events struct {
	Flushed, Merged func(Job) // a job has ended
	Worked          func(Share)
	Checkpointed    func(Stored)
	Stalled         func(Stalled)
	Failed          func(op string, err error) // work that nobody waits for
}

// Job is a job that has ended.
type Job struct {
	Pages, Bytes int64 // written
	Duration     time.Duration
	Inputs       int
	InputPages   int64
	TreeBytes    int64           // of the tree that was flushed
	Output       *format.Segment // nil if nothing was left to write
	Err          error
}

// Share is an amount of flushing and merging.
type Share struct {
	By           string
	Pages, Bytes int64
	Duration     time.Duration
	Err          error
}

// Stored is a checkpoint that was stored, or could not be.
type Stored struct {
	ID       int64
	Bytes    int64 // written to the file since the one before
	Duration time.Duration
	Err      error
}

// Stalled is a wait by which a writer was held back.
type Stalled struct {
	Reason   Reason
	Op       string
	Duration time.Duration
}

// Who does work, as Share.By says.
const (
	ByCommit     = "commit"
	ByBegin      = "begin"
	ByMerger     = "merger"
	ByWork       = "work"
	ByFlush      = "flush"
	ByClose      = "close"
	ByOpen       = "open"
	ByCheckpoint = "checkpoint"
	ByOptimize   = "optimize"
)

// Report reports an error of work that nobody waits for.
func (w *Worker) Report(op string, err error) {
	if w.Events.Failed != nil {
		w.Events.Failed(op, err)
	}
}

// jobEnded counts a job that was published or has failed, and reports it.
func (w *Worker) jobEnded(j *job, err error) {
	observe, count := w.Events.Merged, &w.Counters.Merges
	if j.flush {
		observe, count = w.Events.Flushed, &w.Counters.Flushes
	}
	if err != nil {
		count = &w.Counters.WorkErrors
	}
	count.Add(1)
	if observe == nil {
		return
	}
	e := Job{Pages: j.cost.pages, Bytes: j.cost.bytes, Duration: j.cost.took, Err: err}
	e.Inputs, e.InputPages = j.segments, j.inputPages
	if j.flush {
		e.TreeBytes = int64(j.Spec().Tree.Size())
	}
	if err == nil {
		if r := j.Result(); r.Written {
			e.Output = &r.Segment
		}
	}
	observe(e)
}

// sizeOf counts the segments of some levels and their pages.
func sizeOf(levels []*snapshot.Level) (segments int, pages int64) {
	for _, l := range levels {
		for _, seg := range l.Segments() {
			segments++
			pages += seg.Size
		}
	}
	return segments, pages
}
