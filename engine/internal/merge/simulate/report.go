// SPDX-License-Identifier: Apache-2.0

package simulate

import "math"

// Point is what a database is like after some operations. The worst and the means are of the time
// since the point before.
type Point struct {
	Ops           float64
	Live          float64 // rows that exist
	WriteAmp      float64 // bytes written to the file for each byte that the program has given, from the beginning
	WriteAmpSince float64 // the same since the point before
	FileBytes     float64 // greatest length of the file so far
	SpaceAmp      float64 // the file, compared with one segment of the rows that exist
	SpaceAmpWorst float64 // the greatest that it was
	Segments      int
	SegmentsWorst int
	SegmentsMean  float64
	Hit           float64 // segments that a read of a row looks into: the mean, at the mean of all moments
	Ages          int     // different ages of levels
	Oldest        uint16  // the greatest age of a level whose merge is not half done
	Resumed       int64   // merges that were left half done when a session ended
	Rows, Marks   float64 // records of the segments that are rows, and that are deletes
	LongestMerge  int64   // pages' worth of work
	WorstCommit   int64   // pages of work that one commit did or waited for
	Flushes       int64
	Merges        int64
	// Waited is the part of the time, from the beginning, in which commits waited for the
	// background, and Busy the part in which it had something to do.
	Waited, Busy float64
}

// seen collects what a point needs.
type seen struct {
	segments, samples           int
	sumSegments, sumHit, worst  float64
	longest, commits            int64
	flushes, merges, wasWritten int64
	resumed                     int64
	wasOps                      float64
}

func (s *seen) merged(pages int64) {
	s.merges++
	s.longest = max(s.longest, pages)
}

func (s *seen) commit(pages int64) { s.commits = max(s.commits, pages) }

// sample looks at the database once in a while.
func (w *world) sample() {
	w.seen.samples++
	w.seen.sumSegments += float64(w.segments())
	w.seen.sumHit += w.hit()
	w.seen.worst = max(w.seen.worst, w.spaceAmp())
}

// hit is Keys.hit of all segments. Below the split key of a half-done merge a read looks into its
// output, from there on into its inputs.
func (w *world) hit() float64 {
	var done, left []Content
	part := 0.0
	for _, l := range w.levels {
		done = append(done, w.held[l])
		if j := w.half[l]; j != nil {
			left = append(left, j.halves...)
			part = float64(j.done) / float64(j.cost)
		} else {
			left = append(left, w.held[l])
		}
	}
	if part == 0 {
		return w.Keys.hit(done)
	}
	return part*w.Keys.hit(done) + (1-part)*w.Keys.hit(left)
}

// least is the size of one segment of all rows that exist, in pages.
func (w *world) least() float64 {
	return float64(w.pages(Content{Loaded: w.Keys.live(min(w.ops, w.Load), w.ops)}))
}

func (w *world) spaceAmp() float64 {
	// What is in the trees is not in the file yet.
	if least := w.least(); least > 0 && w.space.file > 0 {
		return float64(w.space.file) / least
	}
	return 0
}

func (w *world) point() Point {
	s := &w.seen
	given := w.user() * w.ops
	p := Point{
		Ops: w.ops, Live: w.Keys.live(min(w.ops, w.Load), w.ops),
		WriteAmp:      float64(w.space.written) * float64(w.PageSize) / given,
		WriteAmpSince: float64(w.space.written-s.wasWritten) * float64(w.PageSize) / (w.user() * (w.ops - s.wasOps)),
		FileBytes:     float64(w.space.most) * float64(w.PageSize),
		SpaceAmp:      w.spaceAmp(), SpaceAmpWorst: s.worst,
		Segments: w.segments(), SegmentsWorst: s.segments,
		SegmentsMean: s.sumSegments / float64(s.samples), Hit: s.sumHit / float64(s.samples),
		LongestMerge: s.longest, WorstCommit: s.commits, Flushes: s.flushes, Merges: s.merges, Resumed: s.resumed,
	}
	if w.Background {
		all := w.ops*w.RowSeconds + w.waited
		p.Waited, p.Busy = w.waited/all, float64(w.worked)*w.PageSeconds/all
	}
	for i, l := range w.levels {
		p.Rows += w.held[l].values()
		p.Marks += w.held[l].marks()
		if i == 0 || l.Age != w.levels[i-1].Age {
			p.Ages++
		}
		if l.Merging == nil {
			p.Oldest = max(p.Oldest, l.Age)
		}
	}
	w.seen = seen{wasWritten: w.space.written, wasOps: w.ops, segments: w.segments()}
	return p
}

// Run simulates a database to the last of the sizes.
func Run(c Config) []Point {
	w := newWorld(&c)
	n := max(1, math.Floor(float64(c.Settings.AutoFlush)/c.treeRecord()/commitParts))
	var out []Point
	session := 0.0 // when it began
	for _, size := range c.Sizes {
		for commits := 0; w.ops < size; commits++ {
			w.commit(min(n, size-w.ops))
			if c.Session > 0 && w.ops >= session+c.Session {
				w.reopen()
				session = w.ops
			}
			if commits%(commitParts/4) == 0 {
				w.sample()
			}
		}
		w.sample()
		out = append(out, w.point())
	}
	return out
}

// grow is what the live tree holds after n more operations: rows of the load, then those of Keys.
func (w *world) grow(n float64) Content {
	if w.ops < w.Load {
		c := w.live.Content
		c.Loaded += n
		return c
	}
	return w.Keys.grow(w.live.Content, w.ops, n)
}
