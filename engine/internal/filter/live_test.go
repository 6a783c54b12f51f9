// SPDX-License-Identifier: Apache-2.0

package filter_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
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

// TestLiveWhileItIsAsked: readers that know of a key because it was published find it, while others are
// added: to a filter of many words, and to many of one word, which every addition writes.
func TestLiveWhileItIsAsked(t *testing.T) {
	for _, c := range []struct{ filters, keys int }{{1, 40_000}, {10_000, 4}} {
		const readers, pauses = 2, 20
		var l liveRun
		l.next(c.keys)
		var wg sync.WaitGroup
		for range readers {
			wg.Go(func() { l.read(t) })
		}
		for i := range c.filters {
			if i > 0 {
				l.next(c.keys)
			}
			for n := range c.keys {
				l.add(n)
				if (i*c.keys+n)%(c.filters*c.keys/pauses) == 0 {
					l.awaitChecks(t, 100)
				}
			}
		}
		l.done.Store(true)
		wg.Wait()
		if n := l.checks.Load(); n < 100*pauses {
			t.Errorf("%d filters: readers have asked %d times only", c.filters, n)
		}
		if f := l.current.Load().f; c.filters == 1 {
			wrong := 0
			for n := range c.keys {
				if !f.Absent(liveHash(c.keys + n)) {
					wrong++
				}
			}
			if wrong > c.keys/50 {
				t.Errorf("%d of %d keys that are not there are not ruled out", wrong, c.keys)
			}
		}
	}
}

// liveRun is one writer, and some readers, of filters.
type liveRun struct {
	current atomic.Pointer[published]
	checks  atomic.Int64
	done    atomic.Bool
}

// published is a filter that knows the first keys, so many as keys says.
type published struct {
	f    *filter.Live
	keys atomic.Int64
}

func liveHash(n int) uint64 { return filter.Hash(fmt.Append(nil, n)) }

// next starts a filter of 16 bits for each key.
func (l *liveRun) next(keys int) { l.current.Store(&published{f: filter.NewLive(2 * keys)}) }

func (l *liveRun) add(n int) {
	p := l.current.Load()
	p.f.Add(liveHash(n))
	p.keys.Store(int64(n) + 1)
}

// read asks for the newest key, and for one before it.
func (l *liveRun) read(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for !l.done.Load() && !t.Failed() {
		p := l.current.Load()
		n := int(p.keys.Load())
		if n == 0 {
			runtime.Gosched()
			continue
		}
		for _, key := range []int{n - 1, rng.IntN(n)} {
			if p.f.Absent(liveHash(key)) {
				t.Errorf("key %d of %d is absent", key, n)
			}
		}
		l.checks.Add(1)
	}
}

// awaitChecks waits until readers have asked so often once more: else the writer could be done before they
// have begun.
func (l *liveRun) awaitChecks(t *testing.T, more int64) {
	for want := l.checks.Load() + more; l.checks.Load() < want && !t.Failed(); {
		runtime.Gosched()
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
