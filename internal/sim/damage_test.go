package sim_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// TestDamageIsRefusedOrHarmless damages meta pages, data and logs of databases that were
// closed or killed: what opens holds everything. Of a log it may be less, because a log whose
// end is gone is what a loss of power leaves. With -sim.cases=170 that are about 100,000 of each.
func TestDamageIsRefusedOrHarmless(t *testing.T) {
	for _, place := range []sim.DamagePlace{sim.DamageMeta, sim.DamageData, sim.DamageLog} {
		for _, killed := range []bool{false, true} {
			if place == sim.DamageLog && !killed {
				continue // a database that was closed has none
			}
			t.Run(fmt.Sprintf("%v/killed=%v", place, killed), func(t *testing.T) {
				var mu sync.Mutex
				var total sim.DamageStats
				t.Cleanup(func() {
					t.Logf("%+v", total)
					if total.Damages == 0 && !t.Failed() {
						t.Error("nothing was damaged")
					}
					// A page passes for sound once in 8192 times, and the log's checksum is weak.
					if total.Wrong > 3+total.Damages/1000 {
						t.Errorf("%d databases show rows that were never there", total.Wrong)
					}
				})
				seeds(t, 12, func(t *testing.T, seed uint64) error {
					stats, err := sim.Damage(seed, place, killed, 50)
					mu.Lock()
					defer mu.Unlock()
					total.Add(stats)
					return err
				})
			})
		}
	}
}
