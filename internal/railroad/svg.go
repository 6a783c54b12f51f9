package railroad

import (
	"fmt"
	"html"
	"strings"
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

// style is that of every picture. A picture is shown as an image, so it brings its own
// colours, for bright and dark surroundings; its background is that of the page.
const style = `
path{fill:none;stroke:#57606a;stroke-width:1.6}
.a{fill:#57606a;stroke:none}
rect{stroke-width:1.4}
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;text-anchor:middle;fill:#1f2328}
.t{fill:#ddf4e4;stroke:#2da160}.r{fill:#ddebfa;stroke:#3b7cc4}.s{fill:#f6f1e3;stroke:#a58a3c;stroke-dasharray:4 3}
.k{font-weight:600}.i{font-style:italic}
@media(prefers-color-scheme:dark){
path{stroke:#9aa4af}.a{fill:#9aa4af}text{fill:#e6edf3}
.t{fill:#143323;stroke:#3fb871}.r{fill:#142b45;stroke:#5a9be0}.s{fill:#332d1a;stroke:#c2a650}
}
`

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

// SVG returns the picture of a rule.
func SVG(r *Rule) string {
	var c canvas
	rows := lines(r.Expr)
	width, y := 0, margin
	for _, b := range rows {
		width = max(width, b.width)
	}
	left := margin + endLength
	if len(rows) > 1 {
		left += radius
		width += radius
	}
	right := left + width
	previous := 0 // where the line above ends
	for i, b := range rows {
		y += max(b.up, boxHeight/2)
		if i == 0 {
			c.line(margin, y-6, margin, y+6)
			c.line(margin, y, left, y)
		} else {
			c.wrap(left+rows[i-1].width, previous, right, left, y, y-max(b.up, boxHeight/2)-lineGap/2)
		}
		b.draw(&c, left, y)
		previous = y
		y += b.down
		if i < len(rows)-1 {
			y += lineGap
		}
	}
	last := left + rows[len(rows)-1].width
	end := last + endLength
	c.line(last, previous, end, previous)
	c.line(end, previous-6, end, previous+6)
	right = max(end, right)
	if len(rows) > 1 {
		right = max(right, left+width+radius)
	}
	w, h := right+margin, y+margin
	var out strings.Builder
	fmt.Fprintf(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n", w, h, w, h)
	fmt.Fprintf(&out, "<title>%s</title>\n<style>%s</style>\n<path d=\"%s\"/>\n%s</svg>\n",
		html.EscapeString(r.Name), style, c.path.String(), c.above.String())
	return out.String()
}

// wrap is the track from the end of one line to the beginning of the next, through the
// gap between them, where it goes back.
func (c *canvas) wrap(x, y, right, left, next, gap int) {
	const r = radius
	fmt.Fprintf(&c.path, "M%d %dH%da%d %d 0 0 1 %d %dV%da%d %d 0 0 1 %d %d", x, y, right, r, r, r, r, gap-r, r, r, -r, r)
	fmt.Fprintf(&c.path, "H%da%d %d 0 0 0 %d %dV%da%d %d 0 0 0 %d %d", left, r, r, -r, r, next-r, r, r, r, r)
	c.arrow((right+left)/2, gap)
}
