// SPDX-License-Identifier: Apache-2.0

package freelist_test

import (
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
)

// TestRuns: free blocks come in runs, each with what holds it, and what is reserved is not among them.
func TestRuns(t *testing.T) {
	l := newList(t, 12, ids{2: 5, 3: 5, 4: 6, 6: 20, 7: 20, 8: 21, 10: 9, 11: 3})
	if b := l.Allocate(10, 10, nil); b != 11 {
		t.Fatalf("allocated %d", b)
	}
	l.Publish(nil, []base.BlockNo{12}, 30)
	got := l.Runs(20, []base.SnapshotID{9, 40})
	want := []freelist.Run{
		{First: 2, Last: 4, Hold: freelist.NoHold},
		{First: 6, Last: 7, Hold: freelist.HeldPin, ID: 20},
		{First: 8, Last: 8, Hold: freelist.HeldPin, ID: 21},
		{First: 10, Last: 10, Hold: freelist.HeldPin, ID: 9},
		{First: 12, Last: 12, Hold: freelist.HeldPin, ID: 30},
	}
	if !slices.Equal(got, want) {
		t.Errorf("with a pin on snapshot 9: %v, want %v", got, want)
	}
	want = []freelist.Run{
		{First: 2, Last: 4, Hold: freelist.NoHold},
		{First: 6, Last: 7, Hold: freelist.HeldCheckpoint, ID: 20},
		{First: 8, Last: 8, Hold: freelist.HeldCheckpoint, ID: 21},
		{First: 10, Last: 10, Hold: freelist.NoHold},
		{First: 12, Last: 12, Hold: freelist.HeldCheckpoint, ID: 30},
	}
	if got = l.Runs(20, []base.SnapshotID{40}); !slices.Equal(got, want) {
		t.Errorf("without: %v, want %v", got, want)
	}
}
