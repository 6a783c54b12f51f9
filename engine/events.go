// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
	"github.com/lsmlite/lsmlite-go/engine/internal/writer"
)

// stallReasons are the names of the worker's reasons.
var stallReasons = [worker.NumReasons]StallReason{
	worker.StallFlush: StallFlush, worker.StallMerge: StallMerge, worker.StallCheckpoint: StallCheckpoint,
	worker.StallChanges: StallChanges,
}

// commitEvents passes on commits, if they are observed.
func commitEvents(db *DB) func(writer.Committed) {
	observe := db.obs.Committed
	if observe == nil {
		return nil
	}
	return func(c writer.Committed) {
		observe(CommitEvent{
			DB: db, Duration: c.Duration, Sync: c.Sync, Work: c.Work, Turn: c.Turn, Stall: c.Stall,
			Records: c.Records, Bytes: c.Bytes, Err: c.Err,
		})
	}
}

// workerEvents passes on what the worker does, as far as it is observed.
func workerEvents(db *DB) (e worker.Events) {
	obs := &db.obs
	if f := obs.Flushed; f != nil {
		e.Flushed = func(j worker.Job) {
			defer db.tells()()
			f(segmentEvent(db, j))
		}
	}
	if f := obs.Merged; f != nil {
		e.Merged = func(j worker.Job) {
			defer db.tells()()
			f(segmentEvent(db, j))
		}
	}
	if f := obs.Worked; f != nil {
		e.Worked = func(s worker.Share) {
			defer db.tells()()
			f(WorkEvent{DB: db, By: s.By, Pages: s.Pages, Bytes: s.Bytes, Duration: s.Duration, Err: s.Err})
		}
	}
	if f := obs.Checkpointed; f != nil {
		e.Checkpointed = func(s worker.Stored) {
			defer db.tells()()
			f(CheckpointEvent{DB: db, ID: s.ID, Bytes: s.Bytes, Duration: s.Duration, Err: s.Err})
		}
	}
	if f := obs.Stalled; f != nil {
		e.Stalled = func(s worker.Stalled) {
			defer db.tells()()
			f(StallEvent{DB: db, Reason: stallReasons[s.Reason], Op: s.Op, Duration: s.Duration})
		}
	}
	if f := obs.Failed; f != nil {
		e.Failed = func(op string, err error) {
			defer db.tells()()
			f(FailEvent{DB: db, Op: op, Err: err})
		}
	}
	return e
}

// telling counts the functions of the observer that have begun, and that have ended. Close waits for those that run,
// because they may run in a goroutine of the engine, and read: the caller of Close knows nothing of that.
type telling struct{ begun, ended atomic.Int64 }

// tells counts a function of the observer, until what it returns is called.
func (c *core) tells() (ended func()) {
	c.telling.begun.Add(1)
	return c.told
}

func (c *core) told() { c.telling.ended.Add(1) }

// segmentEvent describes a job that has ended.
func segmentEvent(db *DB, j worker.Job) SegmentEvent {
	e := SegmentEvent{
		DB: db, Pages: j.Pages, Bytes: j.Bytes, Duration: j.Duration, Inputs: j.Inputs, InputPages: j.InputPages,
		TreeBytes: j.TreeBytes, Err: j.Err,
	}
	if s := j.Output; s != nil {
		e.Output = SegmentInfo{Role: RoleRun, First: int64(s.First), Last: int64(s.Last), Root: int64(s.Root), Pages: s.Size}
	}
	return e
}
