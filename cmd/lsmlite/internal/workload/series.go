// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/workload/results"
)

const (
	// shortStretch is that of the first stretches of a series.
	shortStretch = 20 * time.Millisecond
	// maxStretches bounds a series, however long it is.
	maxStretches = 240
)

// series collects how many operations were done in equal stretches of time. When there are too many, each
// two become one of twice the time.
type series struct {
	stretch time.Duration
	counts  []uint64
	last    uint64 // operations at the end of the last stretch
}

func newSeries() *series { return &series{stretch: shortStretch} }

// add takes the number of operations at a time since the beginning. Operations of stretches at whose end
// nobody looked are spread over them.
func (s *series) add(at time.Duration, operations uint64) {
	for at/s.stretch >= maxStretches {
		s.halve()
	}
	missing := uint64(at/s.stretch) - uint64(len(s.counts))
	done := operations - s.last
	for i := range missing {
		s.counts = append(s.counts, done*(i+1)/missing-done*i/missing)
	}
	if missing > 0 {
		s.last = operations
	}
}

// halve puts each two stretches together. One without a partner goes back to what is still to come.
func (s *series) halve() {
	half := len(s.counts) / 2
	if len(s.counts)%2 == 1 {
		s.last -= s.counts[len(s.counts)-1]
	}
	for i := range half {
		s.counts[i] = s.counts[2*i] + s.counts[2*i+1]
	}
	s.counts = s.counts[:half]
	s.stretch *= 2
}

// result is the series without a last stretch that is not whole.
func (s *series) result() results.Series {
	return results.Series{Seconds: s.stretch.Seconds(), Operations: s.counts}
}
