// SPDX-License-Identifier: Apache-2.0

package report

import (
	"maps"
	"slices"
	"strings"
)

// Metric is a number of a repetition that tables and plots can show.
type Metric struct {
	Name  string // as in flags, such as "cpu"
	Title string // such as "CPU time of all threads for each operation"
	Unit  string // such as "µs"
	// Higher says that more is better; of all others less is.
	Higher bool
	of     func(*Repetition) (float64, bool)
}

// Value returns the number, if it was measured.
func (m *Metric) Value(rep *Repetition) (v float64, ok bool) { return m.of(rep) }

const (
	micro = 1e6
	mib   = 1 << 20
)

var metrics = []Metric{
	{Name: "cpu", Title: "CPU time of all threads for each operation", Unit: "µs",
		of: func(r *Repetition) (float64, bool) { return r.CPUSeconds * micro / float64(r.Ops), true }},
	{Name: "wall", Title: "Time for each operation", Unit: "µs",
		of: func(r *Repetition) (float64, bool) { return r.WallSeconds * micro / float64(r.Ops), true }},
	{Name: "throughput", Title: "Operations a second", Unit: "1/s", Higher: true,
		of: func(r *Repetition) (float64, bool) { return float64(r.Ops) / r.WallSeconds, true }},
	{Name: "p50", Title: "Latency, median", Unit: "µs", of: latency(func(l *Latency) int64 { return l.P50 })},
	{Name: "p99", Title: "Latency, 99 %", Unit: "µs", of: latency(func(l *Latency) int64 { return l.P99 })},
	{Name: "p999", Title: "Latency, 99.9 %", Unit: "µs", of: latency(func(l *Latency) int64 { return l.P999 })},
	{Name: "max", Title: "Latency, greatest", Unit: "µs", of: latency(func(l *Latency) int64 { return l.Max })},
	{Name: "memory", Title: "Peak of anonymous memory", Unit: "MiB", of: scaled(func(r *Repetition) *int64 { return r.PeakAnonBytes }, mib)},
	{Name: "disk", Title: "Size on disk", Unit: "MiB", of: scaled(func(r *Repetition) *int64 { return r.DiskBytes }, mib)},
	{Name: "write-amp", Title: "Bytes written to files for each byte of keys and values", Unit: "×", of: writeAmp},
	{Name: "allocs", Title: "Allocations of Go for each operation", Unit: "1", of: eachOp(func(r *Repetition) *int64 { return r.Allocs })},
	{Name: "alloc-bytes", Title: "Bytes allocated by Go for each operation", Unit: "B", of: eachOp(func(r *Repetition) *int64 { return r.AllocBytes })},
	{Name: "lost", Title: "Commits lost by a kill", Unit: "1", of: scaled(func(r *Repetition) *int64 { return r.CommitsLost }, 1)},
}

// extraPrefix begins the names of metrics that are numbers in Repetition.Extra.
const extraPrefix = "extra:"

// units are those that the name of a number may end in.
var units = map[string]string{"_us": "µs", "_ns": "ns", "_bytes": "B", "_ratio": "×", "_percent": "%", "_per_second": "1/s"}

// FindMetric returns the metric with a name: one of MetricNames, or "extra:" and the name of a
// number in Repetition.Extra. Of those that end in "_per_second" more is better.
func FindMetric(name string) (m Metric, ok bool) {
	if extra, is := strings.CutPrefix(name, extraPrefix); is {
		return extraMetric(extra), checkName(extra) == nil
	}
	i := slices.IndexFunc(metrics, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return metrics[i], true
}

func extraMetric(name string) Metric {
	m := Metric{Name: extraPrefix + name, Title: name, Higher: strings.HasSuffix(name, "_per_second")}
	for suffix, unit := range units {
		if title, has := strings.CutSuffix(name, suffix); has {
			m.Title, m.Unit = title, unit
		}
	}
	m.Title = strings.ReplaceAll(m.Title, "_", " ")
	if m.Title != "" {
		m.Title = strings.ToUpper(m.Title[:1]) + m.Title[1:]
	}
	m.of = func(r *Repetition) (float64, bool) {
		v, ok := r.Extra[name]
		return v, ok
	}
	return m
}

// extraNames returns the names of the metrics of all numbers in Extra, sorted.
func (run *Run) extraNames() []string {
	seen := make(map[string]bool)
	for i := range run.Results {
		for n := range run.Results[i].Repetitions {
			for name := range run.Results[i].Repetitions[n].Extra {
				seen[extraPrefix+name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// MetricNames returns the names of all metrics, in the order of tables.
func MetricNames() []string {
	names := make([]string, len(metrics))
	for i := range metrics {
		names[i] = metrics[i].Name
	}
	return names
}

func latency(of func(*Latency) int64) func(*Repetition) (float64, bool) {
	return func(r *Repetition) (float64, bool) {
		if r.Latency == nil {
			return 0, false
		}
		return float64(of(r.Latency)) / 1e3, true
	}
}

func scaled(of func(*Repetition) *int64, unit float64) func(*Repetition) (float64, bool) {
	return func(r *Repetition) (float64, bool) {
		n := of(r)
		if n == nil {
			return 0, false
		}
		return float64(*n) / unit, true
	}
}

func eachOp(of func(*Repetition) *int64) func(*Repetition) (float64, bool) {
	return func(r *Repetition) (float64, bool) {
		n := of(r)
		if n == nil {
			return 0, false
		}
		return float64(*n) / float64(r.Ops), true
	}
}

func writeAmp(r *Repetition) (float64, bool) {
	if r.WrittenBytes == nil || r.LogicalBytes == nil || *r.LogicalBytes == 0 {
		return 0, false
	}
	return float64(*r.WrittenBytes) / float64(*r.LogicalBytes), true
}

// values returns the numbers of all repetitions in which the metric was measured.
func (m *Metric) values(r *Result) []float64 {
	var out []float64
	for i := range r.Repetitions {
		if v, ok := m.of(&r.Repetitions[i]); ok {
			out = append(out, v)
		}
	}
	return out
}
