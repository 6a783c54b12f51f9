// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// FixLogMarks gives all logs the same mark for the time of a test, which prints them.
func FixLogMarks(t *testing.T) {
	random := newLogMark
	newLogMark = func(m *format.LogMark) error {
		copy(m[:], "sixteen letters.")
		return nil
	}
	t.Cleanup(func() { newLogMark = random })
}

// BuildIndexes makes fences and filters of all segments, as far as they can have any, and
// returns of how many.
func BuildIndexes(t *testing.T, db *DB) (fences, filters int) {
	t.Helper()
	goOn := func() error { return nil }
	for _, l := range db.ledger.Newest().Disk.Levels {
		for _, seg := range l.Segments() {
			f, err := seg.BuildFences(goOn)
			if err != nil {
				t.Fatal(err)
			}
			if seg.Index.SetFences(f); f != nil {
				fences++
			}
			keys, err := seg.EstimateKeys(32)
			if err != nil {
				t.Fatal(err)
			}
			g, err := seg.BuildFilter(keys, goOn)
			if err != nil {
				t.Fatal(err)
			}
			if seg.Index.SetFilter(g); g != nil {
				filters++
			}
		}
	}
	return fences, filters
}

// Indexed returns how many segments that a snapshot shows have fences or a filter.
func (s *Snapshot) Indexed() (n int) {
	for _, l := range s.pin.state.Disk.Levels {
		if x := l.Seg.Index; x.Fences() != nil || x.Filter() != nil {
			n++
		}
	}
	return n
}

// NewSkippedRanges returns an empty list of ranges.
func NewSkippedRanges() *skippedRanges { return new(skippedRanges) }

// Add adds a range.
func (s *skippedRanges) Add(r DamagedRange) bool { return s.add(r) }

// List returns the ranges.
func (s *skippedRanges) List() []DamagedRange { return s.list }

// SetChangesSyncAfter sets how long streams of what is durable wait for others, and returns what sets it back.
func SetChangesSyncAfter(d time.Duration) func() {
	was := changesSyncAfter
	changesSyncAfter = d
	return func() { changesSyncAfter = was }
}

// SetChangesGrace sets how long Close waits for streams, and returns what sets it back.
func SetChangesGrace(d time.Duration) func() {
	was := changesGrace
	changesGrace = d
	return func() { changesGrace = was }
}
