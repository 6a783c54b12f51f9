// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// sealFor returns the seal of what a job will write. Its pages must not pass for those of a
// segment that may have stood in the same place before: so it is made of the state that the
// job works on, where its log goes on included, which no other state of the database has,
// not even one of the same id that a crash has undone; and of the job's inputs. A job that adds to
// a segment has that segment's seal.
func sealFor(st *snapshot.State, spec *merge.Spec) format.Seal {
	if spec.Onto != nil {
		return spec.Onto.Space.Seal
	}
	log := st.Disk.Log
	if !spec.Tree.Empty() {
		log = st.OldLog
	}
	of := []uint64{uint64(st.Disk.ID), log.Raw(), uint64(log.Sum.S0), uint64(log.Sum.S1), uint64(spec.Start)}
	for _, l := range spec.Inputs {
		of = append(of, uint64(l.Seg.First), uint64(l.Seg.Last))
	}
	return format.MakeSeal(of...)
}

// output makes a segment of what a job has written.
func (w *Worker) output(j *job, seg format.Segment, lastPage base.PageNo, index *segment.Index) (*segment.Segment, error) {
	owned, err := j.allBlocks()
	if err != nil {
		owned = nil // it is read when it is needed
	}
	space, err := w.File.Space(seg.Salt)
	if err != nil {
		return nil, err
	}
	return &segment.Segment{Segment: seg, LastPage: lastPage, Owned: slices.Clip(owned), Index: index,
		Space: space.SealedAs(true, j.Spec().Seal)}, nil
}

// allBlocks returns the blocks of what the job writes, those of a segment that it adds to included:
// it goes on in the last one of that. It may read the file.
func (j *job) allBlocks() ([]base.BlockNo, error) {
	onto := j.Spec().Onto
	if onto == nil {
		return j.Blocks(), nil
	}
	before, err := onto.Blocks()
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(before), j.Blocks()[1:]...), nil
}
