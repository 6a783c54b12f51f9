// SPDX-License-Identifier: Apache-2.0

package filter_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
)

// TestLiveRates: no key that was added is absent, at any moment, and of the others at most so many
// are not ruled out, whatever keys look like.
func TestLiveRates(t *testing.T) {
	const n = 20_000
	kinds := map[string]func(i uint64) []byte{
		"big-endian": func(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i) },
		"decimal":    func(i uint64) []byte { return fmt.Appendf(nil, "user:%d", i) },
		"padded":     func(i uint64) []byte { return fmt.Appendf(nil, "table/rows/%012d/name", i) },
		"multiples":  func(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i<<32) },
	}
	for what, key := range kinds {
		for bits, most := range map[int]float64{8: 0.06, 16: 0.015, 24: 0.006} {
			f := filter.NewLive(n * bits / 8)
			if f.Bytes() != n*bits/8 {
				t.Errorf("%d bytes instead of %d", f.Bytes(), n*bits/8)
			}
			for i := range uint64(n) {
				h := filter.Hash(key(2 * i))
				if f.Add(h); f.Absent(h) {
					t.Fatalf("%s: key %d is absent once it is added", what, i)
				}
			}
			wrong := 0
			for i := range uint64(n) {
				if f.Absent(filter.Hash(key(2 * i))) {
					t.Fatalf("%s: key %d is absent", what, i)
				}
				if !f.Absent(filter.Hash(key(2*i + 1))) {
					wrong++
				}
			}
			if rate := float64(wrong) / n; rate > most {
				t.Errorf("%s, %d bits: %.2f%% of the keys that are not there are not ruled out", what, bits, 100*rate)
			}
		}
	}
}

// TestLiveSetBitsOnlyCostTime: bits that are set although no key has set them make it rule out
// fewer keys, and never one that is there; not even when all are set.
func TestLiveSetBitsOnlyCostTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	f := filter.NewLive(1 << 10)
	hash := func(i int) uint64 { return filter.Hash(fmt.Append(nil, i)) }
	for i := range 300 {
		f.Add(hash(i))
	}
	absent := func() (n int) {
		for i := range 300 {
			if f.Absent(hash(i)) {
				t.Fatalf("key %d is absent", i)
			}
		}
		for i := 300; i < 3000; i++ {
			if f.Absent(hash(i)) {
				n++
			}
		}
		return n
	}
	before := absent()
	f.SetBits(rng.IntN, 500)
	if after := absent(); after >= before {
		t.Errorf("%d keys are ruled out, and %d before 500 bits were set", after, before)
	}
	f.SetBits(rng.IntN, 100_000)
	if n := absent(); n != 0 {
		t.Errorf("%d keys are ruled out with all bits set", n)
	}
}

// TestLiveWhileItIsAsked: a reader that knows of a key because it was published finds it, while
// others are added. A filter of one word is written by every addition.
func TestLiveWhileItIsAsked(t *testing.T) {
	for _, bytes := range []int{1, 8, 1 << 10} {
		f := filter.NewLive(bytes)
		var published atomic.Int64
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for n := int64(0); n < 5000; n = published.Load() {
					if n > 0 && f.Absent(filter.Hash(fmt.Append(nil, n))) {
						t.Errorf("key %d is absent", n)
						return
					}
				}
			})
		}
		for i := range int64(5000) {
			f.Add(filter.Hash(fmt.Append(nil, i+1)))
			published.Store(i + 1)
		}
		wg.Wait()
	}
}

// TestLiveCostsNoAllocation: neither adding nor asking allocates.
func TestLiveCostsNoAllocation(t *testing.T) {
	f := filter.NewLive(1 << 10)
	key := []byte("a key of some length")
	if n := testing.AllocsPerRun(100, func() { f.Add(filter.Hash(key)); f.Absent(filter.Hash(key)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
