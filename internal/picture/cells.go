// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
)

// cell is a place of the map of blocks: one block, or several neighbours.
type cell struct {
	first, last int64 // blocks
	parts       []part
}

// part is a part of a cell with one use, from and to as parts of its size.
type part struct {
	from, to float64
	extent   engine.Extent
}

// perCellOf returns how many blocks a place has so that there are at most limit of them.
func perCellOf(blocks, limit int64) int64 { return max(1, (blocks+limit-1)/limit) }

// cellsOf divides the file into cells of perCell blocks each.
func cellsOf(l *engine.Layout, perCell int64) (cells []cell) {
	step := perCell * l.BlockSize
	at := 0
	for start := int64(0); start < l.Blocks*l.BlockSize; start += step {
		end := min(start+step, l.Blocks*l.BlockSize)
		c := cell{first: start/l.BlockSize + 1, last: end / l.BlockSize}
		for at < len(l.Extents) && l.Extents[at].End <= start {
			at++
		}
		for i := at; i < len(l.Extents) && l.Extents[i].Start < end; i++ {
			e := l.Extents[i]
			p := part{float64(max(e.Start, start)-start) / float64(step), float64(min(e.End, end)-start) / float64(step), e}
			if n := len(c.parts); n > 0 && c.parts[n-1].extent.Use == e.Use && c.parts[n-1].extent.Segment == e.Segment {
				c.parts[n-1].to = p.to // they differ in what is not seen
				continue
			}
			c.parts = append(c.parts, p)
		}
		cells = append(cells, c)
	}
	return cells
}

// main returns the part that takes most of a cell. The rest of a block counts only where there is nothing else.
func (c *cell) main() engine.Extent {
	best, most := 0, -1.0
	for i, p := range c.parts {
		w := p.to - p.from
		if p.extent.Use == engine.ExtentRest {
			w = 0
		}
		if w > most {
			best, most = i, w
		}
	}
	return c.parts[best].extent
}

// extentPaint returns the paint of an extent.
func extentPaint(e engine.Extent, segments []Paint) Paint {
	switch e.Use {
	case engine.ExtentMeta:
		return metaPaint
	case engine.ExtentSegment:
		return segments[e.Segment]
	case engine.ExtentWriting, engine.ExtentSetAside:
		return workPaint
	case engine.ExtentFree:
		return freePaint
	case engine.ExtentRest, engine.ExtentTail:
		return trackPaint
	case engine.ExtentWaiting:
		return waitingPaint
	case engine.ExtentPinned:
		return pinnedPaint
	}
	return unknownPaint
}

// tip says what is in a cell.
func (c *cell) tip(l *engine.Layout) string {
	s := fmt.Sprintf("Block %s", count(c.first))
	if c.last > c.first {
		s = fmt.Sprintf("Blocks %s to %s", count(c.first), count(c.last))
	}
	for i, p := range c.parts {
		if i == 6 {
			return s + "; and more"
		}
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		s += sep + extentText(p.extent, l)
	}
	return s
}

// extentText says what an extent is used for.
func extentText(e engine.Extent, l *engine.Layout) string {
	switch e.Use {
	case engine.ExtentMeta:
		return "the meta pages"
	case engine.ExtentSegment:
		s := &l.Segments[e.Segment]
		if s.Role != engine.RoleRun {
			return fmt.Sprintf("level %d, %s of a merge", s.Level, s.Role)
		}
		return fmt.Sprintf("level %d", s.Level)
	case engine.ExtentWriting:
		if e.Job >= 0 && l.Jobs[e.Job].Flush {
			return "written by a flush"
		} else if e.Job >= 0 {
			return "written by a merge"
		}
		return "being written"
	case engine.ExtentSetAside:
		return "set aside for a merge"
	case engine.ExtentRest:
		return "a rest"
	case engine.ExtentWaiting:
		return fmt.Sprintf("free after the next checkpoint (snapshot %d used it)", e.Until)
	case engine.ExtentPinned:
		return fmt.Sprintf("free, but pinned (snapshot %d used it)", e.Until)
	case engine.ExtentUnknown:
		return "neither used nor free"
	}
	return e.Use
}
