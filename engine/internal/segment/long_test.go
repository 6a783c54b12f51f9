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

// longRecords returns records of which about every fourth goes on over many pages.
func longRecords(rng *rand.Rand, n, pageSize int) []record {
	var out []record
	for i := range n {
		r := record{base.Insert, fmt.Appendf(nil, "key-%05d", i), make([]byte, rng.IntN(200))}
		if rng.IntN(4) == 0 {
			r.value = make([]byte, rng.IntN(60*pageSize))
		}
		if rng.IntN(20) == 0 {
			r.key = append(r.key, make([]byte, rng.IntN(30*pageSize))...)
		}
		for j := range r.value {
			r.value[j] = byte(j*7) ^ byte(j>>8) ^ byte(i)
		}
		out = append(out, r)
	}
	return out
}

// TestWalksOverLongRecords walks over long records in both directions, with their values, by
// parts of them and without, with a b-tree that is known to be complete and without.
func TestWalksOverLongRecords(t *testing.T) {
	for _, pageSize := range []int{256, 1024, 4096} {
		for seed := range uint64(6) {
			rng := rand.New(rand.NewPCG(seed, uint64(pageSize)))
			n := 1 + rng.IntN(400)
			records := longRecords(rng, n, pageSize)
			x := newFixture(t, pageSize)
			seg, _ := x.write(records, 0)
			if !seg.Space.Sealed {
				t.Fatal("the segment is not sealed")
			}
			gobbled := *seg
			gobbled.SetGobbled()
			walkLongAll(t, fmt.Sprintf("pages of %d, seed %d", pageSize, seed), seg, records, rng)
			walkLongAll(t, fmt.Sprintf("pages of %d, seed %d, gobbled", pageSize, seed), &gobbled, records, rng)
			unchecked, _ := x.unchecked(seg)
			walkLongAll(t, fmt.Sprintf("pages of %d, seed %d, unchecked", pageSize, seed), unchecked, records, rng)
		}
	}
}

// walkLongAll walks over a segment through the cache and past it.
func walkLongAll(t *testing.T, what string, seg *segment.Segment, records []record, rng *rand.Rand) {
	t.Helper()
	walkLong(t, what, seg, false, records, rng)
	walkLong(t, what+", ahead", seg, true, records, rng)
}

func walkLong(t *testing.T, what string, seg *segment.Segment, ahead bool, records []record, rng *rand.Rand) {
	t.Helper()
	var it segment.Iter
	it.Init(seg)
	if ahead {
		it.ReadAhead()
	}
	look := func(i int) {
		t.Helper()
		if i < 0 || i >= len(records) || !bytes.Equal(it.Key(), records[i].key) || it.ValueLen() != len(records[i].value) {
			t.Fatalf("%s: record %d of %d is %.20q", what, i, len(records), it.Key())
		}
		want := records[i].value
		switch rng.IntN(4) {
		case 0:
			if v, err := it.AppendValue(nil); err != nil || !bytes.Equal(v, want) {
				t.Fatalf("%s: record %d: %d bytes, want %d, %v", what, i, len(v), len(want), err)
			}
		case 1: // all of it, piece by piece
			body := it.Body()
			var got []byte
			for {
				piece, err := body.Next()
				if err != nil {
					t.Fatal(err)
				}
				if len(piece) == 0 {
					break
				}
				got = append(got, piece...)
			}
			if it.Passed(&body); !bytes.Equal(got, want) {
				t.Fatalf("%s: record %d: %d bytes in pieces, want %d", what, i, len(got), len(want))
			}
			body.Close()
		case 2: // a part of it
			body := it.Body()
			from := rng.IntN(len(want) + 1)
			part := make([]byte, rng.IntN(len(want)-from+1))
			if n, err := body.Skip(int64(from)); n != int64(from) || err != nil {
				t.Fatal(n, err)
			}
			if n, err := body.Read(part); n != len(part) || err != nil || !bytes.Equal(part, want[from:from+n]) {
				t.Fatalf("%s: record %d from %d: %d bytes, %v", what, i, from, n, err)
			}
			it.Passed(&body)
			body.Close()
		}
	}
	i := 0
	for ok := it.First(); ok; ok = it.Next() {
		look(i)
		i++
	}
	if it.Err() != nil || i != len(records) {
		t.Fatalf("%s: %d of %d records, %v", what, i, len(records), it.Err())
	}
	if ahead {
		return // one pass from front to back
	}
	for ok := it.Last(); ok; ok = it.Prev() {
		i--
		look(i)
	}
	if it.Err() != nil || i != 0 {
		t.Fatalf("%s: %d records are left, %v", what, i, it.Err())
	}
	for range 50 { // there and back
		i = rng.IntN(len(records))
		if !it.SeekGE(0, records[i].key) {
			t.Fatal(it.Err())
		}
		for range 6 {
			look(i)
			if rng.IntN(2) == 0 {
				i++
				if !it.Next() {
					break
				}
			} else {
				i--
				if !it.Prev() {
					break
				}
			}
		}
		if i >= 0 && i < len(records) && !it.Valid() || it.Err() != nil {
			t.Fatalf("%s: nothing at %d of %d, %v", what, i, len(records), it.Err())
		}
	}
}

// TestLongValuesPassNoCache: the pages of a long value do not go through the cache, and it
// is neither looked at by who walks past it, nor read further than asked for.
func TestLongValuesPassNoCache(t *testing.T) {
	const size = 4 << 20
	x := newFixture(t, 4096)
	records := []record{{base.Insert, []byte("a"), nil}, {base.Insert, []byte("b"), make([]byte, size)}, {base.Insert, []byte("c"), nil}}
	written, _ := x.write(records, 0)
	file := blockfile.New(x.f, "/test.db", x.geo, nil, 1<<30)
	file.SetBlocks(uint32(x.next))
	seg := *written
	seg.Space = &blockfile.Space{File: file, Sealed: true}
	var it segment.Iter
	it.Init(&seg)
	read := func() int64 { s := file.Stats(); return s.PagesRead() }
	for ok := it.First(); ok; ok = it.Next() {
	}
	for ok := it.Last(); ok; ok = it.Prev() {
	}
	if n := read(); n > 60 {
		t.Errorf("%d pages are read for keys", n)
	}
	before := read()
	if !it.SeekGE(0, []byte("b")) {
		t.Fatal(it.Err())
	}
	body := it.Body()
	if n, err := body.Read(make([]byte, 10)); n != 10 || err != nil {
		t.Fatal(n, err)
	}
	body.Close()
	if n := read() - before; n > 4 {
		t.Errorf("%d pages are read for the first bytes", n)
	}
	before = read()
	cached := file.Stats().CacheBytes
	if v, err := it.AppendValue(nil); err != nil || len(v) != size {
		t.Fatal(len(v), err)
	}
	if n := read() - before; n < size/4096-40 || n > size/4096+100 {
		t.Errorf("%d pages are read for %d bytes", n, size)
	}
	if n := file.Stats().CacheBytes - cached; n > 20*4096 {
		t.Errorf("%d bytes went into the cache", n)
	}
}

// TestDamagedLongValue: a reader of the value learns of a damaged page in its middle, as
// often as he asks, and who does not want it is not held up.
func TestDamagedLongValue(t *testing.T) {
	x := newFixture(t, 4096)
	value := make([]byte, 1<<20)
	records := []record{{base.Insert, []byte("a"), nil}, {base.Insert, []byte("b"), value}, {base.Insert, []byte("c"), nil}}
	written, _ := x.write(records, 0)
	p := x.geo.FirstPage(5) + 3
	flip := make([]byte, 1)
	if _, err := x.f.ReadAt(flip, x.geo.Offset(p)+100); err != nil {
		t.Fatal(err)
	}
	flip[0] ^= 4
	if _, err := x.f.WriteAt(flip, x.geo.Offset(p)+100); err != nil {
		t.Fatal(err)
	}
	file := blockfile.New(x.f, "/test.db", x.geo, nil, 1<<30)
	file.SetBlocks(uint32(x.next))
	seg := *written
	seg.Space = &blockfile.Space{File: file, Sealed: true}
	var it segment.Iter
	it.Init(&seg)
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	if n != 3 || it.Err() != nil {
		t.Errorf("%d keys, %v", n, it.Err())
	}
	it.SeekGE(0, []byte("b"))
	if _, err := it.AppendValue(nil); !errors.Is(err, errs.ErrCorrupt) {
		t.Errorf("the value: %v", err)
	}
	body := it.Body()
	defer body.Close()
	if _, err := body.Skip(100 << 10); err != nil {
		t.Errorf("before the damage: %v", err)
	}
	for range 3 {
		if _, err := body.Skip(1 << 20); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("over the damage: %v", err)
		}
	}
}

// TestDamageInTheCallersMemory: where the pages of a long value are read right into the caller's
// memory, a damaged one is named like any other, and what was there before stays.
func TestDamageInTheCallersMemory(t *testing.T) {
	for _, seal := range []format.Seal{0, 77} {
		x := newFixture(t, 4096)
		value := bytes.Repeat([]byte("long value "), 100_000)
		seg := x.sealed([]record{{base.Insert, []byte("b"), value}}, seal)
		x.damageInTheCallersMemory(x.open(seg, seal), value)
	}
}

func (x *fixture) damageInTheCallersMemory(written *segment.Segment, value []byte) {
	t := x.t
	for _, p := range []base.PageNo{x.geo.FirstPage(2) + 1, x.geo.FirstPage(5), x.geo.LastPage(6)} {
		x.change(p, func(raw []byte) { raw[100] ^= 4 })
		seg := *written
		seg.Space = &blockfile.Space{File: x.file, Sealed: true, Seal: written.Space.Seal}
		var it segment.Iter
		it.Init(&seg)
		if !it.First() {
			t.Fatal(it.Err())
		}
		dst := append(make([]byte, 0, len(value)+3), "was"...)
		var ce *errs.CorruptionError
		if _, err := it.AppendValue(dst); !errors.As(err, &ce) || ce.Page != int64(p) {
			t.Errorf("page %d is damaged: %v", p, err)
		}
		if string(dst) != "was" {
			t.Errorf("%q is left of what was there", dst)
		}
		it.Done()
		x.change(p, func(raw []byte) { raw[100] ^= 4 })
		seg.Space.File = x.file
		if it.Init(&seg); !it.First() {
			t.Fatal(it.Err())
		}
		if v, err := it.AppendValue(nil); err != nil || !bytes.Equal(v, value) {
			t.Errorf("page %d is mended: %v, or another value", p, err)
		}
		it.Done()
	}
}
