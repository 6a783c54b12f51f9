// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// TestB19MergeFreesBlocksItNeeds lets C compact a file until it moves blocks, lets the
// engine write on top, and lets C merge the result in small steps. C damages a segment
// with moved blocks when it merges it half way by its b-tree, so the engine must not
// leave one below levels that do not link to it.
func TestB19MergeFreesBlocksItNeeds(t *testing.T) {
	if _, ok := oracle.Binary(); !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { movedUnderOurs(t, seed) })
	}
}

func movedUnderOurs(t *testing.T, seed uint64) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "m.db")
	model := make(oracle.Model)
	spec := oracle.Spec{Seed: seed, Count: 500, Keys: 400, KeyMin: 10, KeyMax: 40, ValMin: 300, ValMax: 500, PctDel: 5}
	settings := []oracle.Setting{
		oracle.PageSize(1024), oracle.BlockSizeKB(64), oracle.AutoFlushKB(16),
		oracle.AutoMerge(2), oracle.AutoCheckpointKB(16),
	}

	c := start(t)
	c.Timeout = hurry
	must(t, c.Open(path, settings...))
	writeC := func() {
		must(t, c.Random(spec))
		for op := range spec.Ops() {
			model.Apply(op)
		}
		spec.Seed += 1000
	}
	writeC()
	must(t, c.Flush())
	for range 6 {
		_, err := c.Work(1, -1)
		must(t, err)
		must(t, c.Checkpoint())
	}
	must(t, c.Close())

	db, err := engine.Open(ctx, path, engine.Options{})
	must(t, err)
	spec.Count = 60
	for op := range spec.Ops() {
		must(t, db.Update(ctx, func(tx *engine.Tx) error { return apply(tx, op) }))
		model.Apply(op)
	}
	spec.Seed += 1000
	must(t, db.Close())

	c = start(t)
	c.Timeout = hurry
	must(t, c.Open(path, append(settings, oracle.AutoWork(false))...))
	spec.Count = 10
	for i := range 60 {
		writeC() // and let what was freed be used again
		_, err := c.Work(1, 4)
		must(t, err)
		must(t, c.Checkpoint())
		rows, err := cRows(c)
		must(t, err)
		if d := oracle.Diff(rows, model.Rows()); d != "" {
			info, _ := c.Info()
			t.Fatalf("round %d: C scans %s\nlevels %s\nfree %s", i, d, info["structure"], info["freelist"])
		}
	}
	must(t, c.Close())
}
