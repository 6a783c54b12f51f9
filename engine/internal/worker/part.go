// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

const (
	// partOfInputs is how many parts a merge is published in at most, and partBlocks how many
	// blocks one has at least: each costs some pages of the b-tree.
	partOfInputs = 32
	partBlocks   = 4
	// youngPartBlocks is partBlocks of a merge of newer levels. It needs less room, and its parts
	// only have a crash cost less of it.
	youngPartBlocks = 64
	// leftPages is how many pages are left half done when the database is closed, or more.
	leftPages = 16
)

// partPages is how many pages a part of a job has at least.
func (w *Worker) partPages(j *job) int64 {
	perBlock := w.File.Geometry().PagesPerBlock()
	if !j.Spec().Oldest {
		return max(j.inputPages/partOfInputs, youngPartBlocks*perBlock)
	}
	t := w.Tuning.Load()
	return max(j.inputPages/partOfInputs, min(partBlocks*perBlock, max(t.AutoCheckpoint/w.pageSize(), 1)))
}

// worthPart reports whether so much of a job is done that it is to be published in part.
func (w *Worker) worthPart(j *job) bool {
	return !j.whole && j.Pages()-j.parts >= w.partPages(j) && j.HalfDone()
}

// publishPart makes what a job has done so far part of the database, and gives up the blocks
// of its inputs that are not needed any more. The job goes on, with a level as its input
// that is half merged.
func (w *Worker) publishPart(j *job) error {
	w.Turn.MustBeHeld()
	p, ok, err := j.Part()
	if !ok || err != nil {
		return err
	}
	w.Index.Inputs(p.Merging.RHS)
	before := j.inputs[0]
	if before.Merging != nil {
		p.Index.Inherit(before.Seg.Index)
	}
	seg, err := w.output(j, p.Segment, p.LastPage, p.Index)
	if err != nil {
		return err
	}
	half := &snapshot.Level{Age: merge.HalfAge(j.age, j.Spec().Oldest), Seg: seg, Merging: &p.Merging}
	w.Index.Adopt(half.Seg)
	blocks := j.Blocks()
	_, err = w.Ledger.Publish(&ledger.Change{
		Inputs: j.inputs, Output: half, Begin: j.begin, Blocks: blocks[j.held:], GoesOn: true, Compression: w.Compression,
	})
	if err != nil {
		return err
	}
	mark.Hit(mark.MergePart)
	w.Index.Grown(before)
	j.begin, j.held, j.parts = ledger.AppendPoint{}, len(blocks)-1, j.Pages()
	j.inputs = []*snapshot.Level{half}
	return nil
}

// LeaveJobs abandons all jobs, after publishing what is done of merges, so that they go on from
// there when the database is opened again. A merge that cannot be published begins from its beginning
// then. The caller has the worker's turn.
func (w *Worker) LeaveJobs() {
	w.Turn.MustBeHeld()
	for i, j := range w.jobs[merge.Small:] {
		if j == nil || j.whole || j.Pages()-j.parts < leftPages || !j.HalfDone() {
			continue
		}
		if err := w.charge(j, func() error { return w.publishPart(j) }); err != nil {
			w.abandon(j)
			w.jobEnded(j, err)
			w.jobs[int(merge.Small)+i] = nil
		}
	}
	w.DropJobs()
}
