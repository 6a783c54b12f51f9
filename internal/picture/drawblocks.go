// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
)

// maxCells is how many places the map of blocks has at most.
const maxCells = 2400

// gridOf chooses how large the places of the map are.
func gridOf(cells int64) (pitch float64, columns int64) {
	for _, pitch := range [...]float64{24, 20, 16, 14, 12} {
		if columns := int64(inner / pitch); (cells+columns-1)/columns <= 8 {
			return pitch, columns
		}
	}
	return 11.75, inner / 11.75
}

// blocks draws the file as a map of its blocks.
func (d *drawing) blocks() {
	blocks := max(d.l.Blocks, d.frame.blocks)
	perCell := perCellOf(blocks, maxCells)
	cells := cellsOf(d.l, perCell)
	what := fmt.Sprintf("%s of %s, from left to right and from top to bottom", counted(int(d.l.Blocks), "block"), size(d.l.BlockSize))
	if perCell > 1 {
		what = fmt.Sprintf("%s of %s; each place is %d of them", counted(int(d.l.Blocks), "block"), size(d.l.BlockSize), perCell)
	}
	d.label("file", margin, d.y, sectionFont, "File")
	d.label("file.blocks", margin+60, d.y, noteFont, what)
	d.y += 14
	pitch, columns := gridOf((blocks + perCell - 1) / perCell)
	paints := segmentPaints(d.l)
	for i := range cells {
		b := box{margin + float64(int64(i)%columns)*pitch, d.y + float64(int64(i)/columns)*pitch, pitch - 2, pitch - 2}
		d.cell(fmt.Sprintf("b%d", i), &cells[i], b, paints)
	}
	rows := ((blocks+perCell-1)/perCell + columns - 1) / columns
	d.y += float64(rows)*pitch + 36
}

// cell draws a place of the map: its parts from left to right, and a mark on what is not known by its colour alone.
func (d *drawing) cell(id string, c *cell, b box, paints []Paint) {
	tip := ""
	if !d.frame.plain {
		tip = c.tip(d.l)
	}
	for i, p := range c.parts {
		part := box{b.x + p.from*b.w, b.y, (p.to - p.from) * b.w, b.h}
		d.rect(fmt.Sprintf("%s.%d", id, i), part, extentPaint(p.extent, paints), tip)
		if p.extent.Use == engine.ExtentMeta && part.w < leastMeta {
			d.add(Item{ID: id + ".meta", Kind: Rect, Layer: 1, X: b.x, Y: b.y, W: leastMeta, H: b.h, Fill: metaPaint, Tip: tip})
		}
		if part.w > b.w/2 {
			d.mark(id+".mark", part, p.extent.Use)
		}
	}
}

// leastMeta is how wide the meta pages are shown at least, which are the 128th part of an ordinary block.
const leastMeta = 2

// mark draws the mark of a use.
func (d *drawing) mark(id string, b box, use string) {
	switch use {
	case engine.ExtentPinned:
		d.line(id, box{b.x + 1, b.y + b.h - 1, b.w - 2, 2 - b.h}, inkPaint, 1)
	case engine.ExtentWaiting:
		d.rect(id, box{b.x + b.w/2 - 1.5, b.y + b.h/2 - 1.5, 3, 3}, dimPaint, "")
	case engine.ExtentWriting, engine.ExtentSetAside:
		d.rect(id, box{b.x + 2.5, b.y + 2.5, b.w - 5, b.h - 5}, Paper, "")
	case engine.ExtentUnknown:
		d.line(id, box{b.x + 1, b.y + 1, b.w - 2, b.h - 2}, Paper, 1.5)
	}
}

// log draws the log as a bar, as long as its file, with the regions that are needed.
func (d *drawing) log() {
	d.label("log", margin, d.y, sectionFont, "Log")
	end, needed := d.l.LogFileBytes, int64(0)
	for _, r := range d.l.Log {
		end, needed = max(end, r.End), needed+r.End-r.Start
	}
	d.label("log.bytes", margin+60, d.y, noteFont, fmt.Sprintf("%s needed, in a file of %s", size(needed), size(d.l.LogFileBytes)))
	d.y += 14
	d.add(Item{ID: "log.file", Kind: Rect, X: margin, Y: d.y, W: inner, H: barHeight, Round: 3, Fill: trackPaint})
	for i, r := range d.l.Log {
		if r.End > r.Start {
			x, w := float64(r.Start)/float64(end)*inner, float64(r.End-r.Start)/float64(end)*inner
			d.add(Item{ID: fmt.Sprintf("log.%d", i), Kind: Rect, Layer: 1, X: margin + min(x, inner-3), Y: d.y, W: max(3, w), H: barHeight, Round: 1,
				Fill: logPaint, Tip: fmt.Sprintf("Bytes %s to %s of the log", count(r.Start), count(r.End))})
		}
	}
	d.y += barHeight + 36
}

// legend says what the colours mean.
func (d *drawing) legend() {
	x := float64(margin)
	entry := func(id string, text string, draw func(box)) {
		draw(box{x, d.y - 11, 14, 14})
		d.label("legend."+id, x+20, d.y, noteFont, text)
		x += 20 + float64(len(text))*6.6 + 18
	}
	fill := func(id string, p Paint) func(box) { return func(b box) { d.rect("legend."+id+".box", b, p, "") } }
	cell := func(id, use string) func(box) {
		return func(b box) {
			d.cell("legend."+id+".box", &cell{parts: []part{{0, 1, engine.Extent{Use: use, Segment: -1, Job: -1}}}}, b, nil)
		}
	}
	entry("new", "segments, new to old", func(b box) {
		for i := range numRanks {
			d.rect(fmt.Sprintf("legend.seg%d", i), box{b.x + float64(i)*8, b.y, 8, b.h}, rankPaint(numRanks-1-i), "")
		}
		x += 8*numRanks - 14
	})
	entry("meta", "meta pages", fill("meta", metaPaint))
	entry("free", "free", cell("free", engine.ExtentFree))
	entry("waiting", "free after a checkpoint", cell("waiting", engine.ExtentWaiting))
	entry("pinned", "free, but pinned", cell("pinned", engine.ExtentPinned))
	entry("work", "being written", cell("work", engine.ExtentWriting))
	entry("tree", "tree", fill("tree", treePaint))
	entry("log", "log", fill("log", logPaint))
	d.y += margin
}
