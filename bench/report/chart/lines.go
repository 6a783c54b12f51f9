// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"strings"
)

// Lines is a chart of lines over numbers that have a meaning, such as sizes.
type Lines struct {
	Title  string
	Unit   string    // of the values
	XTitle string    // what X is
	X      []float64 // ascending
	Series []Series  // as many values as X
}

const plotHeight = 300

// SVG draws the chart.
func (c *Lines) SVG() []byte {
	var all []float64
	for i := range c.Series {
		for _, v := range c.Series[i].Values {
			if !v.Missing {
				all = append(all, v.Mid)
			}
		}
	}
	ys := newScale(all)
	xs := c.xScale()
	unit := c.Unit
	if ys.log {
		unit += ", logarithmic scale"
	}
	var p page
	p.begin(c.Title, unit)
	top := p.legend(c.Series, margin+2*titleLine) + 12
	left, right, bottom := float64(margin+52), float64(width-margin-24), top+plotHeight
	for _, t := range ys.ticks {
		y := bottom - plotHeight*ys.at(t)
		p.line("grid", left, y, right, y)
		p.text(left-8, y+4, "tick", "end", short(t))
	}
	for _, x := range c.X {
		at := left + (right-left)*xs.at(x)
		p.line("grid", at, bottom, at, bottom+5)
		p.text(at, bottom+20, "tick", "middle", short(x))
	}
	p.text((left+right)/2, bottom+40, "small", "middle", c.XTitle)
	for i := range c.Series {
		var points []string
		flush := func() {
			if len(points) > 1 {
				fmt.Fprintf(&p, `<polyline class="line" stroke="%s" points="%s"/>`+"\n", colour(i), strings.Join(points, " "))
			}
			points = nil
		}
		for n, v := range c.Series[i].Values {
			if v.Missing {
				flush() // a line is not drawn across what was not measured
				continue
			}
			x, y := left+(right-left)*xs.at(c.X[n]), bottom-plotHeight*ys.at(v.Mid)
			points = append(points, num(x)+","+num(y))
			fmt.Fprintf(&p, `<circle cx="%s" cy="%s" r="3.5" fill="%s"/>`+"\n", num(x), num(y), colour(i))
		}
		flush()
	}
	p.height = bottom + 54
	return p.end(c.Title, c.describe(unit))
}

// xScale is logarithmic if the numbers are far apart.
func (c *Lines) xScale() scale {
	if n := len(c.X); n > 1 && c.X[0] > 0 && c.X[n-1]/c.X[0] >= 4 {
		return scale{min: c.X[0], max: c.X[n-1], log: true}
	}
	s := scale{min: 0, max: 1}
	for _, x := range c.X {
		s.max = max(s.max, x)
	}
	return s
}

// describe is the chart as a text.
func (c *Lines) describe(unit string) string {
	s := fmt.Sprintf("Lines in %s, over %s.", unit, c.XTitle)
	for i := range c.Series {
		s += " " + c.Series[i].Name + ":"
		for n, v := range c.Series[i].Values {
			if !v.Missing {
				s += fmt.Sprintf(" %s at %s,", short(v.Mid), short(c.X[n]))
			}
		}
		s = s[:len(s)-1] + "."
	}
	return s
}
