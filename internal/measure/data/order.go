// SPDX-License-Identifier: Apache-2.0

package data

import (
	"math"
	"math/rand/v2"
)

// Order is a random order of the numbers below n, which takes no memory: a Feistel network on
// the next even power of two, applied until its result is below n.
type Order struct {
	n, mask, seed uint64
	half          uint
}

// NewOrder returns the order that belongs to a seed.
func NewOrder(n, seed uint64) Order {
	half := uint(1)
	for uint64(1)<<(2*half) < n {
		half++
	}
	return Order{n: n, half: half, mask: 1<<half - 1, seed: Mix(seed)}
}

// At returns the number in place i, below n.
func (o Order) At(i uint64) uint64 {
	for {
		left, right := i>>o.half, i&o.mask
		for round := range uint64(4) {
			left, right = right, left^Mix(right+o.seed+round<<56)&o.mask
		}
		if i = left<<o.half | right; i < o.n {
			return i
		}
	}
}

// Zipf draws numbers below n, of which k comes with a probability proportional to 1/(k+1)^0.99, as
// in YCSB. It samples by rejection from the integral of that function, which needs no table.
type Zipf struct {
	random           *rand.Rand
	last             float64 // n
	area0, areaWhole float64
}

const zipfExponent = 0.99

// NewZipf returns a source of such numbers.
func NewZipf(random *rand.Rand, n uint64) *Zipf {
	z := &Zipf{random: random, last: float64(n)}
	z.area0 = area(1.5) - 1
	z.areaWhole = area(z.last+0.5) - z.area0
	return z
}

// area is the integral of x^-exponent from 1 to x.
func area(x float64) float64 {
	return (math.Pow(x, 1-zipfExponent) - 1) / (1 - zipfExponent)
}

func inverseArea(a float64) float64 {
	return math.Pow(1+a*(1-zipfExponent), 1/(1-zipfExponent))
}

// Next draws a number. A point of the area under the curve is accepted if it lies under the bar of
// its number, which is almost always.
func (z *Zipf) Next() uint64 {
	for {
		u := z.area0 + z.random.Float64()*z.areaWhole
		k := min(max(math.Round(inverseArea(u)), 1), z.last)
		if u >= area(k+0.5)-math.Pow(k, -zipfExponent) {
			return uint64(k) - 1
		}
	}
}
