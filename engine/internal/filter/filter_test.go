// SPDX-License-Identifier: Apache-2.0

package filter_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
)

type record struct {
	kind base.Kind
	key  []byte
}

func build(records []record, room int64) *filter.Filter {
	b := filter.NewBuilder(room)
	for _, r := range records {
		b.Add(r.kind, r.key)
	}
	return b.Filter()
}

func absent(f *filter.Filter, key []byte) bool { return f.Absent(filter.Hash(key), key) }

// random returns records in order, with deleted ranges between some of them. wild ranges
// begin without an end, or end without a beginning, as in a damaged segment.
func random(rng *rand.Rand, wild bool) []record {
	keys := make(map[string]bool)
	for range 1 + rng.IntN(400) {
		k := make([]byte, rng.IntN(20))
		for i := range k {
			k[i] = "ab\x00\xff"[rng.IntN(4)]
		}
		keys[string(k)] = true
	}
	var records []record
	for k := range keys {
		records = append(records, record{base.Insert, []byte(k)})
	}
	slices.SortFunc(records, func(a, b record) int { return bytes.Compare(a.key, b.key) })
	inside := false
	for i := range records {
		r := &records[i]
		if rng.IntN(5) == 0 {
			r.kind = base.PointDelete
		}
		if wild {
			r.kind |= base.Kind(rng.IntN(4)/3) * base.StartDelete
			r.kind |= base.Kind(rng.IntN(4)/3) * base.EndDelete
			continue
		}
		if inside {
			r.kind |= base.EndDelete
		}
		if inside = rng.IntN(4) == 0 && i+1 < len(records); inside {
			r.kind |= base.StartDelete
		}
	}
	return records
}

// knows reports whether a segment with these records says anything about a key.
func knows(records []record, key []byte) bool {
	i, found := slices.BinarySearchFunc(records, key, func(r record, k []byte) int { return bytes.Compare(r.key, k) })
	return found || i > 0 && records[i-1].kind&base.StartDelete != 0 || i < len(records) && records[i].kind&base.EndDelete != 0
}

// TestModel: what a filter calls absent, the segment says nothing about. It says so of most
// such keys.
func TestModel(t *testing.T) {
	for _, wild := range []bool{false, true} {
		asked, ruledOut := 0, 0
		for seed := range uint64(400) {
			rng := rand.New(rand.NewPCG(seed, 2))
			records := random(rng, wild)
			f := build(records, int64(len(records))*int64(1+rng.IntN(20)))
			if f == nil || f.Keys() != int64(len(records)) {
				t.Fatalf("seed %d: no filter, or of too few keys", seed)
			}
			for range 300 {
				key := bytes.Clone(records[rng.IntN(len(records))].key)
				switch rng.IntN(4) {
				case 0:
					key = append(key, "ab\x00\xff"[rng.IntN(4)])
				case 1:
					key = key[:rng.IntN(len(key)+1)]
				case 2:
					if len(key) > 0 {
						key[rng.IntN(len(key))]++
					}
				}
				no, something := absent(f, key), knows(records, key)
				if no && something {
					t.Fatalf("seed %d: the filter hides what the segment says about %q", seed, key)
				}
				if !something {
					if asked++; no {
						ruledOut++
					}
				}
			}
		}
		if !wild && ruledOut < asked*97/100 || ruledOut < asked/4 {
			t.Errorf("wild %v: %d of %d keys are ruled out", wild, ruledOut, asked)
		}
	}
}

// TestEmptyKeyAndOpenRanges: the ends of the order of keys.
func TestEmptyKeyAndOpenRanges(t *testing.T) {
	all := []string{"", "\x00", "a", "aa", "b", "\xff\xff"}
	for _, test := range []struct {
		records []record
		inside  []string // of a range, or there
	}{
		{[]record{{base.Insert, []byte("")}}, []string{""}},
		{[]record{{base.Insert | base.StartDelete, []byte("")}, {base.EndDelete | base.Insert, []byte("aa")}}, []string{"", "\x00", "a", "aa"}},
		{[]record{{base.Insert | base.StartDelete, []byte("a")}}, []string{"a", "aa", "b", "\xff\xff"}},
		{[]record{{base.Insert | base.EndDelete, []byte("aa")}}, []string{"", "\x00", "a", "aa"}},
	} {
		f := build(test.records, 100)
		for _, k := range all {
			if got, want := absent(f, []byte(k)), !slices.Contains(test.inside, k); got != want {
				t.Errorf("%q: %q is absent: %v", test.records, k, got)
			}
		}
	}
}

// TestRates: about 3 keys in 1,000 are not ruled out, whatever keys look like, and also
// where blocks were folded.
func TestRates(t *testing.T) {
	const n = 30_000
	kinds := map[string]func(i uint64) []byte{
		"big-endian":    func(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i) },
		"little-endian": func(i uint64) []byte { return binary.LittleEndian.AppendUint64(nil, i) },
		"decimal":       func(i uint64) []byte { return fmt.Appendf(nil, "user:%d", i) },
		"padded":        func(i uint64) []byte { return fmt.Appendf(nil, "table/rows/%012d/name", i) },
		"multiples":     func(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i<<32) },
		"random":        func(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i*0xD1342543DE82EF95) },
	}
	for what, key := range kinds {
		for _, room := range []int64{n, 2 * n, 13 * n} {
			b := filter.NewBuilder(room)
			for i := range uint64(n) {
				b.Add(base.Insert, key(2*i))
			}
			f := b.Filter()
			if bits := 8 * float64(f.Bytes()) / n; bits < filter.BitsPerKey || bits > 1.2*filter.BitsPerKey {
				t.Errorf("%s, room for %d: %.1f bits for each key", what, room, bits)
			}
			wrong := 0
			for i := range uint64(n) {
				if absent(f, key(2*i)) {
					t.Fatalf("%s: key %d is called absent", what, 2*i)
				}
				if !absent(f, key(2*i+1)) {
					wrong++
				}
			}
			if rate := float64(wrong) / n; rate > 0.008 {
				t.Errorf("%s, room for %d: %.2f%% of the keys that are not there are not ruled out", what, room, 100*rate)
			}
		}
	}
}

// TestNoFilter: there is none where it would be of no use.
func TestNoFilter(t *testing.T) {
	if build(nil, 10) != nil {
		t.Error("without keys")
	}
	var many []record
	for i := range 100 {
		many = append(many, record{base.Insert, fmt.Appendf(nil, "%03d", i)})
	}
	if build(many, 50) != nil {
		t.Error("twice as many keys as expected")
	}
	if build(many, 80) == nil {
		t.Error("a few more keys than expected prevent one")
	}
	// Ranges: up to the limit they are kept, beyond it there is no filter.
	long := bytes.Repeat([]byte("k"), 1000)
	ranges := func(n int) *filter.Builder {
		b := filter.NewBuilder(int64(2 * n))
		for i := range n {
			b.Add(base.Insert|base.StartDelete, append(fmt.Appendf(nil, "%06d-", i), long...))
			b.Add(base.Insert|base.EndDelete, append(fmt.Appendf(nil, "%06d.", i), long...))
		}
		return b
	}
	if b := ranges(100); b.Useless() || b.Filter() == nil {
		t.Error("a hundred ranges prevent a filter")
	}
	if b := ranges(1000); !b.Useless() || b.Filter() != nil {
		t.Error("a thousand long ranges are kept")
	}
	// A range over many records is one range.
	b := filter.NewBuilder(1000)
	for i := range 1000 {
		b.Add(base.PointDelete|base.RangeBits, append(fmt.Appendf(nil, "%06d-", i), long...))
	}
	if b.Useless() {
		t.Error("a long range is too much")
	}
}

// TestSetBitsOnlyCostTime: bits that are set although no key has set them make a filter rule
// out fewer keys, and never one that is there.
func TestSetBitsOnlyCostTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	records := random(rng, false)
	f := build(records, int64(len(records)))
	before := make(map[string]bool)
	for i := range 5000 {
		k := fmt.Sprint("k", i)
		before[k] = absent(f, []byte(k))
	}
	f.SetBits(func(n int) int { return rng.IntN(n) }, 500)
	fewer := 0
	for k, was := range before {
		switch is := absent(f, []byte(k)); {
		case is && !was:
			t.Fatalf("%q is absent once bits are set", k)
		case !is && was:
			fewer++
		}
	}
	for _, r := range records {
		if absent(f, r.key) {
			t.Fatalf("%q is called absent", r.key)
		}
	}
	if fewer == 0 {
		t.Error("no bit that was set has changed an answer: the test shows nothing")
	}
}

// TestAbsentCostsNoAllocation: neither hashing nor asking allocates.
func TestAbsentCostsNoAllocation(t *testing.T) {
	f := build(random(rand.New(rand.NewPCG(1, 1)), false), 400)
	key := []byte("a key of some length")
	if n := testing.AllocsPerRun(100, func() { absent(f, key) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestEveryCount: the bits of the last keys are set however many come together, and to add a key costs no
// allocation.
func TestEveryCount(t *testing.T) {
	key := make([]byte, 8)
	for n := range 100 {
		b := filter.NewBuilder(100)
		for i := range n {
			b.Add(base.Insert, binary.BigEndian.AppendUint64(key[:0], uint64(i)))
		}
		f := b.Filter()
		for i := range n {
			if absent(f, binary.BigEndian.AppendUint64(key[:0], uint64(i))) {
				t.Fatalf("key %d of %d is absent", i, n)
			}
		}
		if n > 0 && f.Keys() != int64(n) {
			t.Errorf("%d keys of %d", f.Keys(), n)
		}
	}
	b := filter.NewBuilder(1000)
	if n := testing.AllocsPerRun(100, func() { b.Add(base.Insert, key) }); n != 0 {
		t.Errorf("a key costs %v allocations", n)
	}
}
