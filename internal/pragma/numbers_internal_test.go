// SPDX-License-Identifier: Apache-2.0

package pragma

import (
	"math"
	"testing"
)

// TestCountsThatAnIntCannotHold: PRAGMA work takes numbers above 32 bits where an int has no
// more than that.
func TestCountsThatAnIntCannotHold(t *testing.T) {
	for n, want := range map[int64]int{0: 0, 1: 1, math.MaxInt32: math.MaxInt32, math.MaxInt64: math.MaxInt} {
		if got := toInt(n); got != want {
			t.Errorf("toInt(%d) = %d, want %d", n, got, want)
		}
	}
	if toInt(maxNumber) < math.MaxInt32 {
		t.Errorf("toInt(%d) = %d", int64(maxNumber), toInt(maxNumber))
	}
}
