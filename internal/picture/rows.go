// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
)

// row is a line of the picture of the levels: a tree, a segment, or what a job is writing.
type row struct {
	id      string
	segment int // number of the segment, -1 for none
	job     int // number of the job that writes what is shown, -1 for none
	level   int // -1 for none
	name    string
	note    string // next to the name
	size    int64
	paint   Paint
	span    *span   // of keys; nil if there are none
	done    float64 // which part is written, of what a job writes
	tip     string
	figure  string // what stands next to its size
}

// span is a range of places on the axis.
type span struct{ from, to float64 }

// rowsOf returns the rows from new to old: trees, then segments, with what a job writes after its inputs.
func rowsOf(l *engine.Layout, keys *axis) (rows []row) {
	after := make(map[int][]row) // the outputs, by the segment after which they come
	for n, j := range l.Jobs {
		if j.Output < 0 {
			at := -1
			if len(j.Inputs) > 0 {
				at = j.Inputs[len(j.Inputs)-1]
			}
			after[at] = append(after[at], outputRow(l, keys, n))
		}
	}
	rows = append(rows, row{id: "live", segment: -1, job: -1, level: -1, name: "tree", note: "in memory", size: l.LiveBytes, paint: treePaint,
		tip: "The tree that is written to: " + size(l.LiveBytes) + " in memory"})
	if l.OldBytes > 0 {
		rows = append(rows, row{id: "old", segment: -1, job: -1, level: -1, name: "tree", note: "to flush", size: l.OldBytes, paint: treePaint,
			tip: "The tree that waits to be flushed: " + size(l.OldBytes) + " in memory"})
	}
	rows = append(rows, after[-1]...)
	paints := segmentPaints(l)
	for n := range l.Segments {
		rows = append(rows, segmentRow(l, keys, n, paints[n]))
		rows = append(rows, after[n]...)
	}
	return rows
}

// segmentPaints returns the paint of each segment: by how many others are older. What is merged so far of a merge
// counts as the oldest of its level, which it will be, so that it keeps its colour when the merge ends.
func segmentPaints(l *engine.Layout) []Paint {
	paints := make([]Paint, len(l.Segments))
	older := 0
	for last := len(l.Segments) - 1; last >= 0; {
		first := last
		for first > 0 && l.Segments[first-1].Level == l.Segments[last].Level {
			first--
		}
		paints[first] = rankPaint(older)
		for i := last; i > first; i-- {
			paints[i] = rankPaint(older + 1 + last - i)
		}
		older += last - first + 1
		last = first - 1
	}
	return paints
}

func segmentRow(l *engine.Layout, keys *axis, n int, paint Paint) row {
	s := &l.Segments[n]
	r := row{id: fmt.Sprintf("s%d", n), segment: n, job: -1, level: s.Level, size: s.Bytes, paint: paint, note: fmt.Sprintf("age %d", s.Age)}
	if n == 0 || l.Segments[n-1].Level != s.Level {
		r.name = fmt.Sprintf("level %d", s.Level)
	}
	switch {
	case s.Role == engine.RoleOutput:
		r.note = "merged"
	case s.Role == engine.RoleInput && s.FirstKey == nil && s.Problem == "":
		r.note = "done"
	case s.Role == engine.RoleInput:
		r.note = "to merge"
	case s.FreelistOnly:
		r.note = "free list"
	}
	if s.FirstKey != nil && s.LastKey != nil {
		r.span = &span{keys.place(s.FirstKey), keys.place(s.LastKey)}
	}
	r.tip = segmentTip(s)
	r.figure = counted(int(s.Blocks), "block")
	if s.Problem != "" {
		r.figure = "damaged"
	}
	return r
}

// segmentTip says everything about a segment.
func segmentTip(s *engine.LayoutSegment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Level %d, age %d", s.Level, s.Age)
	switch s.Role {
	case engine.RoleOutput:
		b.WriteString(", what is merged so far of a merge")
	case engine.RoleInput:
		b.WriteString(", an input of a merge, of which a part is merged")
	}
	if s.FreelistOnly {
		b.WriteString(", only free-list entries")
	}
	fmt.Fprintf(&b, ": %s in %s, pages %d to %d", size(s.Bytes), counted(int(s.Blocks), "block"), s.First, s.Last)
	if s.FirstKey != nil && s.LastKey != nil {
		fmt.Fprintf(&b, "; keys %s to %s", keyText(s.FirstKey, 40), keyText(s.LastKey, 40))
	}
	if s.Problem != "" {
		b.WriteString("; " + plain(s.Problem))
	}
	return b.String()
}

// outputRow is what a job is writing that is no part of the levels yet.
func outputRow(l *engine.Layout, keys *axis, n int) row {
	j := &l.Jobs[n]
	r := row{id: fmt.Sprintf("j%d", n), segment: -1, job: n, level: -1, name: "merge", note: "in progress", size: j.Pages * pageBytes(l), paint: workPaint}
	all := j.InputPages * pageBytes(l)
	if j.Flush {
		r.name = "flush"
		all += l.OldBytes
		r.span = &span{0, 1}
	}
	for _, i := range j.Inputs {
		s := &l.Segments[i]
		if s.FirstKey == nil || s.LastKey == nil {
			continue
		}
		from, to := keys.place(s.FirstKey), keys.place(s.LastKey)
		if r.span == nil {
			r.span = &span{from, to}
		}
		r.span.from, r.span.to = min(r.span.from, from), max(r.span.to, to)
	}
	if all > 0 {
		r.done = min(1, float64(r.size)/float64(all))
	}
	r.figure = percent(r.size, all) + " done"
	r.tip = fmt.Sprintf("%s in progress: %s written, at most %s", strings.ToUpper(r.name[:1])+r.name[1:], size(r.size), size(all))
	return r
}

// pageBytes is what a page of a job's counts for: of a compressed file these are whole pages, too.
func pageBytes(l *engine.Layout) int64 { return l.PageSize }
