// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// crash runs numSeeds schedules, and wants each of the rare conditions to have been met.
func crash(t *testing.T, progress *longtest.Progress, numSeeds int, cfg sim.CrashConfig, rare ...string) {
	t.Helper()
	total(t, progress, numSeeds, func(seed uint64) (sim.CrashStats, error) {
		own := cfg
		own.Seed = seed
		if own.Key == nil {
			own.Key = key()
		}
		return sim.Crash(own)
	}, func(sum sim.CrashStats) {
		for _, what := range rare {
			if sum.Rare[what] == 0 && *seed == 0 {
				t.Errorf("no schedule has met this: %s", what)
			}
		}
	})
}

// TestCrash crashes schedules of all safety levels before every operation that changes a
// file.
func TestCrash(t *testing.T) {
	progress := longtest.Start(t, 8*time.Second, len(safeties)*numCases(16))
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, progress, 16, sim.CrashConfig{Safety: safety, Steps: 250, Fates: 2},
				"tree that waits", "free blocks", "no checkpoint of its own")
		})
	}
}

// TestCrashBulk does the same with databases that are large enough for blocks to be
// reused, for free lists that no checkpoint holds, and for logs that wrap.
func TestCrashBulk(t *testing.T) {
	progress := longtest.Start(t, 3*time.Second, len(safeties)*numCases(4))
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, progress, 4, sim.CrashConfig{Safety: safety, Warm: 500, Steps: 2000, Sparse: 12, Fates: 1, Bulk: true},
				"log has wrapped", "five blocks or more", "free blocks", "five segments or more", "half-done merge")
		})
	}
}

// TestCrashLogJump crashes databases whose log runs into its own other end.
func TestCrashLogJump(t *testing.T) {
	progress := longtest.Start(t, 3*time.Second, len(safeties)*numCases(4))
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, progress, 4, sim.CrashConfig{Safety: safety, Steps: 100, Fates: 1, Bulk: true, Jump: true},
				"log has wrapped", "log has jumped over")
		})
	}
}

// TestCrashFreeList crashes databases that write a part of their free list to a level of
// its own.
func TestCrashFreeList(t *testing.T) {
	progress := longtest.Start(t, 6*time.Second, len(safeties)*numCases(2))
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, progress, 2, sim.CrashConfig{Safety: safety, Steps: 40, Fates: 1, Bulk: true, Lists: true}, "free-list level")
		})
	}
}

// TestCrashHalfDone crashes databases while they are closed and opened in the middle of merges above
// other levels.
func TestCrashHalfDone(t *testing.T) {
	progress := longtest.Start(t, 6*time.Second, len(safeties)*numCases(2))
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, progress, 2, sim.CrashConfig{Safety: safety, Steps: 40, Fates: 1, Bulk: true, Halves: true}, "half-done merge above")
		})
	}
}

// TestCrashWithoutLog does the same with databases that keep no log: a crash of any kind
// leaves a state that was committed, at least as new as the last checkpoint.
func TestCrashWithoutLog(t *testing.T) {
	progress := longtest.Start(t, time.Second, numCases(12))
	crash(t, progress, 12, sim.CrashConfig{Safety: engine.SafetyNormal, Steps: 250, Fates: 2, NoLog: true})
}

// TestCrashInBackground does the same with databases that flush, merge and checkpoint in
// goroutines. A seed does not do the same each time.
func TestCrashInBackground(t *testing.T) {
	progress := longtest.Start(t, 2*time.Second, len(safeties)*numCases(5))
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, progress, 5, sim.CrashConfig{Safety: safety, Warm: 100, Steps: 100, Fates: 1, Bulk: true, Background: engine.BackgroundBoth})
		})
	}
}
