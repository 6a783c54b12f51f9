// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestSessionThatWritesNothingSyncsNothing: neither the file nor the directory, unless the file was written without
// syncs.
func TestSessionThatWritesNothingSyncsNothing(t *testing.T) {
	ctx := context.Background()
	for name, tt := range map[string]struct {
		by   engine.Safety // that wrote the file
		rows int
		want int // syncs of a session that only reads
	}{
		"closed": {engine.SafetyNormal, 3, 0},
		// One more for the note that is taken back; see Notes.SyncBegins.
		"written without syncs": {engine.SafetyOff, 3, 3},
	} {
		ffs := faultfs.Wrap(memfs.New())
		db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs, Safety: tt.by})
		ok(t, putRange(ctx, db, 0, tt.rows, 1))
		ok(t, db.Close())
		before := ffs.Count(faultfs.Sync | faultfs.SyncDir)
		db = mustOpen(t, "/x.lsm", engine.Options{FS: ffs})
		if n := len(readAll(t, db)); n != tt.rows {
			t.Errorf("%s: %d rows", name, n)
		}
		ok(t, db.Close())
		if n := ffs.Count(faultfs.Sync|faultfs.SyncDir) - before; n != tt.want {
			t.Errorf("%s: %d syncs, want %d", name, n, tt.want)
		}
	}
}

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
