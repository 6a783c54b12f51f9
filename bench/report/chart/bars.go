// SPDX-License-Identifier: Apache-2.0

package chart

import "fmt"

// Bars is a chart of horizontal bars in groups.
type Bars struct {
	Title  string
	Unit   string   // of the values, with what is better, such as "µs, less is better"
	Groups []string // the names of the groups
	Series []Series // a bar in each group; as many values as groups
}

const (
	barHeight = 14
	groupGap  = 12
	valueRoom = 64 // to the right of the longest bar, for its number
)

// SVG draws the chart.
func (c *Bars) SVG() []byte {
	var all []float64
	for i := range c.Series {
		for _, v := range c.Series[i].Values {
			if !v.Missing {
				all = append(all, v.Mid, v.Lo, v.Hi)
			}
		}
	}
	s := newScale(all)
	unit := c.Unit
	if s.log {
		unit += ", logarithmic scale"
	}
	var p page
	p.begin(c.Title, unit)
	y := p.legend(c.Series, margin+2*titleLine)
	left := float64(margin)
	for _, g := range c.Groups {
		left = max(left, margin+charWidth*float64(len([]rune(g)))+10)
	}
	left = min(left, width/3)
	span := width - margin - valueRoom - left
	top := y + 8
	bottom := top + float64(len(c.Groups))*(float64(len(c.Series)*barHeight)+groupGap)
	for _, t := range s.ticks {
		x := left + span*s.at(t)
		p.line("grid", x, top, x, bottom)
		p.text(x, bottom+16, "tick", "middle", short(t))
	}
	for g, name := range c.Groups {
		y := top + groupGap/2 + float64(g)*(float64(len(c.Series)*barHeight)+groupGap)
		p.text(left-8, y+float64(len(c.Series)*barHeight)/2+fontSize/3.0, "group", "end", name)
		for i := range c.Series {
			p.bar(&s, left, span, y+float64(i*barHeight), i, c.Series[i].Values[g])
		}
	}
	p.height = bottom + 28
	return p.end(c.Title, c.describe(unit))
}

// bar draws one bar, its range and its number.
func (p *page) bar(s *scale, left, span, y float64, i int, v Value) {
	if v.Missing {
		p.text(left+4, y+11, "tick", "start", "–")
		return
	}
	long := span * s.at(v.Mid)
	fmt.Fprintf(p, `<rect x="%s" y="%s" width="%s" height="%d" fill="%s"/>`+"\n", num(left), num(y+1), num(long), barHeight-2, colour(i))
	end := long
	if v.Hi > v.Lo {
		lo, hi := span*s.at(v.Lo), span*s.at(v.Hi)
		p.line("range", left+lo, y+barHeight/2, left+hi, y+barHeight/2)
		end = max(long, hi)
	}
	p.text(left+end+5, y+11, "tick", "start", short(v.Mid))
}

// describe is the chart as a text.
func (c *Bars) describe(unit string) string {
	s := "Bars in " + unit + "."
	for g, name := range c.Groups {
		s += " " + name + ":"
		for i := range c.Series {
			if v := c.Series[i].Values[g]; v.Missing {
				s += fmt.Sprintf(" %s not measured,", c.Series[i].Name)
			} else {
				s += fmt.Sprintf(" %s %s,", c.Series[i].Name, short(v.Mid))
			}
		}
		s = s[:len(s)-1] + "."
	}
	return s
}
