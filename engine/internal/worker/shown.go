// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"slices"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// JobState is how far a flush or a merge is that is being worked on. It may be some steps old, and its inputs may be
// gone from the newest state already.
type JobState struct {
	Flush  bool              // the old tree is an input
	Inputs []*snapshot.Level // the others, newest first
	Blocks []base.BlockNo    // it writes to, in order
	Pages  int64             // written

	InputPages int64 // about what it will write at most, besides the tree
}

// shownJob is what others may know of a job without the worker's turn. Only pages changes: the rest is made again when
// the job has another block or other inputs, so that a step costs no allocation.
type shownJob struct {
	job   *job
	shows JobState
	pages atomic.Int64
}

// JobStates returns how far the jobs are, in the order of their slots: the flush first, then merges, the small ones
// before the large ones. It may be called by any goroutine, with or without a turn.
func (w *Worker) JobStates() (list []JobState) {
	for i := range w.shown {
		if s := w.shown[i].Load(); s != nil {
			p := s.shows
			p.Pages = s.pages.Load()
			list = append(list, p)
		}
	}
	return list
}

// show notes how far a job is. The caller has the worker's turn.
func (w *Worker) show(j *job) {
	w.Turn.MustBeHeld()
	i := slices.Index(w.jobs[:], j)
	if i < 0 {
		return
	}
	s, blocks := w.shown[i].Load(), j.Blocks()
	if s == nil || s.job != j || len(s.shows.Blocks) != len(blocks) || !slices.Equal(s.shows.Inputs, j.inputs) {
		s = &shownJob{job: j, shows: JobState{
			Flush: j.flush, Inputs: j.inputs, InputPages: j.inputPages,
			Blocks: blocks[:len(blocks):len(blocks)], // the writer only adds to them
		}}
		s.pages.Store(j.Pages())
		w.shown[i].Store(s)
		return
	}
	s.pages.Store(j.Pages())
}
