package sim_test

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

var (
	seed  = flag.Uint64("seed", 0, "run simulations with this seed only")
	cases = flag.Float64("sim.cases", 1, "how many times as many seeds as by default are run")
)

var safeties = []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull}

// seeds runs f with numSeeds seeds, or with the one asked for, as parallel subtests.
func seeds(t *testing.T, numSeeds int, f func(t *testing.T, seed uint64) error) {
	t.Helper()
	from, to := uint64(1), uint64(float64(numSeeds)**cases)
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
				err := f(t, s)
				watch.Stop()
				if err != nil {
					t.Errorf("seed %d: %v\nreproduce: %s", s, err, reproduce)
				}
			}
		})
	}
}
