// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// TestPlainSteps: a step over plain records ends on the record on which a step of the general kind
// ends, or does not move and reports it; both kinds may follow each other in any order.
func TestPlainSteps(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 9))
		x := newFixture(t, []int{512, 4096, 16384}[seed%3])
		records := randomRecords(rng, 800, []int{12, 300}[seed%2], []int{100, 500, 3000}[seed/3%3])
		seg, _ := x.write(records, 0)
		var it segment.Iter
		it.Init(seg)
		i, ok, plain, forward := 0, it.First(), 0, true
		for step := 0; step < 6000; step++ {
			expectAt(t, &it, ok, records, i, "walk")
			if step%40 == 0 {
				i = rng.IntN(len(records))
			}
			if turn := rng.IntN(5) == 0; turn || step%40 == 0 {
				// A search begins each direction, as cursors do it: else a block that is
				// walked through again and again looks like a circle.
				forward = forward != turn
				ok = it.SeekGE(records[i].kind&base.System, records[i].key)
				expectAt(t, &it, ok, records, i, "seek")
			}
			to, move, general := i+1, it.NextPlain, it.Next
			if !forward {
				to, move, general = i-1, it.PrevPlain, it.Prev
			}
			if to < 0 || to == len(records) {
				continue
			}
			if rng.IntN(4) == 0 || !move() {
				ok = general()
				i = to
				continue
			}
			i = to
			plain++
			r := records[i]
			if r.kind != base.Insert || !bytes.Equal(it.PlainKey(), r.key) || !bytes.Equal(it.PlainValue(), r.value) {
				t.Fatalf("seed %d, record %d of kind %#x: key %q, value %x", seed, i, r.kind, it.PlainKey(), it.PlainValue())
			}
		}
		if plain == 0 {
			t.Errorf("seed %d: no step over a plain record", seed)
		}
	}
}

// TestRelease: a released iterator keeps buffers for keys that span pages, but no long ones.
func TestRelease(t *testing.T) {
	for _, length := range []int{600, 100 << 10} {
		x := newFixture(t, 512)
		var records []record
		for i := range 20 {
			records = append(records, record{kind: base.Insert, key: append(bytes.Repeat([]byte{'k'}, length), byte(i))})
		}
		seg, _ := x.write(records, 0)
		var it segment.Iter
		it.Init(seg)
		for i := range records {
			expectAt(t, &it, it.SeekGE(0, records[i].key), records, i, "seek")
		}
		before := it.Buffers()
		it.Release()
		if kept := it.Buffers(); before < length || kept > 8<<10 || length == 600 && kept != before {
			t.Errorf("keys of %d bytes: buffers of %d bytes, of which %d are kept", length, before, kept)
		}
		it.Init(seg)
		expectAt(t, &it, it.First(), records, 0, "after the release")
	}
}
