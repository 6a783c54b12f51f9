// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"math"
	"testing"
)

// TestNoRoomForALengthThatOverflows: where an int has 32 bits, twice the length of a value
// may come out negative.
func TestNoRoomForALengthThatOverflows(t *testing.T) {
	for n, want := range map[int]bool{0: true, MaxResultBytes: true, MaxResultBytes + 1: false, -1: false, math.MinInt: false} {
		var e Env
		if e.room(n) != want || (e.err == nil) != want {
			t.Errorf("room(%d): %v", n, e.err)
		}
	}
}
