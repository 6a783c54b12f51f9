// SPDX-License-Identifier: Apache-2.0

package railroad

import (
	"fmt"
	"html"
	"strings"
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
