package sim_test

import (
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// crash runs numSeeds schedules, and wants each of the rare conditions to have been met.
func crash(t *testing.T, numSeeds int, cfg sim.CrashConfig, rare ...string) {
	t.Helper()
	var mu sync.Mutex
	var total sim.CrashStats
	t.Cleanup(func() {
		t.Logf("%+v", total)
		for _, what := range rare {
			if total.Rare[what] == 0 && *seed == 0 && !t.Failed() {
				t.Errorf("no schedule has met this: %s", what)
			}
		}
	})
	seeds(t, numSeeds, func(t *testing.T, seed uint64) error {
		own := cfg
		own.Seed = seed
		stats, err := sim.Crash(own)
		mu.Lock()
		defer mu.Unlock()
		total.Add(stats)
		return err
	})
}

// TestCrash crashes schedules of all safety levels before every operation that changes a
// file.
func TestCrash(t *testing.T) {
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, 16, sim.CrashConfig{Safety: safety, Steps: 250, Fates: 2},
				"tree that waits", "free blocks", "no checkpoint of its own")
		})
	}
}

// TestCrashBulk does the same with databases that are large enough for blocks to be
// reused, for free lists that no checkpoint holds, and for logs that wrap.
func TestCrashBulk(t *testing.T) {
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, 4, sim.CrashConfig{Safety: safety, Warm: 500, Steps: 2000, Sparse: 12, Fates: 1, Bulk: true},
				"log has wrapped", "five blocks or more", "free blocks", "five segments or more")
		})
	}
}

// TestCrashLogJump crashes databases whose log runs into its own other end.
func TestCrashLogJump(t *testing.T) {
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, 4, sim.CrashConfig{Safety: safety, Steps: 100, Fates: 1, Bulk: true, Jump: true},
				"log has wrapped", "log has jumped over")
		})
	}
}

// TestCrashFreeList crashes databases that write a part of their free list to a level of
// its own.
func TestCrashFreeList(t *testing.T) {
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, 2, sim.CrashConfig{Safety: safety, Steps: 40, Fates: 1, Bulk: true, Lists: true}, "free-list level")
		})
	}
}

// TestCrashWithoutLog does the same with databases that keep no log: a crash of any kind
// leaves a state that was committed, at least as new as the last checkpoint.
func TestCrashWithoutLog(t *testing.T) {
	crash(t, 12, sim.CrashConfig{Safety: engine.SafetyNormal, Steps: 250, Fates: 2, NoLog: true})
}

// TestCrashInBackground does the same with databases that flush, merge and checkpoint in
// goroutines. A seed does not do the same each time.
func TestCrashInBackground(t *testing.T) {
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			crash(t, 5, sim.CrashConfig{Safety: safety, Warm: 100, Steps: 100, Fates: 1, Bulk: true, Background: engine.BackgroundBoth})
		})
	}
}
