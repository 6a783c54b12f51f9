// SPDX-License-Identifier: Apache-2.0

package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/measure/stats"
)

func TestSummarize(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   stats.Summary
		spread float64
	}{
		{nil, stats.Summary{}, 0},
		{[]float64{3}, stats.Summary{N: 1, Median: 3, Min: 3, Max: 3}, 0},
		{[]float64{4, 1}, stats.Summary{N: 2, Median: 2.5, Min: 1, Max: 4}, 1.2},
		{[]float64{5, 1, 4}, stats.Summary{N: 3, Median: 4, Min: 1, Max: 5}, 1},
		{[]float64{0, 0, 1}, stats.Summary{N: 3, Median: 0, Min: 0, Max: 1}, 0},
	} {
		got := stats.Summarize(test.values)
		if got != test.want || got.Spread() != test.spread {
			t.Errorf("%v: %+v, spread %v, want %+v, %v", test.values, got, got.Spread(), test.want, test.spread)
		}
	}
	values := []float64{2, 1}
	if stats.Summarize(values); values[0] != 2 {
		t.Error("the values were sorted in place")
	}
}

func TestMedianInterval(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   stats.Interval
	}{
		{nil, stats.Interval{Lo: math.Inf(-1), Hi: math.Inf(1)}},
		{[]float64{7}, stats.Interval{Lo: 7, Hi: 7}},
		{[]float64{3, 1, 2}, stats.Interval{Lo: 1, Hi: 3, Confidence: 0.75}},
		{[]float64{5, 4, 3, 2, 1}, stats.Interval{Lo: 1, Hi: 5, Confidence: 0.9375}},
		{[]float64{8, 7, 6, 5, 4, 3, 2, 1}, stats.Interval{Lo: 1, Hi: 8, Confidence: 1 - 2.0/256}},
		{[]float64{9, 8, 7, 6, 5, 4, 3, 2, 1}, stats.Interval{Lo: 2, Hi: 8, Confidence: 1 - 20.0/512}},
	} {
		if got := stats.MedianInterval(test.values); got != test.want {
			t.Errorf("%v: %+v, want %+v", test.values, got, test.want)
		}
	}
}

// TestMedianIntervalHoldsTheMedian: it does as often as it says, for values that are
// distributed in a lopsided way, as times are.
func TestMedianIntervalHoldsTheMedian(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{3, 5, 9, 20} {
		held, want := 0, 0.0
		const times = 4000
		for range times {
			values := make([]float64, n)
			for i := range values {
				values[i] = rng.ExpFloat64()
			}
			in := stats.MedianInterval(values)
			if want = in.Confidence; in.Contains(math.Ln2) {
				held++
			}
		}
		if got := float64(held) / times; math.Abs(got-want) > 0.025 {
			t.Errorf("%d values: the interval holds the median in %.3f of all cases, and says %.3f", n, got, want)
		}
	}
}

func TestRatioOf(t *testing.T) {
	for name, test := range map[string]struct {
		pairs  []stats.Pair
		median float64
		want   stats.Verdict
	}{
		"nothing":                       {nil, 0, stats.TooFew},
		"two rounds":                    {[]stats.Pair{{A: 1, B: 2}, {A: 1, B: 2}}, 0.5, stats.TooFew},
		"a round without a number":      {[]stats.Pair{{A: 1, B: 2}, {A: 1, B: 2}, {A: 1}}, 0.5, stats.TooFew},
		"smaller in each":               {[]stats.Pair{{A: 1, B: 2}, {A: 2, B: 3}, {A: 30, B: 40}}, 2.0 / 3, stats.Smaller},
		"greater in each":               {[]stats.Pair{{A: 3, B: 2}, {A: 2, B: 1}, {A: 30, B: 10}}, 2, stats.Greater},
		"once the other way":            {[]stats.Pair{{A: 3, B: 2}, {A: 2, B: 1}, {A: 9, B: 10}}, 1.5, stats.Same},
		"a slow round for both of them": {[]stats.Pair{{A: 1, B: 2}, {A: 1, B: 2}, {A: 50, B: 90}}, 0.5, stats.Smaller},
	} {
		if got := stats.RatioOf(test.pairs); got.Verdict != test.want || math.Abs(got.Median-test.median) > 1e-9 {
			t.Errorf("%s: %+v, want a median of %v and verdict %d", name, got, test.median, test.want)
		}
	}
}

func TestCompare(t *testing.T) {
	of := stats.Summarize
	for _, test := range []struct {
		a, b []float64
		want stats.Verdict
	}{
		{[]float64{1, 2}, []float64{3, 4, 5}, stats.TooFew},
		{[]float64{1, 2, 3}, []float64{4, 5}, stats.TooFew},
		{[]float64{1, 2, 3}, []float64{4, 5, 6}, stats.Smaller},
		{[]float64{7, 8, 9}, []float64{4, 5, 6}, stats.Greater},
		{[]float64{1, 2, 4}, []float64{4, 5, 6}, stats.Same},
	} {
		if got := stats.Compare(of(test.a), of(test.b)); got != test.want {
			t.Errorf("%v and %v: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

// TestDiffer compares with probabilities that follow from counting orders by hand.
func TestDiffer(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1, 2, 3}, []float64{4, 5, 6}, 2.0 / 20},
		{[]float64{4, 5, 6}, []float64{1, 2, 3}, 2.0 / 20},
		{[]float64{1, 2, 3, 4}, []float64{5, 6, 7, 8}, 2.0 / 70},
		{[]float64{1, 2, 3, 5}, []float64{4, 6, 7, 8}, 4.0 / 70},
		{[]float64{1, 2, 4, 5}, []float64{3, 6, 7, 8}, 8.0 / 70},
		{[]float64{1}, []float64{2}, 1},
		{[]float64{1, 1, 1}, []float64{1, 1, 1}, 1},
		{nil, []float64{1}, 1},
	} {
		if got := stats.Differ(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v and %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
	if p := stats.LeastP(4, 4); p != 2.0/70 {
		t.Errorf("the least of four and four is %v", p)
	}
}

// TestDifferAtRandom: of series from one distribution about one in twenty has a probability of 0.05 or
// less, not more; those that were moved have, mostly. Long series are estimated.
func TestDifferAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	series := func(n int, moved float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = random.NormFloat64() + moved
		}
		return out
	}
	for _, n := range []int{5, 12, 60} {
		const tries = 400
		same, moved := 0, 0
		for range tries {
			if stats.Differ(series(n, 0), series(n, 0)) <= 0.05 {
				same++
			}
			if stats.Differ(series(n, 0), series(n, 3)) <= 0.05 {
				moved++
			}
		}
		if same > tries*7/100 || moved < tries*9/10 {
			t.Errorf("series of %d: %d of %d differ by chance, and %d that were moved", n, same, tries, moved)
		}
	}
}
