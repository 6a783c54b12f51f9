// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// faultKinds are the ways in which operations fail.
var faultKinds = []struct {
	name    string
	rule    faultfs.Rule
	recover bool
}{
	{"once", faultfs.Rule{Err: syscall.EIO}, false},
	{"forever", faultfs.Rule{Err: syscall.EIO, Forever: true}, false},
	{"short", faultfs.Rule{Err: syscall.EIO, On: faultfs.Write, Part: 0.6}, false},
	{"late", faultfs.Rule{Err: syscall.EIO, On: faultfs.Write, Part: 1}, false}, // all is written, and it fails
	{"sync", faultfs.Rule{Err: syscall.EIO, On: faultfs.Sync | faultfs.SyncDir}, false},
	{"full", faultfs.Rule{Err: syscall.ENOSPC, On: faultfs.Create | faultfs.Write, Part: 0.3, Forever: true}, true},
}

// faults runs numSeeds schedules at each safety level with each kind of fault.
func faults(t *testing.T, cpu time.Duration, numSeeds int, cfg sim.FaultConfig) {
	t.Helper()
	progress := longtest.Start(t, cpu, (len(faultKinds)*len(safeties)-1)*numCases(numSeeds))
	for _, kind := range faultKinds {
		for _, safety := range safeties {
			if kind.name == "sync" && safety == engine.SafetyOff {
				continue // nothing is synced
			}
			t.Run(kind.name+"/"+safety.String(), func(t *testing.T) {
				total(t, progress, numSeeds, func(seed uint64) (sim.FaultStats, error) {
					own := cfg
					own.Seed, own.Safety, own.Rule, own.Recover = seed, safety, kind.rule, kind.recover
					if own.Key == nil {
						own.Key = key()
					}
					return sim.Fault(own)
				}, func(sum sim.FaultStats) {
					if sum.Runs == 0 {
						t.Error("no run has met its fault")
					}
				})
			})
		}
	}
}

// TestFault fails every operation of schedules of all safety levels, in many ways.
func TestFault(t *testing.T) {
	faults(t, 3*time.Second, 4, sim.FaultConfig{Steps: 120})
}

// TestFaultBulk fails some of the operations of longer schedules on larger databases.
func TestFaultBulk(t *testing.T) {
	faults(t, 3*time.Second, 1, sim.FaultConfig{Steps: 400, Bulk: true, Stride: 9})
}

// TestCursorAfterError wants an error of a cursor to be forgotten once it is positioned
// again with success.
func TestCursorAfterError(t *testing.T) {
	ctx := context.Background()
	fs := faultfs.Wrap(memfs.New())
	db, err := engine.Open(ctx, "/db", engine.Options{FS: fs, PageSize: 256, BlockSize: 64 << 10, CacheSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(ctx, func(tx *engine.Tx) error {
		for i := range byte(100) {
			if err := tx.Put([]byte{i}, make([]byte, 100)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	err = db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		fs.Add(faultfs.Rule{On: faultfs.Read, Err: syscall.EIO})
		for ok := c.First(); ok; ok = c.Next() {
		}
		if c.Err() == nil || c.Valid() {
			t.Errorf("a scan over a page that cannot be read: valid %v, error %v", c.Valid(), c.Err())
		}
		for i := range byte(100) {
			if !c.Seek([]byte{i}, engine.SeekEQ) || c.Err() != nil {
				t.Fatalf("seek %d after the error: valid %v, error %v", i, c.Valid(), c.Err())
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
