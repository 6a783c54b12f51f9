// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"flag"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/simulator"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/internal/campaign"
)

var only = flag.String("simulator.only", "", "with -campaign.unit: do these operations of the program only, such as 3,8-12")

var allMarks = flag.Bool("simulator.marks", false, "fail if the first programs of a run never meet one of the engine's rare states")

var looks = flag.Int("simulator.looks", 0, "how many steps there are between two looks at what a crash would leave; 0: as the seed says")

var shrinkFor = flag.Duration("simulator.shrink", simulator.ShrinkTime, "how long a program that fails is made shorter at most")

func needsTag(t *testing.T) {
	t.Helper()
	if !sched.Enabled {
		t.Skip("goroutines can be directed under the build tag invariants only: go test -tags invariants ./engine/internal/simulator")
	}
}

// seedsEach is how many programs a unit runs.
const seedsEach = 1

// outlives is a state of a program, not of the engine.
const outlives = "read in another process after a kill"

// TestSimulator runs programs of several goroutines whose order is chosen.
func TestSimulator(t *testing.T) {
	needsTag(t)
	units, marks := brief, []string(nil)
	if *allMarks {
		units = enough
		for _, m := range mark.All() {
			if !elsewhere[m] {
				marks = append(marks, m.String())
			}
		}
		marks = append(marks, outlives)
	}
	campaign.Run(t, campaign.Campaign{
		Name: "simulator", Cases: "programs", Goal: 100_000, Brief: units, CPU: 3 * time.Second,
		Marks: marks, Patience: 5 * time.Minute,
		Unit: func(unit uint64, tally *campaign.Tally) error {
			for i := range uint64(seedsEach) {
				if err := program(t, unit*seedsEach+i, tally); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// program runs one program, and shrinks it if it fails.
func program(t *testing.T, seed uint64, tally *campaign.Tally) error {
	p := simulator.Program{Seed: seed, Looks: *looks}
	if *only != "" {
		var err error
		if p, err = simulator.Only(seed, *only); err != nil {
			return err
		}
		p.Looks = *looks
	}
	before := make(map[mark.Mark]int64)
	for _, m := range mark.All() {
		before[m] = mark.Hits(m)
	}
	r, err := simulator.Run(t, p)
	tally.Add(1)
	tally.Count("steps", r.Steps)
	tally.Count("operations", r.Ops)
	tally.Count("commits", r.Commits)
	tally.Count("pages evicted after a failed sync", r.Evicted)
	tally.Count("looks at what a crash would leave", r.Looks)
	tally.Count("operations in other processes after a kill", r.Outlive)
	if r.Outlive > 0 {
		tally.Mark(outlives)
	}
	for _, m := range mark.All() {
		if mark.Hits(m) > before[m] {
			tally.Mark(m.String())
		}
	}
	if err == nil || *only != "" {
		return err
	}
	p, err = simulator.Shrink(t, p, err, *shrinkFor)
	return fmt.Errorf("%w\nrepeat what is left of it: %s", err, command(seed, p))
}

// command repeats a program.
func command(seed uint64, p simulator.Program) string {
	return fmt.Sprintf("go test -tags invariants ./engine/internal/simulator -run '^TestSimulator$' -campaign.unit=%d -simulator.only=%s -simulator.looks=%d",
		seed/seedsEach, p.Kept(), p.Looks)
}

// TestSameSeedSameSteps runs programs twice, on one processor and on two, and wants the same steps and results.
func TestSameSeedSameSteps(t *testing.T) {
	needsTag(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for seed := range uint64(10) {
		var sums [2]simulator.Result
		for i := range sums {
			runtime.GOMAXPROCS(1 + i)
			r, err := simulator.Run(t, simulator.Program{Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			sums[i] = r
		}
		if a, b := sums[0], sums[1]; a.Sum != b.Sum || a.Steps != b.Steps {
			t.Errorf("seed %d: %d steps with the sum %x, and %d with %x", seed, a.Steps, a.Sum, b.Steps, b.Sum)
			for i := range min(len(a.Trace), len(b.Trace)) {
				if a.Trace[i] != b.Trace[i] {
					t.Errorf("they differ after %q: %q, %q", a.Trace[max(i-1, 0)], a.Trace[i], b.Trace[i])
					break
				}
			}
		}
	}
}

// TestFindsALostSync runs programs on files whose log is never synced, until one is found that shows it; that is
// shrunk to a few operations, and what its command says fails in the same way.
func TestFindsALostSync(t *testing.T) {
	needsTag(t)
	lies := func(f vfs.FS) vfs.FS { return &liar{f} }
	for seed := range uint64(200) {
		p := simulator.Program{Seed: seed, Wrap: lies}
		_, err := simulator.Run(t, p)
		if err == nil {
			continue
		}
		operations := regexp.MustCompile(`^\d`)
		count := func(p simulator.Program) int {
			n := 0
			for _, part := range strings.Split(p.Kept(), ",") {
				if operations.MatchString(part) {
					var from, to int
					if m, _ := fmt.Sscanf(part, "%d-%d", &from, &to); m < 2 {
						to = from
					}
					n += to - from + 1
				}
			}
			return n
		}
		short, err := simulator.Shrink(t, p, err, 0)
		t.Logf("seed %d fails with %d of %d operations: %v\n%s", seed, count(short), count(p), err, command(seed, short))
		if n := count(short); n > 4 || n >= count(p) {
			t.Errorf("%d operations are left, of %d", n, count(p))
		}
		again, err2 := simulator.Only(seed, short.Kept())
		if err2 != nil {
			t.Fatal(err2)
		}
		again.Wrap, again.Looks = lies, short.Looks
		if _, err2 = simulator.Run(t, again); err2 == nil || err2.Error() != err.Error() {
			t.Errorf("what is left fails otherwise when it is repeated: %v", err2)
		}
		again.Wrap = nil
		if _, err := simulator.Run(t, again); err != nil {
			t.Errorf("it fails with syncs, too: %v", err)
		}
		return
	}
	t.Error("no program has noticed that the log is never synced")
}
