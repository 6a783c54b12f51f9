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
	"github.com/lsmlite/lsmlite-go/internal/campaign"
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
	{"dropped", faultfs.Rule{Err: syscall.EIO, On: faultfs.Sync, Drop: 4096}, false}, // and then evicted
	{"full", faultfs.Rule{Err: syscall.ENOSPC, On: faultfs.Create | faultfs.Write, Part: 0.3, Forever: true}, true},
}

// TestFaultSchedules fails every operation of random schedules of all safety levels, in many ways; in every fourth
// round the databases are larger, and every 17th operation fails. Among the schedules are steps that the phases of
// TestFaultPhases lack, such as cursors and transactions that stay open.
func TestFaultSchedules(t *testing.T) {
	kinds, levels := uint64(len(faultKinds)), uint64(len(safeties))
	var marks []string
	for _, kind := range faultKinds {
		marks = append(marks, kind.name)
	}
	campaign.Run(t, campaign.Campaign{
		Name: "fault-schedules", Cases: "calls that failed", Goal: 100_000, Brief: 4 * int(kinds*levels), CPU: 5 * time.Second, Marks: marks,
		Unit: func(unit uint64, tally *campaign.Tally) error {
			kind, safety, round := faultKinds[unit%kinds], safeties[unit/kinds%levels], unit/kinds/levels
			if (kind.name == "sync" || kind.name == "dropped") && safety == engine.SafetyOff {
				return nil // nothing is synced
			}
			cfg := sim.FaultConfig{Seed: round + 1, Safety: safety, Rule: kind.rule, Recover: kind.recover, Key: key(), Steps: 120}
			cfg.Evict = kind.rule.Drop > 0
			if round%4 == 3 {
				cfg.Steps, cfg.Bulk, cfg.Stride = 400, true, 17
			}
			stats, err := sim.Fault(cfg)
			tally.Add(stats.Runs)
			tally.Count("at safety "+safety.String(), stats.Runs)
			tally.Count("errors returned", stats.Errors)
			tally.Count("handles that accepted nothing more", stats.Poisoned)
			tally.Count("databases opened and compared", stats.Cases)
			tally.Count("pages evicted after a failed sync", stats.Evicted)
			tally.Count("operations that failed because of that", stats.Refused)
			tally.MarkTimes(kind.name, stats.Runs)
			return err
		},
	})
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
