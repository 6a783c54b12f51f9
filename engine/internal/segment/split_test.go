// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// splitRecords returns records of which values end on their first page, on the next one, exactly at
// the end of either, and on later ones.
func splitRecords(rng *rand.Rand, pageSize int) (out []record) {
	for i := range 400 {
		value := make([]byte, []int{pageSize / 5, pageSize/2 + rng.IntN(pageSize), pageSize - 20 - rng.IntN(20), 3 * pageSize}[rng.IntN(4)])
		for j := range value {
			value[j] = byte(rng.Uint32())
		}
		out = append(out, record{base.Insert, fmt.Appendf(nil, "key-%06d", i), value})
	}
	return out
}

// TestSplitValues: a value reads the same in one piece, in two, and piece by piece, and a walk goes on
// after it to the same record, whether it was read or not.
func TestSplitValues(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 3))
		pageSize := []int{256, 1024, 4096}[seed%3]
		x := newFixture(t, pageSize)
		records := splitRecords(rng, pageSize)
		seg, _ := x.write(records, 0)
		var it segment.Iter
		it.Init(seg)
		if seed%2 == 0 {
			it.ReadAhead()
		}
		ok, split := it.First(), 0
		for i, r := range records {
			expectAt(t, &it, ok, records, i, "walk")
			if _, inline := it.Inline(); !inline && len(r.value) < 2*pageSize {
				split++
			}
			if rng.IntN(3) > 0 {
				v, err := it.AppendValue([]byte("before"))
				if err != nil || !bytes.Equal(v, append([]byte("before"), r.value...)) {
					t.Fatalf("seed %d, record %d: %d bytes, want %d; %v", seed, i, len(v), len(r.value), err)
				}
			}
			ok = it.Next()
		}
		if ok || it.Err() != nil || split < 20 {
			t.Errorf("seed %d: %v, %v after the end, %d split values", seed, ok, it.Err(), split)
		}
	}
}

// TestSplitValueDamaged: a value does not go on over a page that does not continue it.
func TestSplitValueDamaged(t *testing.T) {
	x := newFixture(t, 1024)
	var records []record
	for i := range 40 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "key-%06d", i), bytes.Repeat([]byte{byte(i)}, 700)})
	}
	written, _ := x.write(records, 0)
	seg, pages := x.unchecked(written) // a page sum would give everything away
	good := make([]byte, x.geo.PageSize)
	for i, damage := range []func(raw []byte){
		func(raw []byte) { copy(raw, good) }, // another page of the segment
		func(raw []byte) { raw[len(raw)-3] |= format.FlagBTree },
	} {
		raw, err := seg.Space.RawPage(pages[1])
		if err != nil {
			t.Fatal(err)
		}
		copy(good, raw)
		var before []byte
		x.change(pages[2], func(raw []byte) { before = bytes.Clone(raw); damage(raw) })
		s := *seg
		s.Space = &blockfile.Space{File: x.file}
		var it segment.Iter
		it.Init(&s)
		failed := 0
		for ok := it.First(); ok; ok = it.Next() {
			n := int(it.Key()[len("key-")+5] - '0')
			v, err := it.AppendValue([]byte("x"))
			if err == nil && !bytes.Equal(v[1:], records[n].value) {
				t.Errorf("damage %d: record %d has value %x", i, n, v)
			}
			if err != nil {
				if failed++; !errors.Is(err, errs.ErrCorrupt) {
					t.Errorf("damage %d, record %d: %v", i, n, err)
				}
				break
			}
		}
		if failed == 0 {
			t.Errorf("damage %d was not noticed by a value: %v", i, it.Err())
		}
		x.change(pages[2], func(raw []byte) { copy(raw, before) })
	}
}
