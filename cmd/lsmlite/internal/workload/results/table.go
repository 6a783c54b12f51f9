// SPDX-License-Identifier: Apache-2.0

package results

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
	"github.com/lsmlite/lsmlite-go/internal/measure/stats"
)

// Tables writes what was measured, on what, and with which settings: a table of speed and one of cost,
// with the median of the rounds.
func Tables(w io.Writer, run *Run) {
	fmt.Fprintln(w, run.about())
	fmt.Fprintln(w)
	fmt.Fprintln(w, run.table([]string{"ops", "mb", "p50", "p95", "p99", "p99.9", "max"}, nil))
	fmt.Fprintln(w)
	fmt.Fprintln(w, run.table([]string{"cpu", "memory", "written", "write-amp", "file", "space-amp"}, errorColumn))
	for _, line := range run.notes() {
		fmt.Fprintln(w, line)
	}
}

// column is one besides those of metrics.
type column struct {
	title string
	of    func(*Workload) string
}

var errorColumn = &column{"errors", func(w *Workload) string {
	n := 0
	for _, r := range w.Rounds {
		n += r.Errors
	}
	return strconv.Itoa(n)
}}

// table renders metrics of all workloads.
func (run *Run) table(names []string, last *column) string {
	head := table.Row{"workload"}
	var columns []metric
	for _, name := range names {
		m, err := findMetric(name)
		if err != nil {
			panic(err) // the names are our own
		}
		columns = append(columns, m)
		head = append(head, m.title)
	}
	if last != nil {
		head = append(head, last.title)
	}
	t := newTable(head)
	for i := range run.Workloads {
		workload := &run.Workloads[i]
		row := table.Row{workload.Name}
		for _, m := range columns {
			row = append(row, m.cell(workload))
		}
		if last != nil {
			row = append(row, last.of(workload))
		}
		t.AppendRow(row)
	}
	return t.Render()
}

// cell is the median of the rounds, and for operations how far they lie apart.
func (m metric) cell(w *Workload) string {
	values := m.values(w)
	if len(values) == 0 {
		return "–"
	}
	s := stats.Summarize(values)
	if m.name == "ops" && s.N > 1 {
		return fmt.Sprintf("%s ±%.0f%%", m.show(s.Median), 50*s.Spread())
	}
	return m.show(s.Median)
}

// newTable returns a table with a head, whose columns after the first are numbers.
func newTable(head table.Row) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options.DrawBorder = false
	t.AppendHeader(head)
	var columns []table.ColumnConfig
	for i := 2; i <= len(head); i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

// durable says what each level of safety means for what was measured.
var durable = map[string]string{
	"off":    "nothing is synced: a loss of power may lose commits, and damage the database",
	"normal": "checkpoints are synced, commits are not: a loss of power may lose the newest commits",
	"full":   "each commit is synced before it returns",
}

// about describes where and how the run was made.
func (run *Run) about() string {
	s := run.Settings
	limit := "no limit of time"
	if s.Limit > 0 {
		limit = fmt.Sprintf("at most %v each", s.Limit)
	}
	settings := append([]string{"safety=" + s.Safety, "preset=" + s.Preset}, s.Other...)
	lines := []string{
		fmt.Sprintf("%s, %s, %s", run.Program, run.Machine.Go, run.Started.Format(time.DateTime)),
		machineText(run.Machine),
		fmt.Sprintf("%d rows of %d + %d bytes, %d to a commit, %s, %s, %s, seed %d",
			s.Rows, s.KeyBytes, s.ValueBytes, s.Batch, plural(s.Threads, "thread that reads", "threads that read"),
			plural(s.Rounds, "round", "rounds"), limit, s.Seed),
		strings.Join(settings, " ") + ": " + durable[s.Safety],
	}
	return strings.Join(lines, "\n")
}

// machineText describes a machine as far as it is known.
func machineText(m machine.Machine) string {
	var known []string
	for _, part := range []string{m.CPU, plural(m.Cores, "core", "cores"), size(float64(m.MemoryBytes)), m.OS, m.Kernel, m.FileSystem} {
		if part != "" && part != size(0) {
			known = append(known, part)
		}
	}
	return strings.Join(known, ", ")
}

// notes are what the tables cannot say.
func (run *Run) notes() (out []string) {
	if run.Interrupted {
		out = append(out, "The run was interrupted; what is missing was not measured.")
	}
	if n, first := run.Errors(); n > 0 {
		out = append(out, fmt.Sprintf("%s. The first: %s", plural(n, "error", "errors"), first))
	}
	return out
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
