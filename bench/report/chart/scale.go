// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"math"
	"strconv"
)

// scale maps numbers to positions from 0 to 1.
type scale struct {
	min, max float64
	log      bool
	ticks    []float64
}

// logFrom is how many times the smallest value the largest has to be for an axis to be logarithmic:
// below that the smallest bar can still be seen.
const logFrom = 40

// What is smaller or greater is drawn as if it were the smallest or the greatest number that
// measurements can be, and an axis has so many powers of ten at most.
const (
	smallest    = 1e-12
	greatest    = 1e18
	mostDecades = 10
)

// newScale makes the scale of an axis from all numbers on it. A linear one begins at zero.
func newScale(values []float64) scale {
	lo, hi := math.Inf(1), 0.0
	for _, v := range values {
		if v >= smallest {
			lo, hi = min(lo, v, greatest), max(hi, min(v, greatest))
		}
	}
	switch {
	case hi == 0:
		return scale{max: 1, ticks: []float64{0, 1}}
	case hi/lo >= logFrom:
		return logScale(lo, hi)
	}
	s := scale{}
	step := niceStep(hi / 5)
	for n := 0; ; n++ {
		s.max = step * float64(n)
		s.ticks = append(s.ticks, s.max)
		if s.max >= hi {
			return s
		}
	}
}

// logScale makes a scale whose ends are powers of ten.
func logScale(lo, hi float64) scale {
	from, to := math.Floor(math.Log10(lo)), math.Ceil(math.Log10(hi))
	if from == to {
		to++
	}
	if math.Pow(10, from) == lo {
		from-- // or the smallest bar had no length
	}
	from = max(from, to-mostDecades)
	s := scale{min: math.Pow(10, from), max: math.Pow(10, to), log: true}
	for e := from; e <= to; e++ {
		s.ticks = append(s.ticks, math.Pow(10, e))
	}
	return s
}

// niceStep returns the smallest 1, 2 or 5 times a power of ten that is at least v.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v {
			return m * power
		}
	}
	return 10 * power
}

// at returns the position of a number; what is outside goes to the nearer end.
func (s *scale) at(v float64) float64 {
	p := 0.0
	switch {
	case !s.log:
		p = (v - s.min) / (s.max - s.min)
	case v > 0:
		p = math.Log(v/s.min) / math.Log(s.max/s.min)
	}
	return min(max(p, 0), 1)
}

// short writes a number in few letters.
func short(v float64) string {
	unit := ""
	for _, u := range []string{"k", "M", "G", "T"} {
		if math.Abs(v) < 1000 {
			break
		}
		v, unit = v/1000, u
	}
	digits := 3
	if math.Abs(v) >= 100 {
		digits = int(math.Log10(math.Abs(v))) + 1
	}
	f, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	return strconv.FormatFloat(f, 'f', -1, 64) + unit
}
