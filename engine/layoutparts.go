// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/inspect"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

var extentUses = [...]string{
	inspect.UseMeta: ExtentMeta, inspect.UseSegment: ExtentSegment, inspect.UseRest: ExtentRest, inspect.UseWriting: ExtentWriting,
	inspect.UseSetAside: ExtentSetAside, inspect.UseFree: ExtentFree, inspect.UseWaiting: ExtentWaiting,
	inspect.UsePinned: ExtentPinned, inspect.UseUnknown: ExtentUnknown,
}

// role names the role of a segment by its place among those of its level.
func role(l *snapshot.Level, place int) string {
	switch {
	case l.Merging == nil:
		return RoleRun
	case place == 0:
		return RoleOutput
	}
	return RoleInput
}

func layoutKey(k inspect.Key) *LayoutKey {
	if k.Bytes == nil {
		return nil
	}
	return &LayoutKey{Bytes: k.Bytes, Len: k.Len}
}

// addJobs adds the jobs whose inputs the state still shows, and the extents, which have their numbers.
func addJobs(out *Layout, v *inspect.View, progress []worker.JobState, made *inspect.Layout) {
	number := make(map[*snapshot.Level]int) // of the first segment of a level
	n := 0
	for _, l := range v.State.Disk.Levels {
		number[l] = n
		n += len(l.Segments())
	}
	newNumber := make([]int, len(progress))
	for i, p := range progress {
		newNumber[i] = -1
		if !made.Current[i] {
			continue
		}
		newNumber[i] = len(out.Jobs)
		job := LayoutJob{Flush: p.Flush, Output: -1, InputPages: p.InputPages, Pages: p.Pages}
		for _, l := range p.Inputs {
			for j := range l.Segments() {
				if j == 0 && l.Merging != nil && len(p.Inputs) == 1 && !p.Flush {
					job.Output = number[l]
					continue
				}
				job.Inputs = append(job.Inputs, number[l]+j)
			}
		}
		out.Jobs = append(out.Jobs, job)
	}
	for _, e := range made.Extents {
		x := Extent{Start: e.Start, End: e.End, Use: extentUses[e.Use], Segment: e.Segment, Job: e.Job, Until: int64(e.Until)}
		if e.Job >= 0 {
			x.Job = newNumber[e.Job]
		}
		out.Extents = append(out.Extents, x)
	}
	if end := out.Blocks * out.BlockSize; out.FileBytes > end {
		out.Extents = append(out.Extents, Extent{Start: end, End: out.FileBytes, Use: ExtentTail, Segment: -1, Job: -1})
	}
}
