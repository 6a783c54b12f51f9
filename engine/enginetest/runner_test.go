// SPDX-License-Identifier: Apache-2.0

package enginetest_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

var (
	seed  = flag.Uint64("seed", 0, "run random tests with this seed only")
	cases = flag.Int("cases", 60, "number of seeds that random tests run with")
	key   = flag.Bool("key", false, "run the random tests with encrypted databases only")
)

// seeds calls f with each seed that is due.
func seeds(t *testing.T, f func(seed uint64) error, trace func() []string) {
	t.Helper()
	from, to := uint64(1), uint64(*cases)
	if *seed != 0 {
		from, to = *seed, *seed
	}
	for s := from; s <= to; s++ {
		watch := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("%s hangs: -seed=%d", t.Name(), s)) })
		err := f(s)
		watch.Stop()
		if err != nil {
			t.Fatalf("seed %d: %v\nreproduce: go test ./engine/enginetest -run '^%s$' -seed=%d\nlast operations:\n%s",
				s, err, t.Name(), s, strings.Join(trace(), "\n"))
		}
	}
}

// TestRandomModel runs the random operations on the model itself: if it fails, the
// comparison is wrong.
func TestRandomModel(t *testing.T) {
	var r *enginetest.Runner
	seeds(t, func(seed uint64) error {
		rng := rand.New(rand.NewPCG(seed, 0))
		m := storetest.NewModel(nil)
		r = enginetest.NewRunner(rng, enginetest.NewGen(rng, 1024, 64<<10), enginetest.NewHistory(enginetest.Map{}),
			func() (enginetest.Store, error) { m.Open(); return storetest.BothWays(m), nil })
		if err := r.Run(2000); err != nil {
			return err
		}
		return r.Reopen()
	}, func() []string { return r.Trace() })
}

// TestRandomEngine runs random operations on databases of all kinds.
func TestRandomEngine(t *testing.T) {
	randomEngine(t, 1, *key)
}

// TestRandomEncrypted does the same with a key, with some of the seeds.
func TestRandomEncrypted(t *testing.T) {
	randomEngine(t, 7, true)
}

// only reports whether the flag names one seed.
func only() bool { return *seed != 0 }

// randomEngine runs one seed of so many.
func randomEngine(t *testing.T, of uint64, encrypted bool) {
	var r *enginetest.Runner
	seeds(t, func(seed uint64) error {
		rng := rand.New(rand.NewPCG(seed, 0))
		if seed%of != 0 && !only() {
			return nil
		}
		o := enginetest.RandomOptions(rng)
		o.FS = memfs.New()
		if encrypted {
			o.Key = secret
		}
		o.NoLog = rng.IntN(10) == 0
		gen := enginetest.NewGen(rng, o.PageSize, o.BlockSize)
		if seed%5 == 0 { // what such a seed does depends on timing, too
			o.Background = engine.Background(rng.IntN(4))
		}
		if seed%4 == 0 { // many blocks
			o.PageSize, o.BlockSize = min(o.PageSize, 8192), 64<<10
			o.AutoMerge, o.MaxFreelist = 2+rng.IntN(2), 2
			gen.Page, gen.Keys = 8192, 600
		}
		open := func() (enginetest.Store, error) {
			r.Safeties = []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull}
			if o.NoLog { // which cannot do what SafetyFull promises
				o.Safety, r.Safeties = min(o.Safety, engine.SafetyNormal), r.Safeties[:2]
			}
			db, err := engine.Open(context.Background(), "/db", o)
			if err != nil {
				return nil, err
			}
			return enginetest.Engine(db), nil
		}
		r = enginetest.NewRunner(rng, gen, enginetest.NewHistory(enginetest.Map{}), open)
		r.TxSteps = 2 + rng.IntN(40)
		for range 4 {
			if err := r.Run(400 + rng.IntN(400)); err != nil {
				return err
			}
			if r.Store == nil {
				continue
			}
			if err := r.Reopen(); err != nil {
				return err
			}
			again := enginetest.RandomOptions(rng)
			again.Key = o.Key
			again.FS, again.PageSize, again.BlockSize, again.Background = o.FS, o.PageSize, o.BlockSize, o.Background
			again.Compression = o.Compression
			o = again
		}
		return r.Close()
	}, func() []string { return r.Trace() })
}
