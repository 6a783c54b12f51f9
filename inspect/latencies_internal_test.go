// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestQuantiles compares quantiles with those of all times, sorted.
func TestQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 10, 1000} {
		var l latencies
		var all []time.Duration
		for range n {
			d := time.Duration(rng.Int64N(1 << rng.IntN(40)))
			l.add(d)
			all = append(all, d)
		}
		slices.Sort(all)
		for _, q := range []float64{0.5, 0.9, 0.99, 1} {
			want := all[max(0, int(q*float64(n)+0.999999)-1)]
			if got := l.quantile(q); got < want || got > want+want/7+1 {
				t.Errorf("%d times, quantile %v: %d, want about %d", n, q, got, want)
			}
		}
	}
	var none latencies
	none.add(-time.Second)
	if none.quantile(0.5) != 0 {
		t.Error("a clock that went back")
	}
}

// TestClasses: the greatest time of each class belongs to it, and the next one to the next.
func TestClasses(t *testing.T) {
	for d := time.Duration(0); d < 1<<60; d += d/9 + 1 {
		c := classOf(d)
		if top := topOf(c); top < d || classOf(top) != c || classOf(top+1) == c {
			t.Fatalf("%d is in class %d, whose greatest time is %d", d, c, top)
		}
	}
	var l latencies
	l.add(1<<63 - 1)
	if l.quantile(0.5) != 1<<63-1 {
		t.Error("the greatest duration")
	}
}
