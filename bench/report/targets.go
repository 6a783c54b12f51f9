// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/lsmlite/lsmlite-go/internal/measure/stats"
)

// Target is what a store should reach in a workload, compared with another store, or with other
// rows of its own, or as a number.
type Target struct {
	Name   string `json:"name"`   // for the report
	Metric string `json:"metric"` // such as "cpu"
	Store  string `json:"store"`  // whose target it is
	Rows          // that it applies to
	// Peer is the store that it is compared with; empty is a target for the number itself.
	Peer string `json:"peer,omitempty"`
	// Than is where the peer's numbers come from, if not from the same row: what is not set
	// there is as in the row.
	Than *Rows `json:"than,omitempty"`
	// Ship and Aim are how many times better than the peer the store should be at least; or,
	// without a peer, what the number should be at most (at least if more of the metric is
	// better).
	Ship float64 `json:"ship"`
	Aim  float64 `json:"aim,omitempty"` // 0 if there is none
	// Cache is the value of the flag -cache that the numbers stand for; empty is any. A run with another
	// one is not compared with the target.
	Cache string `json:"cache,omitempty"`
}

// Rows selects rows of a run: those that have all of what is set.
type Rows struct {
	Workload   string `json:"workload,omitempty"`
	Class      Class  `json:"class,omitempty"`
	ValueBytes int    `json:"value_bytes,omitempty"`
	Batch      int    `json:"batch,omitempty"`
	RowCount   int64  `json:"rows,omitempty"`
	Threads    int    `json:"threads,omitempty"`
}

func (s *Rows) match(r *row) bool {
	p := &r.params
	return (s.Workload == "" || s.Workload == r.workload) && (s.Class == "" || s.Class == p.Class) &&
		(s.ValueBytes == 0 || s.ValueBytes == p.ValueBytes) && (s.Batch == 0 || s.Batch == p.Batch) &&
		(s.RowCount == 0 || s.RowCount == p.Rows) && (s.Threads == 0 || s.Threads == p.Threads)
}

// maxTargets is how many targets a file may have.
const maxTargets = 1000

// DecodeTargets reads a list of targets.
func DecodeTargets(r io.Reader) ([]Target, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxText*maxTargets))
	if err != nil {
		return nil, fmt.Errorf("read targets: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var out []Target
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("read targets: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("read targets: text after the list")
	}
	if len(out) > maxTargets {
		return nil, fmt.Errorf("read targets: %d of them; %d are the most", len(out), maxTargets)
	}
	for i := range out {
		if err := out[i].validate(); err != nil {
			return nil, fmt.Errorf("read targets: %d, %.80q: %w", i, out[i].Name, err)
		}
	}
	return out, nil
}

func (t *Target) validate() error {
	if err := checkText(t.Name); err != nil {
		return err
	}
	if t.Name == "" || t.Workload == "" || t.Store == "" {
		return fmt.Errorf("the name, the workload or the store is missing")
	}
	m, ok := FindMetric(t.Metric)
	switch {
	case !ok:
		return fmt.Errorf("no metric %q", t.Metric)
	case !(t.Ship > 0) || t.Aim < 0 || math.IsInf(t.Ship, 0):
		return fmt.Errorf("to ship %v, aim %v", t.Ship, t.Aim)
	case t.Than != nil && t.Peer == "":
		return fmt.Errorf("rows to compare with, and no peer")
	case t.Aim > 0 && (t.atLeast(&m) && t.Aim < t.Ship || !t.atLeast(&m) && t.Aim > t.Ship):
		return fmt.Errorf("the aim, %v, is less than what it takes to ship, %v", t.Aim, t.Ship)
	}
	return nil
}

// atLeast reports whether the target is a lower bound.
func (t *Target) atLeast(m *Metric) bool { return t.Peer != "" || m.Higher }

// Outcome says how a target was reached in one row.
type Outcome struct {
	Target  *Target
	Row     string // label and size
	Reached stats.Ratio
	State   State
	Reason  string // why it was not measured
}

// State says how far a target was reached.
type State uint8

const (
	NotMeasured State = iota
	Missed            // it is not reached
	Reached           // what it takes to ship is reached
	AimReached        // the aim is reached, too
)

// Check compares a run with targets: one outcome for each row that a target applies to.
func Check(run *Run, targets []Target) []Outcome {
	var out []Outcome
	for i := range targets {
		t := &targets[i]
		m, _ := FindMetric(t.Metric)
		if t.Cache != "" && run.flag("cache") != t.Cache {
			out = append(out, Outcome{Target: t, Row: "–", Reason: "it stands for a run with -cache " + t.Cache})
			continue
		}
		found := false
		for _, c := range classes {
			rows := run.rows(c.class)
			for _, r := range rows {
				if t.match(r) && r.results[t.Store] != nil {
					found = true
					out = append(out, t.check(&m, r, rows))
				}
			}
		}
		if !found {
			out = append(out, Outcome{Target: t, Row: "–", Reason: "the run has no such row of " + t.Store})
		}
	}
	return out
}

// flag returns the value of a flag of the run's command, or nothing if it was not given.
func (run *Run) flag(name string) (value string) {
	for i, arg := range run.Command {
		given, ok := strings.CutPrefix(strings.TrimPrefix(arg, "-"), "-"+name)
		if !ok {
			given, ok = strings.CutPrefix(arg, "-"+name)
		}
		switch {
		case !ok:
		case strings.HasPrefix(given, "="):
			value = given[1:]
		case given == "" && i+1 < len(run.Command):
			value = run.Command[i+1]
		}
	}
	return value
}

// check compares one row with the target.
func (t *Target) check(m *Metric, r *row, rows []*row) Outcome {
	o := Outcome{Target: t, Row: r.label() + ", " + r.size() + ", class " + string(r.params.Class)}
	ours := r.results[t.Store]
	if ours.Failure != "" {
		o.State, o.Reason = Missed, ours.Failure
		return o
	}
	if t.Peer == "" {
		s := stats.Summarize(m.values(ours))
		if s.N == 0 {
			o.Reason = t.Metric + " was not measured"
			return o
		}
		o.Reached = stats.Ratio{N: s.N, Median: s.Median, Interval: stats.MedianInterval(m.values(ours))}
		o.State = t.state(m, s.Median)
		return o
	}
	than := t.other(r, rows)
	if than == nil || than.results[t.Peer] == nil || than.results[t.Peer].Failure != "" {
		o.Reason = "the run has no numbers of " + t.Peer
		return o
	}
	both := row{results: map[string]*Result{"ours": ours, "peer": than.results[t.Peer]}}
	ratio, ok := both.ratio(m, "ours", "peer")
	if !ok {
		o.Reason = t.Metric + " was not measured in the same round"
		return o
	}
	o.Reached, o.State = ratio, t.state(m, ratio.Median)
	return o
}

// other is the row with the peer's numbers.
func (t *Target) other(r *row, rows []*row) *row {
	if t.Than == nil {
		return r
	}
	s := Rows{
		Workload: or(t.Than.Workload, r.workload), Class: or(t.Than.Class, r.params.Class),
		ValueBytes: or(t.Than.ValueBytes, r.params.ValueBytes), Batch: or(t.Than.Batch, r.params.Batch),
		RowCount: or(t.Than.RowCount, r.params.Rows), Threads: or(t.Than.Threads, r.params.Threads),
	}
	for _, other := range rows {
		if s.match(other) {
			return other
		}
	}
	return nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (t *Target) state(m *Metric, v float64) State {
	reached := func(bound float64) bool {
		return t.atLeast(m) && v >= bound || !t.atLeast(m) && v <= bound
	}
	switch {
	case !reached(t.Ship):
		return Missed
	case t.Aim > 0 && reached(t.Aim):
		return AimReached
	}
	return Reached
}

// TargetsMarkdown writes the outcomes as a table: those that were missed, then the others, then
// what was not measured.
func TargetsMarkdown(w io.Writer, outcomes []Outcome) error {
	var b strings.Builder
	count := make(map[State]int)
	for i := range outcomes {
		count[outcomes[i].State]++
	}
	fmt.Fprintf(&b, "%d not met, %d met, of which %d reach the aim; %d not measured.\n", count[Missed], count[Reached]+count[AimReached],
		count[AimReached], count[NotMeasured])
	b.WriteString("\n| | target | row | than | reached | to ship | aim |\n| --- | --- | --- | --- | ---: | ---: | ---: |\n")
	for _, group := range [][]State{{Missed}, {Reached, AimReached}, {NotMeasured}} {
		for i := range outcomes {
			for _, s := range group {
				if outcomes[i].State == s {
					outcomes[i].line(&b)
				}
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var stateWords = [...]string{NotMeasured: "not measured", Missed: "**not met**", Reached: "met", AimReached: "met, and the aim"}

func (o *Outcome) line(b *strings.Builder) {
	t := o.Target
	m, _ := FindMetric(t.Metric)
	bound := func(v float64) string {
		switch {
		case v == 0:
			return "–"
		case t.Peer != "":
			return number(v) + "×"
		case m.Higher:
			return "≥ " + number(v) + " " + m.Unit
		}
		return "≤ " + number(v) + " " + m.Unit
	}
	reached := o.Reason
	if reached == "" {
		unit := "×"
		if t.Peer == "" {
			unit = " " + m.Unit
		}
		reached = fmt.Sprintf("%s%s (%s–%s)", number(o.Reached.Median), unit, number(o.Reached.Lo), number(o.Reached.Hi))
	}
	peer := t.Peer
	if t.Than != nil {
		peer += ", another row"
	}
	if peer == "" {
		peer = "–"
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", stateWords[o.State], cell(t.Name), cell(o.Row), cell(peer), cell(reached),
		bound(t.Ship), bound(t.Aim))
}
