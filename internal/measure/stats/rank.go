// SPDX-License-Identifier: Apache-2.0

package stats

import "math"

// Differ returns how likely it is, if two series come from one distribution, that they lie at least as
// far apart as these do: the two-sided probability of the rank sum test of Mann and Whitney. The nearer to
// 0, the less is a difference by chance. The probability is exact unless there are equal values, of which
// each counts as half smaller and half greater; it is 1 if a series is empty.
func Differ(a, b []float64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 1
	}
	wins := 0.0 // pairs of which the value of a is the smaller
	for _, x := range a {
		for _, y := range b {
			switch {
			case x < y:
				wins++
			case x == y:
				wins += 0.5
			}
		}
	}
	pairs := float64(len(a) * len(b))
	return rankTail(len(a), len(b), int(math.Ceil(min(wins, pairs-wins))))
}

// LeastP returns the smallest probability that Differ can give for series of these lengths: that of
// two that do not overlap.
func LeastP(a, b int) float64 { return rankTail(a, b, 0) }

// maxExact bounds the lengths for which all orders are counted; the normal distribution is close enough
// for longer ones.
const maxExact = 50

// rankTail is the probability of at most this many wins, on one side or the other.
func rankTail(a, b, wins int) float64 {
	if a == 0 || b == 0 {
		return 1
	}
	if a > maxExact || b > maxExact {
		mean, variance := float64(a)*float64(b)/2, float64(a)*float64(b)*float64(a+b+1)/12
		z := (float64(wins) + 0.5 - mean) / math.Sqrt(variance)
		return min(1, math.Erfc(-z/math.Sqrt2))
	}
	orders := countOrders(a, b)
	below, all := 0.0, 0.0
	for n, c := range orders {
		if all += c; n <= wins {
			below += c
		}
	}
	return min(1, 2*below/all)
}

// countOrders returns, for each number of wins, in how many orders of a + b different values there are so
// many: the last value is of b, and greater than all of a, or it is of a.
func countOrders(a, b int) []float64 {
	row := make([][]float64, a+1) // for the current number of values of b
	for i := range row {
		row[i] = []float64{1}
	}
	for j := 1; j <= b; j++ {
		next := make([][]float64, a+1)
		next[0] = []float64{1}
		for i := 1; i <= a; i++ {
			next[i] = make([]float64, i*j+1)
			copy(next[i], next[i-1])
			for n, c := range row[i] {
				next[i][n+i] += c
			}
		}
		row = next
	}
	return row[a]
}
