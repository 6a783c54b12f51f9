// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// TestFaultPhases fails every call of the file system that a database makes in each phase of its life, one after
// another, in many ways: a unit is one phase of one database, and all of its calls in one way.
func TestFaultPhases(t *testing.T) {
	phases, ways := uint64(len(sim.Phases)), uint64(len(sim.FaultWays))
	folder := memoryFolder(t)
	var marks []string
	for _, kind := range []string{"create", "open", "read", "write", "sync", "syncdir", "rename", "lock", "stat", "close", "name"} {
		marks = append(marks, "failed "+kind)
	}
	for _, p := range sim.Phases {
		marks = append(marks, "in "+p.Name)
	}
	for _, w := range sim.FaultWays {
		marks = append(marks, "way: "+w.Name)
	}
	campaign.Run(t, campaign.Campaign{
		Name: "faults", Cases: "calls that failed", Goal: 50_000, Brief: 2 * int(phases), CPU: 3 * time.Second, Marks: marks,
		Unit: func(unit uint64, tally *campaign.Tally) error {
			phase, round := &sim.Phases[unit%phases], unit/phases
			way := &sim.FaultWays[(unit+round)%ways]
			trial := sim.NewTrial(round*13+unit%phases, sim.TrialNeeds{Encrypted: phase.Encrypted})
			dir := ""
			if round%2 == 1 {
				dir = folder
			}
			result, err := sim.FaultPhase(context.Background(), trial, phase, way, dir)
			for kind, n := range result.Failed {
				tally.Add(n)
				tally.Count(phase.Name+": calls, all of which failed", n)
				tally.MarkTimes("failed "+string(kind), n)
			}
			tally.MarkTimes("in "+phase.Name, sum(result.Failed))
			tally.MarkTimes("way: "+way.Name, sum(result.Failed))
			tally.Count("runs without an error", result.Silent)
			tally.Count("runs that ended with a handle that accepts nothing more", result.Poison)
			tally.Count("databases opened and compared", result.Looks)
			if err != nil {
				return fmt.Errorf("%s of %v, from %s, failing %s: %w", phase.Name, trial, phase.Found, way.Name, err)
			}
			return nil
		},
	})
}

func sum(counts map[sim.CallKind]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
