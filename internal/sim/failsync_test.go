// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/longtest"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// TestFailedSyncLosesNothing fails one sync of each of many random databases in the way of a
// kernel, opens them again, and loses the power. With -sim.cases=15 that are about 10,000.
func TestFailedSyncLosesNothing(t *testing.T) {
	progress := longtest.Start(t, 2*time.Second, numCases(700))
	total(t, progress, 700, failSync, func(sum sim.FailSyncStats) {
		if sum.Syncs == 0 && *seed == 0 {
			t.Error("no sync has failed")
		}
	})
}
