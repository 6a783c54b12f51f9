// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/bench/report/chart"
	"github.com/lsmlite/lsmlite-go/internal/measure/stats"
)

// Plot is an SVG file.
type Plot struct {
	Name string // of the file, such as "n-cpu-1.svg"
	Text []byte
}

// plotGroups is how many rows a plot of bars has at most; more rows go to the next one.
const plotGroups = 12

// Plots draws the metrics of a view: bars for each class, and lines for rows that differ in
// nothing but the number of rows in the database, or of threads.
func Plots(run *Run, v View) ([]Plot, error) {
	if v.Metrics == nil {
		v.Metrics = []string{"cpu", "p999", "memory", "disk"}
	}
	_, _, shown, err := v.resolve(run)
	if err != nil {
		return nil, err
	}
	var out []Plot
	for _, c := range classes {
		rows := run.rows(c.class)
		for i := range shown {
			p := plotter{run: run, class: c.class, m: &shown[i]}
			out = append(out, p.bars(rows)...)
			out = append(out, p.lines(rows)...)
		}
	}
	return out, nil
}

// plotter draws one metric of one class.
type plotter struct {
	run   *Run
	class Class
	m     *Metric
}

func (p *plotter) name(rest string) string {
	return strings.ToLower(string(p.class)) + "-" + strings.ReplaceAll(p.m.Name, ":", "-") + "-" + rest + ".svg"
}

// title names a plot, and unit says what is better.
func (p *plotter) title() string { return fmt.Sprintf("%s, class %s", p.m.Title, p.class) }

func (p *plotter) unit() string {
	better := "less is better"
	if p.m.Higher {
		better = "more is better"
	}
	if p.m.Unit == "1" || p.m.Unit == "" {
		return better
	}
	return p.m.Unit + ", " + better
}

func (p *plotter) bars(rows []*row) (out []Plot) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r *row) bool {
		_, found := r.best(p.m)
		return !found
	})
	for part := range slices.Chunk(rows, plotGroups) {
		c := chart.Bars{Title: p.title(), Unit: p.unit()}
		for _, r := range part {
			c.Groups = append(c.Groups, r.label()+", "+r.size())
		}
		c.Series = p.series(part)
		out = append(out, Plot{Name: p.name(fmt.Sprint(len(out) + 1)), Text: c.SVG()})
	}
	return out
}

// series returns the values of the stores that have any.
func (p *plotter) series(rows []*row) (out []chart.Series) {
	for i := range p.run.Stores {
		s := chart.Series{Name: p.run.Stores[i].Name}
		any := false
		for _, r := range rows {
			v := chart.Value{Missing: true}
			if res := r.results[s.Name]; res != nil {
				if sum := stats.Summarize(p.m.values(res)); sum.N > 0 {
					v, any = chart.Value{Mid: sum.Median, Lo: sum.Min, Hi: sum.Max}, true
				}
			}
			s.Values = append(s.Values, v)
		}
		if any {
			out = append(out, s)
		}
	}
	return out
}

// axis is a parameter that lines are drawn over.
type axis struct {
	name, title string
	of          func(*Params) float64
	without     func(Params) Params // the same parameters with nothing on the axis
}

var axes = []axis{
	{"rows", "rows in the database", func(p *Params) float64 { return float64(p.Rows) }, func(p Params) Params { p.Rows = 0; return p }},
	{"threads", "threads", func(p *Params) float64 { return float64(p.Threads) }, func(p Params) Params { p.Threads = 0; return p }},
}

// leastPoints is how many sizes make a line worth drawing.
const leastPoints = 3

func (p *plotter) lines(rows []*row) (out []Plot) {
	type id struct {
		workload string
		params   Params
	}
	for _, a := range axes {
		var order []id
		lines := make(map[id][]*row)
		for _, r := range rows {
			if _, found := r.best(p.m); !found || a.of(&r.params) == 0 {
				continue
			}
			key := id{r.workload, a.without(r.params)}
			if lines[key] == nil {
				order = append(order, key)
			}
			lines[key] = append(lines[key], r)
		}
		for _, key := range order {
			line := lines[key]
			if len(line) < leastPoints {
				continue
			}
			slices.SortFunc(line, func(x, y *row) int { return int(max(-1, min(1, a.of(&x.params)-a.of(&y.params)))) })
			rest := row{workload: key.workload, params: key.params}
			c := chart.Lines{Title: rest.label() + ": " + p.title(), Unit: p.unit(), XTitle: a.title, Series: p.series(line)}
			for _, r := range line {
				c.X = append(c.X, a.of(&r.params))
			}
			out = append(out, Plot{Name: p.name(fmt.Sprintf("%s-%d", a.name, len(out)+1)), Text: c.SVG()})
		}
	}
	return out
}
