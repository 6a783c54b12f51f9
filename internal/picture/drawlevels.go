// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine"
)

// levels draws a row for each tree and segment, the newest on top, along the keys.
func (d *drawing) levels() {
	d.label("levels", margin, d.y, sectionFont, "Levels")
	d.label("levels.keys", keysX, d.y, noteFont, "keys, from the first to the last")
	d.label("levels.size", sizesX, d.y, noteFont, "size")
	d.y += 14
	top := d.y
	largest := max(1, d.frame.largest)
	for _, r := range d.rows {
		largest = max(largest, r.size)
	}
	for i, r := range d.rows {
		d.row(i, r, largest)
	}
	d.brackets(top)
	d.y = top + float64(max(len(d.rows), d.frame.rows))*rowHeight + 18
	if d.keys.first != nil {
		d.label("key.first", keysX, d.y, keyFont, keyText(d.keys.first, 40))
		d.label("key.last", keysX+keysWidth, d.y, keyFont.right(), keyText(d.keys.last, 40))
	}
	d.y += 40
}

// row draws one row.
func (d *drawing) row(i int, r row, largest int64) {
	y := d.y + float64(i)*rowHeight
	base, bar := y+17.5, y+5
	if r.name != "" {
		if i > 0 {
			d.line(r.id+".rule", box{x: margin, y: y, w: inner}, rulePaint, 0.5)
		}
		d.label(r.id+".name", margin, base, rowFont.bold(), r.name)
	}
	d.label(r.id+".note", margin+60, base, noteFont, r.note)
	d.rect(r.id+".track", box{keysX, bar, keysWidth, barHeight}, trackPaint, "")
	d.keyBar(r, bar)
	w := max(2, float64(r.size)/float64(largest)*sizeWidth)
	if r.size > 0 {
		d.add(Item{ID: r.id + ".size", Kind: Rect, Layer: 1, X: sizesX, Y: bar, W: w, H: barHeight, Round: 2, Fill: r.paint, Tip: r.tip})
	}
	d.label(r.id+".bytes", sizesX+sizeWidth+92, base, rowFont.right(), size(r.size))
	d.label(r.id+".figure", sizesX+sizeWidth+106, base, noteFont, r.figure)
}

// keyBar draws where the keys of a row are: those of a job's output fill its outline as it goes on.
func (d *drawing) keyBar(r row, y float64) {
	if r.span == nil {
		if r.segment < 0 && r.size > 0 { // a tree may have any keys
			d.outline(r.id+".keys", box{keysX, y, keysWidth, barHeight}, r)
		}
		return
	}
	x, w := keysX+r.span.from*keysWidth, max(3, (r.span.to-r.span.from)*keysWidth)
	x = min(x, keysX+keysWidth-w)
	if r.job >= 0 {
		d.outline(r.id+".whole", box{x, y, w, barHeight}, r)
		w *= r.done
	}
	if w > 0 {
		d.add(Item{ID: r.id + ".keys", Kind: Rect, Layer: 1, X: x, Y: y, W: w, H: barHeight, Round: min(3, w/2), Fill: r.paint, Tip: r.tip})
	}
}

// outline draws the dashed outline of a bar.
func (d *drawing) outline(id string, b box, r row) {
	d.add(Item{ID: id, Kind: Rect, Layer: 1, X: b.x + 0.5, Y: b.y + 0.5, W: b.w - 1, H: b.h - 1, Round: 3, Stroke: r.paint, Size: 1, Style: Dashed, Tip: r.tip})
}

// bracket is which rows a job joins.
type bracket struct {
	job, output int
	rows        []int // ascending, the output's included
}

// bracketsOf returns the brackets of the jobs whose inputs and output are among the rows.
func bracketsOf(l *engine.Layout, rows []row) (list []bracket) {
	for n, j := range l.Jobs {
		b := bracket{job: n, output: -1}
		for i, r := range rows {
			switch {
			case r.job == n || j.Output >= 0 && r.segment == j.Output:
				b.output = i
			case r.id == "old" && j.Flush || r.segment >= 0 && slices.Contains(j.Inputs, r.segment):
			default:
				continue
			}
			b.rows = append(b.rows, i)
		}
		if b.output >= 0 && len(b.rows) > 1 {
			list = append(list, b)
		}
	}
	return list
}

// brackets joins the inputs of each job, and leads to its output. Those that would cross another one lie further out.
func (d *drawing) brackets(top float64) {
	middle := func(i int) float64 { return top + float64(i)*rowHeight + rowHeight/2 }
	var ends []int // the last row of each lane
	for _, b := range bracketsOf(d.l, d.rows) {
		from, to := b.rows[0], b.rows[len(b.rows)-1]
		lane := slices.IndexFunc(ends, func(end int) bool { return end < from })
		if lane < 0 {
			lane = len(ends)
			ends = append(ends, to)
		}
		ends[lane] = max(ends[lane], to)
		x := keysX - 12 - 7*float64(lane)
		id := fmt.Sprintf("j%d", b.job)
		for _, i := range b.rows {
			d.line(fmt.Sprintf("%s.arm%d", id, i), box{x: x, y: middle(i), w: keysX - 4 - x}, workPaint, 1.5)
		}
		d.line(id+".stem", box{x: x, y: middle(from), h: middle(to) - middle(from)}, workPaint, 1.5)
		d.line(id+".head", box{x: keysX - 8, y: middle(b.output) - 4, w: 5, h: 4}, workPaint, 1.5)
		d.line(id+".chin", box{x: keysX - 8, y: middle(b.output) + 4, w: 5, h: -4}, workPaint, 1.5)
	}
}
