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
const commitBytes = 720

// TestCommitCost: a commit of one row allocates a transaction and a state, in every background
// mode, and no more than a few hundred bytes.
func TestCommitCost(t *testing.T) {
	if engine.RaceDetector {
		t.Skip("the race detector allocates, too")
	}
	for _, background := range backgrounds {
		t.Run(background.String(), func(t *testing.T) { commitCost(t, background) })
	}
}

func commitCost(t *testing.T, background engine.Background) {
	ctx := context.Background()
	db, err := engine.Open(ctx, t.TempDir()+"/a.lsm", engine.Options{Background: background})
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
	for range 1000 {
		put()
	}
	const runs = 2000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	allocs := testing.AllocsPerRun(runs, put)
	runtime.ReadMemStats(&after)
	if allocs > 2 {
		t.Errorf("%v allocations, want 2", allocs)
	}
	if got := (after.TotalAlloc - before.TotalAlloc) / (runs + 1); got > commitBytes {
		t.Errorf("%d bytes, want at most %d", got, commitBytes)
	}
}
