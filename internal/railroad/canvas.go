// SPDX-License-Identifier: Apache-2.0

package railroad

import (
	"fmt"
	"html"
	"strings"
)

// Sizes, in pixels.
const (
	charWidth = 8  // of the fixed-width font
	boxHeight = 26 // of a terminal or a reference
	padding   = 10 // around the text in a box
	radius    = 9  // of the curves of a track
	between   = 12 // boxes of a sequence
	rowGap    = 10 // between tracks one above the other
	lineGap   = 20 // between the lines of a rule that is too wide for one
	maxWidth  = 840
	margin    = 12
	endLength = 16 // of the track at both ends of a rule
)

type boxKind string

// The kinds of boxes are classes of the style.
const (
	boxTerminal  boxKind = "t"
	boxReference boxKind = "r"
	boxSpecial   boxKind = "s"
)

const (
	arrowSize = 5
	baseline  = 4.5 // of a text, below the middle of its box
)

// canvas collects what a picture shows.
type canvas struct {
	path  strings.Builder // of all tracks
	above strings.Builder // boxes and arrows
}

// line is a straight track.
func (c *canvas) line(x1, y1, x2, y2 int) {
	if x1 != x2 || y1 != y2 {
		fmt.Fprintf(&c.path, "M%d %dL%d %d", x1, y1, x2, y2)
	}
}

// step is a track from one height to another, in two curves, over 2*radius to the right.
func (c *canvas) step(x1, y1, x2, y2 int) {
	const r = radius
	d, first, second := r, 1, 0
	if y2 < y1 {
		d, first, second = -r, 0, 1
	}
	fmt.Fprintf(&c.path, "M%d %da%d %d 0 0 %d %d %dV%da%d %d 0 0 %d %d %d",
		x1, y1, r, r, first, r, d, y2-d, r, r, second, r, d)
}

// back is a track that leaves (x, y) to the right, and goes back at the lower height to
// the place to.
func (c *canvas) back(x, y, lower, to int) {
	const r = radius
	fmt.Fprintf(&c.path, "M%d %da%d %d 0 0 1 %d %dV%da%d %d 0 0 1 %d %dH%d",
		x, y, r, r, r, r, lower-r, r, r, -r, r, to)
}

// forth is a track that comes at the lower height from the place from, and joins (x, y)
// from the left.
func (c *canvas) forth(x, y, lower, from int) {
	const r = radius
	fmt.Fprintf(&c.path, "M%d %dH%da%d %d 0 0 1 %d %dV%da%d %d 0 0 1 %d %d",
		from, lower, x, r, r, -r, -r, y+r, r, r, r, -r)
}

// arrow shows that a track goes to the left.
func (c *canvas) arrow(x, y int) {
	fmt.Fprintf(&c.above, "<path class=\"a\" d=\"M%d %dl%d %dv%dz\"/>\n", x-arrowSize, y, 2*arrowSize, -arrowSize, 2*arrowSize)
}

// wrap is the track from the end of one line to the beginning of the next, through the
// gap between them, where it goes back.
func (c *canvas) wrap(x, y, right, left, next, gap int) {
	const r = radius
	fmt.Fprintf(&c.path, "M%d %dH%da%d %d 0 0 1 %d %dV%da%d %d 0 0 1 %d %d", x, y, right, r, r, r, r, gap-r, r, r, -r, r)
	fmt.Fprintf(&c.path, "H%da%d %d 0 0 0 %d %dV%da%d %d 0 0 0 %d %d", left, r, r, -r, r, next-r, r, r, r, r)
	c.arrow((right+left)/2, gap)
}

func (c *canvas) box(text string, bold bool, kind boxKind, x, y, width int) {
	round, class := 4, ""
	if kind == boxTerminal {
		round = boxHeight / 2
	}
	switch {
	case bold:
		class = ` class="k"`
	case kind == boxSpecial:
		class = ` class="i"`
	}
	fmt.Fprintf(&c.above, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>", kind, x, y, width, boxHeight, round)
	// textLength keeps the text inside its box, whatever font there is.
	fmt.Fprintf(&c.above, "<text%s x=\"%g\" y=\"%g\" textLength=\"%d\">%s</text>\n",
		class, float64(x)+float64(width)/2, float64(y)+boxHeight/2+baseline, charWidth*len([]rune(text)), html.EscapeString(text))
}
