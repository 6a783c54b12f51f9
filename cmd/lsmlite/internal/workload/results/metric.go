// SPDX-License-Identifier: Apache-2.0

package results

import (
	"fmt"
	"strconv"
	"time"
)

// metric is a number of a round.
type metric struct {
	name  string // as in flags
	title string // in tables
	// more says that more is better.
	more bool
	of   func(r *Round) (float64, bool) // and whether it was measured
	show func(v float64) string
}

// metrics are all of them, in the order of tables.
var metrics = []metric{
	{"ops", "ops/s", true, func(r *Round) (float64, bool) { return float64(r.Operations) / r.Seconds, true }, count},
	{"mb", "MB/s", true, func(r *Round) (float64, bool) {
		n := float64(r.ReadBytes + r.LogicalBytes)
		return n / 1e6 / r.Seconds, n > 0
	}, digits3},
	{"p50", "p50", false, latency(func(l *Latency) time.Duration { return l.P50 }), duration},
	{"p95", "p95", false, latency(func(l *Latency) time.Duration { return l.P95 }), duration},
	{"p99", "p99", false, latency(func(l *Latency) time.Duration { return l.P99 }), duration},
	{"p99.9", "p99.9", false, latency(func(l *Latency) time.Duration { return l.P999 }), duration},
	{"max", "max", false, latency(func(l *Latency) time.Duration { return l.Max }), duration},
	{"cpu", "CPU/op", false, func(r *Round) (float64, bool) {
		return r.CPUSeconds * 1e9 / float64(r.Operations), r.Operations > 0 && r.CPUSeconds > 0
	}, duration},
	{"memory", "peak memory", false, func(r *Round) (float64, bool) {
		if r.PeakBytes == nil {
			return 0, false
		}
		return float64(*r.PeakBytes), true
	}, size},
	{"written", "written", false, func(r *Round) (float64, bool) { return float64(r.WrittenBytes), r.LogicalBytes > 0 }, size},
	{"write-amp", "write amp.", false, part(func(r *Round) *float64 { return r.WriteAmplification }), digits3},
	{"file", "files", false, func(r *Round) (float64, bool) { return float64(r.FileBytes), true }, size},
	{"space-amp", "space amp.", false, part(func(r *Round) *float64 { return r.SpaceAmplification }), digits3},
}

// MetricNames returns the names of all metrics.
func MetricNames() (names []string) {
	for _, m := range metrics {
		names = append(names, m.name)
	}
	return names
}

func findMetric(name string) (metric, error) {
	for _, m := range metrics {
		if m.name == name {
			return m, nil
		}
	}
	return metric{}, fmt.Errorf("no metric %q; there are %q", name, MetricNames())
}

func latency(of func(*Latency) time.Duration) func(*Round) (float64, bool) {
	return func(r *Round) (float64, bool) {
		if r.Latency == nil {
			return 0, false
		}
		return float64(of(r.Latency)), true
	}
}

func part(of func(*Round) *float64) func(*Round) (float64, bool) {
	return func(r *Round) (float64, bool) {
		if v := of(r); v != nil {
			return *v, true
		}
		return 0, false
	}
}

// values returns the numbers of all rounds in which the metric was measured.
func (m metric) values(w *Workload) (out []float64) {
	for i := range w.Rounds {
		if v, ok := m.of(&w.Rounds[i]); ok {
			out = append(out, v)
		}
	}
	return out
}

// digits3 writes a number with three digits, without an exponent. The borders are those after rounding:
// 9.996 is 10.0, not 10.00.
func digits3(v float64) string {
	decimals := 0
	switch {
	case v < 9.995:
		decimals = 2
	case v < 99.95:
		decimals = 1
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// scaled writes a number in the first unit in which it is below base.
func scaled(v, base float64, units []string) string {
	if v < 0.005 {
		v = 0 // also a little less than nothing, as the axis of a plot may have
	}
	i := 0
	for v >= base*0.9995 && i < len(units)-1 {
		v /= base
		i++
	}
	if i == 0 && v == float64(int(v)) {
		return strconv.Itoa(int(v)) + units[0]
	}
	return digits3(v) + units[i]
}

func count(v float64) string { return scaled(v, 1000, []string{"", "k", "M", "G"}) }

func size(v float64) string {
	return scaled(v, 1024, []string{" B", " KiB", " MiB", " GiB", " TiB"})
}

// duration writes nanoseconds.
func duration(v float64) string { return scaled(v, 1000, []string{"ns", "µs", "ms", "s"}) }
