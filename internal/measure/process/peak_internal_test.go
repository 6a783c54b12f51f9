// SPDX-License-Identifier: Apache-2.0

package process

import (
	"errors"
	"testing"
	"time"
)

// TestPeakFails: a peak of which a sample is missing is an error, not a number that is too low.
func TestPeakFails(t *testing.T) {
	broken := errors.New("no such file")
	for _, bad := range []int{0, 1, 1 << 30} {
		n := 0
		p := startPeak(func() (int64, error) {
			n++
			if n-1 == bad {
				return 0, broken
			}
			return int64(n), nil
		})
		time.Sleep(5 * sampling)
		peak, err := p.Stop()
		if wrong := bad < n; wrong != errors.Is(err, broken) || wrong && peak != 0 || !wrong && peak != int64(n) {
			t.Errorf("sample %d of %d fails: peak %d, %v", bad, n, peak, err)
		}
	}
}
