// SPDX-License-Identifier: Apache-2.0

package results

import (
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/lsmlite/lsmlite-go/internal/measure/stats"
)

// Change is how a number of one workload differs between two runs.
type Change struct {
	Workload string  `json:"workload"`
	Metric   string  `json:"metric"`
	Old      float64 `json:"old"` // the median of its rounds
	New      float64 `json:"new"`
	Rounds   [2]int  `json:"rounds"` // in the old run and in the new one
	Ratio    float64 `json:"ratio"`  // of New to Old; 0 if Old is 0
	// P is how likely numbers at least as far apart are if nothing has changed: stats.Differ.
	P       float64 `json:"p"`
	Verdict Verdict `json:"verdict"`
	metric  metric
	spread  [2]float64
}

// Verdict says what two series of rounds allow to conclude.
type Verdict string

// The verdicts.
const (
	TooFew Verdict = "too few rounds"
	Same   Verdict = "no difference seen"
	Better Verdict = "better"
	Worse  Verdict = "worse"
)

// alpha is the greatest P at which a difference is believed: it is then there by chance once in twenty
// comparisons of the same program.
const alpha = 0.05

// Comparison is that of two runs.
type Comparison struct {
	Changes []Change `json:"changes"`
	// Differences are what else differs between the runs, so that the numbers may not be comparable.
	Differences []string `json:"differences,omitempty"`
	// OnlyOld and OnlyNew are workloads that only one of the runs has.
	OnlyOld []string `json:"only_old,omitempty"`
	OnlyNew []string `json:"only_new,omitempty"`
}

// Compare compares the metrics of all workloads that two runs have measured, in the order of the new run.
func Compare(before, after *Run, names []string) (*Comparison, error) {
	out := &Comparison{Differences: differences(before, after)}
	for i := range after.Workloads {
		b := &after.Workloads[i]
		at := slices.IndexFunc(before.Workloads, func(w Workload) bool { return w.Name == b.Name })
		if at < 0 {
			out.OnlyNew = append(out.OnlyNew, b.Name)
			continue
		}
		for _, name := range names {
			m, err := findMetric(name)
			if err != nil {
				return nil, err
			}
			if c, ok := m.change(&before.Workloads[at], b); ok {
				out.Changes = append(out.Changes, c)
			}
		}
	}
	for _, a := range before.Workloads {
		if !slices.ContainsFunc(after.Workloads, func(w Workload) bool { return w.Name == a.Name }) {
			out.OnlyOld = append(out.OnlyOld, a.Name)
		}
	}
	return out, nil
}

// change compares a metric, if both runs have measured it.
func (m metric) change(before, after *Workload) (Change, bool) {
	a, b := m.values(before), m.values(after)
	if len(a) == 0 || len(b) == 0 {
		return Change{}, false
	}
	old, now := stats.Summarize(a), stats.Summarize(b)
	c := Change{
		Workload: after.Name, Metric: m.name, Old: old.Median, New: now.Median, Rounds: [2]int{old.N, now.N},
		P: stats.Differ(a, b), metric: m, spread: [2]float64{old.Spread(), now.Spread()},
	}
	if c.Old != 0 {
		c.Ratio = c.New / c.Old
	}
	switch {
	case stats.LeastP(len(a), len(b)) > alpha:
		c.Verdict = TooFew
	case c.P > alpha || c.New == c.Old:
		c.Verdict = Same
	case (c.New > c.Old) == m.more:
		c.Verdict = Better
	default:
		c.Verdict = Worse
	}
	return c, true
}

// differences names what differs between two runs besides what was measured.
func differences(before, after *Run) (out []string) {
	a, b := before.Settings, after.Settings
	for _, d := range []struct {
		name     string
		old, now any
	}{
		{"rows", a.Rows, b.Rows}, {"bytes of a key", a.KeyBytes, b.KeyBytes}, {"bytes of a value", a.ValueBytes, b.ValueBytes},
		{"rows in a commit", a.Batch, b.Batch}, {"threads", a.Threads, b.Threads}, {"time limit", a.Limit, b.Limit}, {"seed", a.Seed, b.Seed},
		{"safety", a.Safety, b.Safety}, {"preset", a.Preset, b.Preset}, {"other settings", a.Other, b.Other},
		{"machine", machineText(before.Machine), machineText(after.Machine)},
		{"Go", before.Machine.Go, after.Machine.Go}, {"program", before.Program, after.Program},
	} {
		if x, y := fmt.Sprint(d.old), fmt.Sprint(d.now); x != y {
			out = append(out, fmt.Sprintf("%s: %s → %s", d.name, x, y))
		}
	}
	return out
}

// Table writes the comparison.
func (c *Comparison) Table(w io.Writer) {
	t := newTable(table.Row{"workload", "metric", "old", "new", "new/old", "p", "conclusion"})
	for _, ch := range c.Changes {
		t.AppendRow(table.Row{
			ch.Workload, ch.metric.title, ch.side(ch.Old, 0), ch.side(ch.New, 1), fmt.Sprintf("%.3f", ch.Ratio),
			fmt.Sprintf("%.3f", ch.P), string(ch.Verdict),
		})
	}
	fmt.Fprintln(w, t.Render())
	for _, ch := range c.Changes {
		if ch.Verdict == TooFew {
			fmt.Fprintf(w, "With rounds as few as %d and %d nothing can be concluded: run both with --rounds 4 or more.\n", ch.Rounds[0], ch.Rounds[1])
			break
		}
	}
	for _, d := range c.Differences {
		fmt.Fprintln(w, "The runs differ in", d)
	}
	for _, name := range c.OnlyOld {
		fmt.Fprintln(w, "Only the old run has", name)
	}
	for _, name := range c.OnlyNew {
		fmt.Fprintln(w, "Only the new run has", name)
	}
}

// side is a median with how far its rounds lie apart.
func (ch *Change) side(v float64, i int) string {
	if ch.Rounds[i] == 1 {
		return ch.metric.show(v)
	}
	return fmt.Sprintf("%s ±%.0f%%", ch.metric.show(v), 50*ch.spread[i])
}
