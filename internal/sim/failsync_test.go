package sim_test

import (
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// TestFailedSyncLosesNothing fails one sync of each of many random databases in the way of a
// kernel, opens them again, and loses the power. With -sim.cases=15 that are about 10,000.
func TestFailedSyncLosesNothing(t *testing.T) {
	var mu sync.Mutex
	var total sim.FailSyncStats
	t.Cleanup(func() {
		t.Logf("%+v", total)
		if total.Syncs == 0 && *seed == 0 && !t.Failed() {
			t.Error("no sync has failed")
		}
	})
	seeds(t, 700, func(t *testing.T, seed uint64) error {
		stats, err := sim.FailSync(seed)
		mu.Lock()
		defer mu.Unlock()
		total.Add(stats)
		return err
	})
}
