// SPDX-License-Identifier: Apache-2.0

// Package histogram counts durations in bounded memory, and says which of them a share of all does not
// exceed. The programs that measure use it, here and in the modules below the root.
package histogram

import (
	"math/bits"
	"time"
)

// Histogram counts durations in buckets that are at most 1/64 of their value wide. Its zero value is
// empty. One goroutine at a time may use it.
type Histogram struct {
	counts [64 * perOctave]uint64
	n      uint64
	max    time.Duration
}

// perOctave is the number of buckets between a power of two and the next.
const perOctave = 64

// Add counts a duration, which is not negative.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucket(uint64(max(d, 0)))]++
	h.n++
	h.max = max(h.max, d)
}

// Merge adds the counts of another histogram.
func (h *Histogram) Merge(o *Histogram) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
	h.max = max(h.max, o.max)
}

// Count returns the number of durations.
func (h *Histogram) Count() uint64 { return h.n }

// Max returns the longest duration.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns the duration that a share q of all, from 0 to 1, does not exceed: the upper end of
// the bucket that it is in, but not more than Max. It is 0 if nothing was counted.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(q * float64(h.n))
	seen := uint64(0)
	for i, c := range h.counts {
		if seen += c; seen > rank {
			return min(time.Duration(upper(i)), h.max)
		}
	}
	return h.max
}

// bucket returns the bucket of a value: the value itself below perOctave, otherwise its first seven bits
// and their place.
func bucket(v uint64) int {
	if v < perOctave {
		return int(v)
	}
	shift := bits.Len64(v) - 7
	return (shift+1)*perOctave + int(v>>shift) - perOctave
}

// upper returns the greatest value of a bucket.
func upper(i int) uint64 {
	if i < perOctave {
		return uint64(i)
	}
	shift := i/perOctave - 1
	return (uint64(i%perOctave)+perOctave+1)<<shift - 1
}
