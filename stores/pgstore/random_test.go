// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

var seed = flag.Uint64("seed", 0, "run random tests with this seed only")

// Random operations show the rows of the model in memory, with each way in which statements are sent.
func TestRandom(t *testing.T) {
	shared.start(t)
	from, to := uint64(1), uint64(3)
	if *seed != 0 {
		from, to = *seed, *seed
	}
	for mode, values := range map[string]map[string]string{
		"prepared":     {},
		"exec":         {"default_query_exec_mode": "exec"},
		"simple":       {"default_query_exec_mode": "simple_protocol"},
		"serializable": {"writers": "many", "isolation": "serializable"},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			values["pool_max_conns"] = "20"
			for seed := from; seed <= to; seed++ {
				s := openStore(t, shared.url(table(t), values), store.Settings{Create: true})
				rng := rand.New(rand.NewPCG(seed, 1))
				gen := enginetest.NewGen(rng, 256, 4<<10) // keys within the limit
				if err := storetest.Random(s, rng, gen, 800); err != nil {
					t.Fatalf("%v\nreproduce: go test -C stores/pgstore -run TestRandom/%s -seed=%d", err, mode, seed)
				}
			}
		})
	}
}
