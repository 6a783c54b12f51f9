// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// commitBytes bounds what a commit of one row of 116 bytes allocates: the transaction, the state
// that readers see afterwards, and what the tree grows by.
const commitBytes = 832

// TestCommitCost: a commit of one row allocates a transaction and a state, in every background
// mode, and no more than a few hundred bytes.
func TestCommitCost(t *testing.T) {
	if engine.RaceDetector {
		t.Skip("the race detector allocates, too")
	}
	for _, background := range backgrounds {
		t.Run(background.String(), func(t *testing.T) { commitCost(t, engine.Options{Background: background}, 2000, 2, commitBytes) })
	}
	// The first of the commits that share a sync looks at the names of both files.
	t.Run("synced", func(t *testing.T) {
		names := float64(2)
		if runtime.GOOS != "linux" {
			names = 10
		}
		commitCost(t, engine.Options{Safety: engine.SafetyFull}, 200, 2+names, 2*commitBytes)
	})
}

func commitCost(t *testing.T, o engine.Options, runs int, allocs float64, bytes uint64) {
	ctx := context.Background()
	db, err := engine.Open(ctx, t.TempDir()+"/a.lsm", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var key [16]byte
	value := make([]byte, 100)
	n := uint64(0)
	put := func() {
		n++
		binary.BigEndian.PutUint64(key[:], n*0x9E3779B97F4A7C15)
		tx, err := db.Begin(ctx)
		if err == nil {
			if err = tx.Put(key[:], value); err == nil {
				err = tx.Commit(ctx)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range runs / 2 {
		put()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if got := testing.AllocsPerRun(runs, put); got > allocs {
		t.Errorf("%v allocations, want at most %v", got, allocs)
	}
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / uint64(runs+1); got > bytes {
		t.Errorf("%d bytes, want at most %d", got, bytes)
	}
}
