// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"math"
	"math/bits"
	"time"
)

// latencies counts times in classes of which each is an eighth of a power of two wide, so that a
// quantile is known to about 12 percent. The zero value is empty.
type latencies struct {
	n        int64
	greatest time.Duration
	classes  [64 * 8]uint32
}

func (l *latencies) add(d time.Duration) {
	d = max(d, 0)
	l.n++
	l.greatest = max(l.greatest, d)
	l.classes[classOf(d)]++
}

// classOf returns the class of a time: the position of its highest bit, and the three bits after
// it. Times of less than 8 nanoseconds have a class each.
func classOf(d time.Duration) int {
	if d < 8 {
		return int(d)
	}
	top := bits.Len64(uint64(d)) - 1
	return top*8 + int(d>>(top-3))&7
}

// topOf returns the greatest time of a class.
func topOf(class int) time.Duration {
	top := class / 8
	if top == 0 {
		return time.Duration(class)
	}
	return (time.Duration(class%8)+9)<<(top-3) - 1
}

// quantile returns the time that the fraction q of all times does not exceed; 0 if there are none.
func (l *latencies) quantile(q float64) time.Duration {
	if l.n == 0 {
		return 0
	}
	rank := int64(math.Ceil(q * float64(l.n)))
	for class, n := range l.classes {
		if rank -= int64(n); rank <= 0 {
			return min(topOf(class), l.greatest)
		}
	}
	return l.greatest
}
