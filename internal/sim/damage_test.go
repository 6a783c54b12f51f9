// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// TestDamage damages data pages, meta pages and logs of databases that were closed or killed, by accident and on
// purpose. What opens and is read without an error is right, as far as there are sums, what is refused stays as it is,
// and what can be read of the rest is right. Of the cases of the goal a million damage data pages.
func TestDamage(t *testing.T) {
	campaign.Run(t, campaign.Campaign{
		Name: "damage", Cases: "damaged databases", Goal: 1_200_000, Brief: 19,
		CPU: 6 * time.Second, Patience: 20 * time.Minute, Flags: keyFlag(),
		Unit: func(unit uint64, tally *campaign.Tally) error {
			stats, err := sim.Damage(unit, key())
			tally.Add(stats.Damages)
			tally.Count("result: wrong rows, because a sum fits by chance", stats.Wrong)
			for kind, n := range stats.Kinds {
				tally.Count(kind, n)
			}
			for result, n := range stats.Results {
				tally.Count("result: "+result, n)
			}
			return err
		},
	})
}
