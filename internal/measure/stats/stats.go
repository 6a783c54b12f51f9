// SPDX-License-Identifier: Apache-2.0

// Package stats summarizes repetitions of a measurement, and says what can be concluded from a few
// of them. It assumes nothing about how they are distributed, because times on a shared machine
// are not distributed like anything: intervals are made of the measurements themselves.
package stats

import (
	"math"
	"slices"
)

// Summary describes some measurements.
type Summary struct {
	N                int
	Median, Min, Max float64
}

// Summarize returns the summary of some measurements; that of none is zero.
func Summarize(values []float64) Summary {
	if len(values) == 0 {
		return Summary{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return Summary{N: len(sorted), Median: median(sorted), Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// Spread is how far the measurements lie apart, as a part of their median; 0 for a median of 0.
func (s Summary) Spread() float64 {
	if s.Median == 0 {
		return 0
	}
	return (s.Max - s.Min) / s.Median
}

func median(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1] + (sorted[n/2]-sorted[n/2-1])/2
}

// Interval is where a true value lies, with the given confidence from 0 to 1.
type Interval struct {
	Lo, Hi     float64
	Confidence float64
}

// Contains reports whether v may be the true value.
func (i Interval) Contains(v float64) bool { return i.Lo <= v && v <= i.Hi }

// wanted is the confidence that an interval has if there are enough measurements.
const wanted = 0.95

// MedianInterval returns where the median of the distribution lies from which the values were
// drawn. Each value is below it with a probability of one half, whatever the distribution is; so it
// lies between the k-th smallest and the k-th greatest of them unless fewer than k are on one side.
// The interval is the narrowest of these with a confidence of 95 %, or all values with what
// confidence they give: 75 % for three, 94 % for five.
func MedianInterval(values []float64) Interval {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return Interval{Lo: math.Inf(-1), Hi: math.Inf(1)}
	}
	best := Interval{Lo: sorted[0], Hi: sorted[n-1], Confidence: confidence(n, 1)}
	for k := 2; k <= n/2; k++ {
		if c := confidence(n, k); c >= wanted {
			best = Interval{Lo: sorted[k-1], Hi: sorted[n-k], Confidence: c}
		}
	}
	return best
}

// confidence is the probability that the median lies between the k-th smallest and the k-th
// greatest of n values.
func confidence(n, k int) float64 {
	tail, term := 0.0, math.Pow(0.5, float64(n)) // term is the probability that i values are below
	for i := range k {
		tail += term
		term *= float64(n-i) / float64(i+1)
	}
	return max(0, 1-2*tail)
}

// Verdict says what two series of measurements allow to conclude.
type Verdict uint8

const (
	TooFew  Verdict = iota // too few repetitions to tell
	Same                   // no difference is seen: the spread covers it
	Smaller                // the first is smaller than the second
	Greater                // the first is greater than the second
)

// minRounds is how many repetitions it takes to conclude anything.
const minRounds = 3

// Ratio is the ratio of two series of measurements.
type Ratio struct {
	N      int     // rounds in which both were measured
	Median float64 // of the ratios of each round
	Interval
	Verdict Verdict
}

// Pair is what two stores measured in one round.
type Pair struct{ A, B float64 }

// RatioOf returns the ratio A/B over rounds in which both were measured one soon after the other, so
// that what disturbed the machine in a round disturbed both. Rounds with a B of 0 are left out.
func RatioOf(pairs []Pair) Ratio {
	var ratios []float64
	for _, p := range pairs {
		if p.B != 0 {
			ratios = append(ratios, p.A/p.B)
		}
	}
	r := Ratio{N: len(ratios), Median: Summarize(ratios).Median, Interval: MedianInterval(ratios)}
	switch {
	case r.N < minRounds:
		r.Verdict = TooFew
	case r.Contains(1):
		r.Verdict = Same
	case r.Hi < 1:
		r.Verdict = Smaller
	default:
		r.Verdict = Greater
	}
	return r
}

// Compare concludes from two series that were measured at different times, and so cannot be
// compared round by round: they differ if all of one are below all of the other.
func Compare(a, b Summary) Verdict {
	switch {
	case a.N < minRounds || b.N < minRounds:
		return TooFew
	case a.Max < b.Min:
		return Smaller
	case a.Min > b.Max:
		return Greater
	}
	return Same
}
