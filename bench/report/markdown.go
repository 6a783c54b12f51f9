// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/internal/measure/stats"
)

// View says what of a run is shown.
type View struct {
	Peers   []string // the stores that the first of the run is compared with, a column each; nil is all others
	Metrics []string // names of metrics, a table for each; nil is DefaultMetrics and all of Repetition.Extra
}

// DefaultMetrics are those that a report shows unless others are named.
func DefaultMetrics() []string {
	return []string{"cpu", "wall", "p99", "p999", "max", "memory", "disk", "write-amp", "allocs", "lost"}
}

// classes in the order of reports, with what they promise.
var classes = []struct {
	class Class
	text  string
}{
	{Normal, "no sync for each commit; a kill of the process never damages the database"},
	{Full, "a sync for each commit, or for a group of commits that wait at the same time"},
}

// resolve fills in what a view leaves open, and returns the metrics.
func (v *View) resolve(run *Run) (ours string, peers []string, shown []Metric, err error) {
	if len(run.Stores) == 0 {
		return "", nil, nil, fmt.Errorf("the run has no stores")
	}
	ours, peers = run.Stores[0].Name, v.Peers
	if peers == nil {
		for i := range run.Stores {
			if run.Stores[i].Name != ours {
				peers = append(peers, run.Stores[i].Name)
			}
		}
	}
	for _, name := range append([]string{ours}, peers...) {
		if !slices.ContainsFunc(run.Stores, func(s Store) bool { return s.Name == name }) {
			return "", nil, nil, fmt.Errorf("the run has no store %q", name)
		}
	}
	names := v.Metrics
	if names == nil {
		names = append(DefaultMetrics(), run.extraNames()...)
	}
	for _, name := range names {
		m, ok := FindMetric(name)
		if !ok {
			return "", nil, nil, fmt.Errorf("no metric %q; there are %s, and extra:NAME", name, strings.Join(MetricNames(), ", "))
		}
		shown = append(shown, m)
	}
	return ours, peers, shown, nil
}

// Markdown writes a report: where and how the run was made, and a table for each durability class
// and metric.
func Markdown(w io.Writer, run *Run, v View) error {
	ours, peers, shown, err := v.resolve(run)
	if err != nil {
		return err
	}
	var b strings.Builder
	writeHead(&b, run)
	for _, c := range classes {
		rows := run.rows(c.class)
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## Class %s: %s\n", c.class, c.text)
		t := table{run: run, rows: rows, ours: ours, peers: peers}
		for i := range shown {
			t.write(&b, &shown[i])
		}
		t.writeFailures(&b)
	}
	writeLegend(&b, ours)
	_, err = io.WriteString(w, b.String())
	return err
}

func writeHead(b *strings.Builder, run *Run) {
	m := &run.Machine
	fmt.Fprintf(b, "| | |\n| --- | --- |\n")
	for _, line := range [][2]string{
		{"date", run.Started.UTC().Format("2006-01-02 15:04 MST")},
		{"command", "`" + strings.Join(run.Command, " ") + "`"},
		{"CPU", fmt.Sprintf("%s, %d cores", m.CPU, m.Cores)},
		{"memory", fmt.Sprintf("%s GiB", number(float64(m.MemoryBytes)/(1<<30)))},
		{"system", m.OS + ", kernel " + m.Kernel},
		{"file system", m.FileSystem},
		{"Go", m.Go},
	} {
		fmt.Fprintf(b, "| %s | %s |\n", line[0], cell(line[1]))
	}
	for _, note := range run.Notes {
		fmt.Fprintf(b, "\n%s\n", cell(note))
	}
	fmt.Fprintf(b, "\n| store | version | class N | class F |\n| --- | --- | --- | --- |\n")
	for i := range run.Stores {
		s := &run.Stores[i]
		version := s.Version
		if s.Cgo {
			version += ", C through cgo"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", s.Name, cell(version), cell(s.Settings[Normal]), cell(s.Settings[Full]))
	}
}

// cell makes a text fit a cell of a table, which ends at a line's end and at a bar.
func cell(s string) string {
	s = strings.ReplaceAll(s, "|", "\\|")
	s = strings.ReplaceAll(s, "<", "&lt;")
	return strings.Join(strings.Fields(s), " ")
}

// table writes tables of the rows of one class.
type table struct {
	run   *Run
	rows  []*row
	ours  string
	peers []string
}

// write writes the table of one metric, unless it was measured nowhere.
func (t *table) write(b *strings.Builder, m *Metric) {
	var lines []string
	for _, r := range t.rows {
		if line, any := t.line(r, m); any {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return
	}
	unit := m.Unit
	if unit == "1" || unit == "" {
		unit = "count"
	}
	fmt.Fprintf(b, "\n### %s (%s)\n\n| workload | rows | operation |", m.Title, unit)
	for i := range t.run.Stores {
		fmt.Fprintf(b, " %s |", t.run.Stores[i].Name)
	}
	for _, p := range t.peers {
		fmt.Fprintf(b, " than %s |", p)
	}
	b.WriteString("\n| --- | --- | --- |" + strings.Repeat(" ---: |", len(t.run.Stores)+len(t.peers)) + "\n")
	for _, l := range lines {
		b.WriteString(l)
	}
}

// line writes a row. any is false if the metric was measured for no store.
func (t *table) line(r *row, m *Metric) (line string, any bool) {
	best, found := r.best(m)
	if !r.differ(m) {
		best = math.NaN() // then none is better than the others
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s | %s |", r.label(), r.size(), r.unit)
	for i := range t.run.Stores {
		b.WriteString(" " + r.cell(m, t.run.Stores[i].Name, best) + " |")
	}
	for _, p := range t.peers {
		text := "–"
		if ratio, ok := r.ratio(m, t.ours, p); ok {
			text = ratioText(ratio)
		}
		b.WriteString(" " + text + " |")
	}
	return b.String() + "\n", found
}

// best returns the best median of a row.
func (r *row) best(m *Metric) (best float64, found bool) {
	for _, res := range r.results {
		s := stats.Summarize(m.values(res))
		if s.N > 0 && (!found || m.Higher && s.Median > best || !m.Higher && s.Median < best) {
			best, found = s.Median, true
		}
	}
	return best, found
}

// differ reports whether two stores have different medians.
func (r *row) differ(m *Metric) bool {
	seen := make(map[float64]bool)
	for _, res := range r.results {
		if s := stats.Summarize(m.values(res)); s.N > 0 {
			seen[s.Median] = true
		}
	}
	return len(seen) > 1
}

// cell is the median of a store with half of the spread; the best one of the row is bold.
func (r *row) cell(m *Metric, store string, best float64) string {
	res := r.results[store]
	if res == nil {
		return "–"
	}
	if res.Failure != "" {
		return "failed"
	}
	s := stats.Summarize(m.values(res))
	if s.N == 0 {
		return "–"
	}
	text := number(s.Median)
	if s.Median == best {
		text = "**" + text + "**"
	}
	if s.Spread() > 0 {
		text += fmt.Sprintf(" ±%.0f%%", 50*s.Spread())
	}
	return text
}

// ratioText writes a ratio with what the rounds allow to conclude.
func ratioText(r stats.Ratio) string {
	text := number(r.Median) + "×"
	switch r.Verdict {
	case stats.TooFew:
		return text + " ?"
	case stats.Same:
		if r.Lo == r.Hi {
			return "equal"
		}
		return "no difference seen (" + number(r.Lo) + "–" + number(r.Hi) + ")"
	}
	return text + " (" + number(r.Lo) + "–" + number(r.Hi) + ")"
}

// writeFailures lists what has no numbers, and why.
func (t *table) writeFailures(b *strings.Builder) {
	head := "\nNot measured:\n\n"
	for _, r := range t.rows {
		for i := range t.run.Stores {
			name := t.run.Stores[i].Name
			if res := r.results[name]; res != nil && res.Failure != "" {
				fmt.Fprintf(b, "%s- %s, %s, %s: %s\n", head, name, r.label(), r.size(), cell(res.Failure))
				head = ""
			}
		}
	}
}

func writeLegend(b *strings.Builder, ours string) {
	fmt.Fprintf(b, `
A number is the median of the repetitions, ± half of their spread; the best of a row is bold. A column
"than" says how many times better %s is than that store: above 1 it is ahead, below 1 the other is.
It is the median of the ratios of each round, in which the stores took turns, and in brackets the
interval that holds the true ratio with a confidence of 95 %%, or, below 6 rounds, all that was seen:
75 %% for 3 rounds, 94 %% for 5. "No difference seen" is an interval that contains 1; a question mark is
a ratio of fewer than 3 rounds, from which nothing follows.
`, ours)
}
