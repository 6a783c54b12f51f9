// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestNamesAreSyncedOnceSomethingIsCommitted counts the syncs of the directory: none for a
// closed database that is opened for a look, one before the first commit, and one when the
// log is removed.
func TestNamesAreSyncedOnceSomethingIsCommitted(t *testing.T) {
	ctx := context.Background()
	ffs := faultfs.Wrap(memfs.New())
	session := func(commits int) int {
		before := ffs.Count(faultfs.SyncDir)
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs})
		ok(t, err)
		ok(t, putRange(ctx, db, 0, commits, 1))
		ok(t, db.Close())
		return ffs.Count(faultfs.SyncDir) - before
	}
	session(3)
	for commits, want := range map[int]int{0: 0, 1: 2, 5: 2} {
		if n := session(commits); n != want {
			t.Errorf("%d commits: %d syncs of the directory, want %d", commits, n, want)
		}
	}
}
