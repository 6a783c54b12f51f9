// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/longtest"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// TestDamageIsRefusedOrHarmless damages meta pages, data and logs of databases that were
// closed or killed: what opens holds everything. Of a log it may be less, because a log whose
// end is gone is what a loss of power leaves. With -sim.cases=170 that are about 100,000 of each.
func TestDamageIsRefusedOrHarmless(t *testing.T) {
	progress := longtest.Start(t, time.Second, 5*numCases(12))
	for _, place := range []sim.DamagePlace{sim.DamageMeta, sim.DamageData, sim.DamageLog} {
		for _, killed := range []bool{false, true} {
			if place == sim.DamageLog && !killed {
				continue // a database that was closed has none
			}
			t.Run(fmt.Sprintf("%v/killed=%v", place, killed), func(t *testing.T) {
				total(t, progress, 12, func(seed uint64) (sim.DamageStats, error) {
					return sim.Damage(seed, place, killed, 50, key())
				}, func(sum sim.DamageStats) {
					if sum.Damages == 0 {
						t.Error("nothing was damaged")
					}
					// A page passes for sound once in 8192 times, and the log's checksum is weak.
					if sum.Wrong > 3+sum.Damages/1000 {
						t.Errorf("%d databases show rows that were never there", sum.Wrong)
					}
				})
			})
		}
	}
}
