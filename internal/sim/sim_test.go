// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

var (
	seed  = flag.Uint64("seed", 0, "run simulations with this seed only")
	cases = flag.Float64("sim.cases", 1, "how many times as many seeds as by default are run")
)

func TestMain(m *testing.M) {
	if os.Getenv(childOrder) != "" {
		if err := obey(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0) // nothing is closed
	}
	// The tests make many short-lived databases: with more memory the collector has less to do.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(512 << 20)
	goleak.VerifyTestMain(m)
}

var safeties = []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull}

// numCases returns how many seeds are run where n are by default.
func numCases(n int) int {
	if *seed != 0 {
		return 1
	}
	return int(float64(n) * *cases)
}

// total runs numSeeds seeds and adds up what they report. If all went well the sum is judged.
func total[S any, P interface {
	*S
	Add(S)
}](t *testing.T, progress *longtest.Progress, numSeeds int, run func(seed uint64) (S, error), judge func(sum S)) {
	t.Helper()
	var mu sync.Mutex
	var sum S
	t.Cleanup(func() {
		t.Logf("%+v", sum)
		if !t.Failed() {
			judge(sum)
		}
	})
	seeds(t, numSeeds, func(seed uint64) error {
		stats, err := run(seed)
		progress.Step()
		mu.Lock()
		defer mu.Unlock()
		P(&sum).Add(stats)
		return err
	})
}

// seeds runs f with numSeeds seeds, or with the one of the flag, as parallel subtests.
func seeds(t *testing.T, numSeeds int, f func(seed uint64) error) {
	t.Helper()
	from, to := uint64(1), uint64(numCases(numSeeds))
	if *seed != 0 {
		from, to = *seed, *seed
	}
	name := t.Name()
	var next sync.Mutex
	for worker := range 2 {
		t.Run(fmt.Sprint("half=", worker), func(t *testing.T) {
			t.Parallel()
			for {
				next.Lock()
				s := from
				from++
				next.Unlock()
				if s > to || t.Failed() {
					return
				}
				reproduce := fmt.Sprintf("go test ./internal/sim -run '^%s$' -seed=%d", name, s)
				watch := time.AfterFunc(2*time.Minute, func() { panic("hangs; reproduce: " + reproduce) })
				err := f(s)
				watch.Stop()
				if err != nil {
					t.Errorf("seed %d: %v\nreproduce: %s", s, err, reproduce)
				}
			}
		})
	}
}
