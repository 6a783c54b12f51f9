// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
)

// manyFree opens a ledger with that many free blocks, followed by one in use and some free ones.
func manyFree(t testing.TB, free, atEnd uint32) *books {
	t.Helper()
	in := found{blocks: free + 1 + atEnd, stored: ledger.Stored{Synced: base.EmptySnapshotID + 5}}
	for b := uint32(1); b <= in.blocks; b++ {
		if b != free+1 {
			in.free = append(in.free, entry(base.BlockNo(b), base.EmptySnapshotID))
		}
	}
	in.disk.ID = base.EmptySnapshotID + 5
	return open(t, in)
}

// TestLookForTheEndOfTheFileTakesNoMemory: each checkpoint looks, with the mutex that commits and
// readers need, and a file of a terabyte may have a hundred thousand free blocks.
func TestLookForTheEndOfTheFileTakesNoMemory(t *testing.T) {
	k := manyFree(t, 20_000, 100)
	if end, ok, err := k.Unused(); end != 20_001 || !ok || err != nil {
		t.Fatalf("the file may be cut at %d (%t), want 20001", end, ok)
	}
	if n := testing.AllocsPerRun(20, func() { _, _, _ = k.Unused() }); n > 0 {
		t.Errorf("%.0f allocations, want none", n)
	}
}

func BenchmarkUnused(b *testing.B) {
	k := manyFree(b, 100_000, 1000)
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = k.Unused()
	}
}
