// SPDX-License-Identifier: Apache-2.0

package enginetest_test

import (
	"context"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestRareStates: a state that was met is counted once more, if states are counted.
func TestRareStates(t *testing.T) {
	refused := func() (n int64, ok bool) {
		for _, s := range enginetest.RareStates() {
			if s.Name == "close refused" {
				return s.Hits, true
			}
		}
		return 0, false
	}
	db, err := engine.Open(context.Background(), "/db", engine.Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := db.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	before, counted := refused()
	if err := db.Close(); err == nil {
		t.Fatal("closed while it is in use")
	}
	if after, _ := refused(); counted && after == before {
		t.Errorf("a close that was refused is counted nowhere: %d, %d", before, after)
	} else if !counted && after != 0 {
		t.Error("states are counted in an ordinary build")
	}
	snapshot.Close()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
