// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Range is a run of pages that follow each other in the file: First up to Last, both
// included. In a compressed file it is one of bytes.
type Range struct{ First, Last int64 }

// Segment returns the segment that begins on page first, or nil.
func Segment(disk *snapshot.Snapshot, first int64) *segment.Segment {
	for _, l := range disk.Levels {
		for _, seg := range l.Segments() {
			if int64(seg.First) == first {
				return seg
			}
		}
	}
	return nil
}

// Ranges returns the pages of a segment in the order in which they are read.
func Ranges(seg *segment.Segment) (out []Range, err error) {
	blocks, err := seg.Blocks()
	if err != nil {
		return nil, err
	}
	geo := seg.Space.Geometry()
	for i, b := range blocks {
		r := Range{First: int64(geo.FirstPage(b)), Last: int64(geo.LastPage(b))}
		if i == 0 {
			r.First = int64(seg.First)
		}
		if i == len(blocks)-1 {
			r.Last = int64(seg.Last)
		}
		if n := len(out); n > 0 && out[n-1].Last+1 == r.First {
			out[n-1].Last = r.Last
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

// Pages returns the number of each page of a segment in the order in which they are read, up to most
// of them. For a compressed file it reads the segment.
func Pages(seg *segment.Segment, most int) (out []int64, err error) {
	jumps, geo := uint32(0), seg.Space.Geometry()
	q := blockfile.NewSequential(seg.Space, seg.Last)
	for p := seg.First; ; {
		out = append(out, int64(p))
		if p == seg.LastPage || len(out) == most {
			return out, nil
		}
		next, err := q.NextPage(p)
		if err != nil {
			return out, err
		}
		if geo.Block(next) != geo.Block(p) || next <= p {
			if jumps++; jumps > seg.Space.Blocks() {
				return out, errs.Corruptf("the segment's pages run in a circle").AtPage(int64(p))
			}
		}
		p = next
	}
}
