// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestFreeListOfResumedMerge: a merge is left half done by a close and ends in the next session. Its
// segment holds the free list, which the session after that reads back: no checkpoint has to name
// blocks to take back what it says.
func TestFreeListOfResumedMerge(t *testing.T) {
	ctx := context.Background()
	o := engine.Options{FS: memfs.New(), NoAutoWork: true, BlockSize: 64 << 10, AutoCheckpoint: 16 << 10}
	threeSegments(t, o)
	db := mustOpen(t, "/x.lsm", o)
	reopen := func() {
		t.Helper()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = mustOpen(t, "/x.lsm", o)
	}
	merging := func() bool { return len(db.Structure()[0].Segments) > 1 }
	work := func() {
		t.Helper()
		if p, err := db.Work(ctx, engine.WorkOptions{Merge: 3, Pages: 50}); p.PagesWritten == 0 || err != nil {
			t.Fatal(p, err)
		}
	}
	for !merging() || db.Structure()[0].Segments[0].Pages < 100 {
		work()
	}
	reopen()
	for merging() {
		work()
	}
	if n := len(db.Structure()); n != 1 {
		t.Fatalf("%d levels, want 1", n)
	}
	reopen()
	defer func() { db.Close() }()
	if blocks, entries := db.FreeListSize(); blocks < 5 || entries > 2 {
		t.Errorf("%d blocks are free, and the checkpoint has %d entries; want almost none", blocks, entries)
	}
	for p := range db.Check(ctx) {
		t.Error(p)
	}
	for i := range 30_000 {
		if _, found, err := db.Get(nil, fmt.Appendf(nil, "%08d", i)); !found || err != nil {
			t.Fatal(i, found, err)
		}
	}
}
