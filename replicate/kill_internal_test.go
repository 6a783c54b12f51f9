// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"flag"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/internal/faults"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

var killCases = flag.Int("kills", 40, "how many times TestEndsBetweenAnyTwoSteps ends a replicator; 2000 take about half a minute")

// TestEndsBetweenAnyTwoSteps ends replicators as kill -9 ends a process: before a step chosen at random nothing more
// of it happens, except that requests which were under way may still arrive, also later, when the next replicator is
// at work. Requests fail in other ways, too. After each end, what is restored is a state that the database had, and
// all that was acknowledged is in it.
func TestEndsBetweenAnyTwoSteps(t *testing.T) {
	rng := seeded(t)
	ends, acknowledged := 0, 0
	for n := 0; n < *killCases; n += killsOfOne {
		e, a := killOne(t, rng)
		ends, acknowledged = ends+e, acknowledged+a
	}
	if acknowledged < *killCases/4 || ends < *killCases/2 {
		t.Errorf("%d acknowledged, %d ends: the test shows little", acknowledged, ends)
	}
}

// killsOfOne is how many times the replicator of one database is ended.
const killsOfOne = 40

func killOne(t *testing.T, rng *rand.Rand) (ends, acknowledged int) {
	f, inner := newFakeSource(), &target.Memory{}
	f.commit(randomTx(rng)...)
	var acked uint64
	for n := range killsOfOne {
		tg := faults.New(inner, 12, rand.New(rand.NewPCG(rng.Uint64(), 2)))
		o := quick()
		o.minLog = 3000
		o.Keep = time.Duration(rng.IntN(2)) * 50 * time.Millisecond
		var left atomic.Int64
		left.Store(rng.Int64N(25))
		o.steps = func(string) {
			if left.Add(-1) < 0 {
				tg.Kill()
			}
		}
		if rng.IntN(15) == 0 {
			f.forget(f.pos[len(f.pos)-1].Seq)
		}
		r, err := start(f, tg, o)
		ok(t, err)
		for range 40 {
			before := f.commit(randomTx(rng)...)
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Millisecond)
			if r.Sync(ctx) == nil {
				acked, acknowledged = before, acknowledged+1
			}
			cancel()
			if left.Load() < 0 {
				break
			}
		}
		tg.Kill()
		r.cancel()
		<-r.done
		if s := r.Status(); s.Err != nil && s.Err != ErrStopped {
			t.Fatalf("run %d: %v", n, s.Err)
		}
		if left.Load() < 0 {
			ends++
		}
		if rng.IntN(2) == 0 {
			tg.Late()
		} else {
			defer tg.Late()
		}
		if acked > 0 {
			if done := restored(t, inner, f, RestoreOptions{}); done.Seq < acked {
				t.Fatalf("run %d: restored %+v, and transaction %d was acknowledged", n, done, acked)
			}
		}
	}
	return ends, acknowledged
}
