// SPDX-License-Identifier: Apache-2.0

package results

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/guptarohit/asciigraph"
)

const (
	plotHeight = 5
	plotMargin = 14 // columns of the numbers at the left
	plotWidest = 100
)

// Plots writes for each workload how many operations a second were done over the time of one round: the
// one with the median of all. width is how many columns there are.
func Plots(w io.Writer, run *Run, width int) {
	for i := range run.Workloads {
		workload := &run.Workloads[i]
		r := middle(workload)
		rates := r.Series.rates()
		if len(rates) < 2 {
			continue // it took less time than a plot can show
		}
		caption := fmt.Sprintf("%s: %ss a second, in %s seconds", workload.Name, workload.Unit, digits3(r.Seconds))
		if len(workload.Rounds) > 1 {
			caption += fmt.Sprintf(", round %d", r.Round)
		}
		fmt.Fprintln(w, asciigraph.Plot(rates,
			asciigraph.Height(plotHeight), asciigraph.Width(max(min(width, plotWidest)-plotMargin, 20)),
			asciigraph.LowerBound(0), asciigraph.YAxisValueFormatter(count), asciigraph.Caption(caption)))
		fmt.Fprintln(w)
	}
}

// middle returns the round with the median of operations a second.
func middle(w *Workload) *Round {
	rate := func(r Round) float64 { return float64(r.Operations) / r.Seconds }
	order := slices.Clone(w.Rounds)
	slices.SortFunc(order, func(a, b Round) int { return int(math.Copysign(1, rate(a)-rate(b))) })
	return &order[len(order)/2]
}

// rates are operations a second.
func (s Series) rates() []float64 {
	if s.Seconds == 0 {
		return nil
	}
	out := make([]float64, len(s.Operations))
	for i, n := range s.Operations {
		out[i] = float64(n) / s.Seconds
	}
	return out
}
