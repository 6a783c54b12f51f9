// SPDX-License-Identifier: Apache-2.0

package histogram_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/measure/histogram"
)

// TestQuantiles compares quantiles with those of the sorted durations themselves.
func TestQuantiles(t *testing.T) {
	var h, other histogram.Histogram
	var all []time.Duration
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 100_000 {
		d := time.Duration(1) << random.IntN(36)
		d += time.Duration(random.Int64N(int64(d)))
		all = append(all, d)
		if i%3 == 0 {
			other.Add(d)
		} else {
			h.Add(d)
		}
	}
	h.Merge(&other)
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		got := h.Quantile(q)
		if got < want || float64(got) > float64(want)*(1+1.0/64)+1 {
			t.Errorf("quantile %g is %d, and it should be in the 1/64 above %d", q, got, want)
		}
	}
	if h.Max() != all[len(all)-1] || h.Count() != uint64(len(all)) {
		t.Errorf("max %d, count %d", h.Max(), h.Count())
	}
	var empty histogram.Histogram
	if q := empty.Quantile(0.5); q != 0 {
		t.Errorf("the median of nothing is %v", q)
	}
}
