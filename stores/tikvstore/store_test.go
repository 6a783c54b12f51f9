// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"errors"
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

var seed = flag.Uint64("seed", 0, "run random tests with this seed only")

const numSeeds = 2

func TestStore(t *testing.T) {
	for _, writers := range []string{"one", "many"} {
		t.Run(writers, func(t *testing.T) { storetest.Test(t, opener(writers)) })
	}
}

func TestRandom(t *testing.T) {
	from, to := uint64(1), uint64(numSeeds)
	if *seed != 0 {
		from, to = *seed, *seed
	}
	for s := from; s <= to; s++ {
		for _, writers := range []string{"one", "many"} {
			rng := rand.New(rand.NewPCG(s, 1))
			st, err := opener(writers)(t)()
			if err != nil {
				t.Fatal(err)
			}
			err = storetest.Random(st, rng, enginetest.NewGen(rng, 256, 4<<10), 1500)
			if err := errors.Join(err, st.Close()); err != nil {
				t.Fatalf("writers=%s: %v\nreproduce: go test -run TestRandom -seed=%d", writers, err, s)
			}
		}
	}
}
