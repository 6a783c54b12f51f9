// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// TestCrashInBackground is the part of TestPowerLoss in which goroutines take part, for the race detector.
func TestCrashInBackground(t *testing.T) {
	for unit := range uint64(33) {
		if !sim.Concurrent(unit) {
			continue
		}
		if _, err := sim.PowerLoss(unit, key()); err != nil {
			t.Errorf("unit %d: %v", unit, err)
		}
	}
}

// TestPowerLoss runs schedules on file systems in memory and, before operations that change a file, loses the
// power or kills the process: all safety levels, encrypted or not, all codecs, with and without a log and goroutines,
// with copies and other handles, commits in groups, and after syncs that failed as in a kernel.
func TestPowerLoss(t *testing.T) {
	campaign.Run(t, campaign.Campaign{
		Name: "power-loss", Cases: "losses of power", Goal: 1_000_000, Brief: 33, CPU: 20 * time.Second, Patience: 20 * time.Minute, Flags: keyFlag(),
		Marks: []string{
			"tree that waits", "free blocks", "no checkpoint of its own", "log has wrapped", "log has jumped over",
			"five blocks or more", "five segments or more", "free-list level", "half-done merge", "half-done merge above",
			"commit of a group fails", "failed: sync of the database", "failed: sync of the log, opening or closing",
			"evicted after a failed sync",
		},
		Unit: func(unit uint64, tally *campaign.Tally) error {
			stats, err := sim.PowerLoss(unit, key())
			tally.Add(stats.Cases)
			tally.Count("files that differ", stats.Distinct)
			tally.Count("moments", stats.Moments)
			tally.Count("refused at safety off", stats.Refused)
			for kind, n := range stats.Kinds {
				tally.Count(kind, n)
			}
			for state, n := range stats.Rare {
				tally.MarkTimes(state, n)
			}
			return err
		},
	})
}
