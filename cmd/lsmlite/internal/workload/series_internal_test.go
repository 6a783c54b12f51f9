// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestSeries: all operations up to the end of the last stretch are in the series, however long it
// takes and however rarely it is looked at, and it has no more stretches than it may.
func TestSeries(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, longest := range []time.Duration{shortStretch, 3 * shortStretch, time.Second, time.Hour} {
		s := newSeries()
		at, operations := time.Duration(0), uint64(0)
		for range 2000 {
			at += time.Duration(random.Int64N(int64(longest)))
			operations += random.Uint64N(1000)
			s.add(at, operations)
			r := s.result()
			if len(r.Operations) > maxStretches {
				t.Fatalf("%d stretches", len(r.Operations))
			}
			sum := uint64(0)
			for _, n := range r.Operations {
				if n > operations {
					t.Fatalf("a stretch has %d of %d operations", n, operations)
				}
				sum += n
			}
			if sum != s.last || sum > operations {
				t.Fatalf("%d operations in the series, %d until it ended, %d in all", sum, s.last, operations)
			}
		}
		covered := time.Duration(len(s.counts)) * s.stretch
		if covered > at || at-covered > s.stretch {
			t.Errorf("%v of %v are covered, in stretches of %v", covered, at, s.stretch)
		}
	}
}

// TestSteady: what goes on evenly is shown so.
func TestSteady(t *testing.T) {
	s := newSeries()
	for i := range uint64(10_000) {
		s.add(time.Duration(i)*5*time.Millisecond, 100*i)
	}
	for _, n := range s.counts {
		if want := uint64(s.stretch/(5*time.Millisecond)) * 100; n != want {
			t.Fatalf("%d operations in %v, want %d", n, s.stretch, want)
		}
	}
}
