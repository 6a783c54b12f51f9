package sim_test

import (
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// TestCrash crashes schedules of all safety levels before every operation that changes a
// file.
func TestCrash(t *testing.T) {
	for _, safety := range safeties {
		t.Run(safety.String(), func(t *testing.T) {
			var mu sync.Mutex
			var total sim.CrashStats
			t.Cleanup(func() { t.Logf("%+v", total) })
			seeds(t, 16, func(t *testing.T, seed uint64) error {
				stats, err := sim.Crash(sim.CrashConfig{Seed: seed, Safety: safety, Steps: 250, Fates: 2})
				mu.Lock()
				defer mu.Unlock()
				total.Add(stats)
				return err
			})
		})
	}
}

// TestCrashWithoutLog does the same with databases that keep no log: a crash of any kind
// leaves a state that was committed, at least as new as the last checkpoint.
func TestCrashWithoutLog(t *testing.T) {
	seeds(t, 12, func(t *testing.T, seed uint64) error {
		_, err := sim.Crash(sim.CrashConfig{Seed: seed, Safety: engine.SafetyNormal, Steps: 250, Fates: 2, NoLog: true})
		return err
	})
}
