// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strconv"

	"github.com/lsmlite/lsmlite-go/internal/measure/stats"
)

// row is what all stores did in one workload with the same parameters.
type row struct {
	workload string
	params   Params
	unit     string
	results  map[string]*Result // by store
}

// rows returns the rows of a class, in the order of their first results.
func (run *Run) rows(class Class) []*row {
	type id struct {
		workload string
		params   Params
	}
	var out []*row
	at := make(map[id]*row)
	for i := range run.Results {
		r := &run.Results[i]
		if r.Params.Class != class {
			continue
		}
		key := id{r.Workload, r.Params}
		if at[key] == nil {
			at[key] = &row{workload: r.Workload, params: r.Params, unit: r.Unit, results: make(map[string]*Result)}
			out = append(out, at[key])
		}
		at[key].results[r.Store] = r
	}
	return out
}

// label names a row: the workload, and those parameters that say what was done.
func (r *row) label() string {
	s := r.workload
	if r.params.Batch > 0 {
		s += "/" + strconv.Itoa(r.params.Batch)
	}
	if r.params.Threads > 1 {
		s += fmt.Sprintf(", %d threads", r.params.Threads)
	}
	return s
}

// size names the data of a row.
func (r *row) size() string {
	s := ""
	if r.params.Rows > 0 {
		s = countText(float64(r.params.Rows)) + " × "
	}
	if r.params.KeyBytes+r.params.ValueBytes == 0 {
		return s + "–"
	}
	return s + fmt.Sprintf("%d+%d B", r.params.KeyBytes, r.params.ValueBytes)
}

// ratio returns how many times better store a is than store b.
func (r *row) ratio(m *Metric, a, b string) (stats.Ratio, bool) {
	ra, rb := r.results[a], r.results[b]
	if ra == nil || rb == nil {
		return stats.Ratio{}, false
	}
	of := make(map[int]float64)
	for i := range rb.Repetitions {
		if v, ok := m.of(&rb.Repetitions[i]); ok {
			of[rb.Repetitions[i].Round] = v
		}
	}
	var pairs []stats.Pair
	for i := range ra.Repetitions {
		rep := &ra.Repetitions[i]
		va, ok := m.of(rep)
		vb, ok2 := of[rep.Round]
		if !ok || !ok2 || va == 0 || vb == 0 {
			continue
		}
		if m.Higher {
			pairs = append(pairs, stats.Pair{A: va, B: vb})
		} else {
			pairs = append(pairs, stats.Pair{A: vb, B: va})
		}
	}
	return stats.RatioOf(pairs), len(pairs) > 0
}

// number writes v with three significant digits, without an exponent.
func number(v float64) string {
	switch a := max(v, -v); {
	case a == 0:
		return "0"
	case a >= 1e5:
		return countText(v)
	case a >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a >= 0.001:
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// countDigits is how many digits of a large number are shown.
const countDigits = 4

// countText writes a large number in thousands, millions or more.
func countText(v float64) string {
	units := []string{"", " k", " M", " G", " T"}
	i := 0
	for ; max(v, -v) >= 1000 && i < len(units)-1; i++ {
		v /= 1000
	}
	return strconv.FormatFloat(v, 'g', countDigits, 64) + units[i]
}
