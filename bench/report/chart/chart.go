// SPDX-License-Identifier: Apache-2.0

// Package chart draws numbers as SVG: grouped bars, and lines. It knows nothing about benchmarks.
//
// A chart has a title and a description as text for those who do not see it, colours that differ
// in brightness as well as in hue, and a style for light and for dark pages. It refers to nothing
// outside itself. Invariants: the same numbers lead to the same bytes; all text is escaped.
package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Value is a number with the range in which it was seen.
type Value struct {
	Mid, Lo, Hi float64
	Missing     bool // there is no number
}

// Series is what one colour stands for: a value for each group of bars, or each point of a line.
type Series struct {
	Name   string
	Values []Value
}

// colours are those of series, in order; more series begin again.
var colours = []string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#9a8f00", "#7f7f7f", "#8c5a3c", "#6a51a3"}

const (
	width      = 860
	fontSize   = 13
	charWidth  = 7.2 // about, of a letter
	margin     = 16
	titleLine  = 28
	legendLine = 20
)

// page collects the elements of a chart.
type page struct {
	strings.Builder
	height float64
}

// begin writes the head. The height is set by end.
func (p *page) begin(title, description string) {
	p.text(margin, margin+10, "title", "start", title)
	if description != "" {
		p.text(margin, margin+10+titleLine-6, "small", "start", description)
	}
}

// end returns the whole document.
func (p *page) end(title, description string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %s" width="%d" height="%s" role="img" aria-labelledby="t d">`+"\n",
		width, num(p.height), width, num(p.height))
	fmt.Fprintf(&b, "<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n", escape(title), escape(description))
	b.WriteString(style)
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%s"/>`+"\n", width, num(p.height))
	b.WriteString(p.String())
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// style has the colours of everything but the series, for light pages and for dark ones.
const style = `<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.small, .tick { font-size: 12px; fill: #59636e }
.page { fill: #ffffff }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.range { stroke: #1f2328; stroke-width: 1.2; fill: none }
.line { fill: none; stroke-width: 2.2 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.small, .tick { fill: #9198a1 }
.page { fill: #0d1117 }
.grid { stroke: #3d444d }
.range { stroke: #f0f6fc }
}
</style>
`

func (p *page) text(x, y float64, class, anchor, s string) {
	fmt.Fprintf(p, `<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`+"\n", class, num(x), num(y), anchor, escape(s))
}

func (p *page) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(p, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, num(x1), num(y1), num(x2), num(y2))
}

// legend writes the names of the series from y on, and returns where it ends.
func (p *page) legend(series []Series, y float64) float64 {
	x := float64(margin)
	for i := range series {
		wide := 22 + charWidth*float64(len(series[i].Name)) + 14
		if x+wide > width-margin && x > margin {
			x, y = margin, y+legendLine
		}
		fmt.Fprintf(p, `<rect x="%s" y="%s" width="14" height="12" fill="%s"/>`+"\n", num(x), num(y), colour(i))
		p.text(x+20, y+11, "name", "start", series[i].Name)
		x += wide
	}
	return y + legendLine
}

func colour(i int) string { return colours[i%len(colours)] }

// num writes a coordinate, so that the same numbers give the same text everywhere.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// escape makes text fit XML. What XML cannot hold is replaced.
func escape(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}
