// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestOptimizeCrash loses power before every operation on the files that Optimize makes: all
// rows are there afterwards.
func TestOptimizeCrash(t *testing.T) {
	const n = 2500
	mem := memfs.New()
	ffs := faultfs.Wrap(mem)
	db := scattered(t, engine.Options{FS: ffs, Safety: engine.SafetyFull, PageSize: 1024}, n)
	moments := 0
	truncates := 0
	var found []*memfs.FS
	ffs.OnOp(func(op faultfs.Op) {
		if op.Kind&(faultfs.Write|faultfs.Sync|faultfs.Truncate) == 0 {
			return
		}
		if moments++; op.Kind == faultfs.Truncate {
			truncates++
		}
		for mode := memfs.CrashKeepAll; mode <= memfs.CrashRandom; mode++ {
			found = append(found, mem.Crash(rand.New(rand.NewPCG(uint64(op.N), uint64(mode))), mode))
		}
	})
	if err := db.Optimize(context.Background()); err != nil {
		t.Fatal(err)
	}
	ffs.OnOp(nil)
	found = append(found, mem.Crash(rand.New(rand.NewPCG(1, 1)), memfs.CrashLoseAll))
	if moments < 12 || truncates != 1 {
		t.Errorf("%d moments, %d of them before the file is cut", moments, truncates)
	}
	for _, fs := range found {
		expectAll(t, fs, n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// expectAll opens a database and wants all rows of scattered in it, and nothing wrong.
func expectAll(t *testing.T, fs vfs.FS, n int) {
	t.Helper()
	db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	expectMarked(t, s, n, 2)
	s.Close()
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestOptimizeFaults fails each operation of Optimize in turn. The cause is told, all rows are
// there, and unless it was a sync or the checkpoint, Optimize can be called again.
func TestOptimizeFaults(t *testing.T) {
	t.Parallel()
	const n = 800
	broken := errors.New("broken disk")
	for nth, met := 1, true; met; nth++ {
		mem := memfs.New()
		ffs := faultfs.Wrap(mem)
		db := scattered(t, engine.Options{FS: ffs, Safety: engine.SafetyFull, PageSize: 1024}, n)
		fault := ffs.Add(faultfs.Rule{On: faultfs.Write | faultfs.Sync | faultfs.Truncate | faultfs.Read, Nth: nth, Err: broken})
		err := db.Optimize(context.Background())
		met = fault.Hits() > 0
		if fault.First().Kind == faultfs.Truncate && err == nil {
			continue // a checkpoint on the way cuts off what it can, and Optimize cuts the file in the end
		}
		if met != (err != nil) || met && !errors.Is(err, broken) {
			t.Fatalf("fault %d at %v: %v", nth, fault.First(), err)
		}
		ffs.Clear()
		if db.Poisoned() == nil {
			if err := db.Optimize(context.Background()); err != nil {
				t.Fatalf("after fault %d: %v", nth, err)
			}
			expectSound(t, db)
		}
		s, err := db.Snapshot(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		expectMarked(t, s, n, 2)
		s.Close()
		if err := db.Close(); (err == nil) != (db.Poisoned() == nil) {
			t.Fatalf("fault %d: close: %v", nth, err)
		}
		expectAll(t, mem, n)
		if !met && nth < 15 {
			t.Errorf("only %d operations could fail", nth-1)
		}
	}
}
