// SPDX-License-Identifier: Apache-2.0

package format

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// allWays is wideWays, and crc13 itself, which is one of them or the way of Go.
func allWays(t testing.TB) map[string]func(number uint64, page []byte) uint16 {
	ways := wideWays()
	t.Logf("ways of this processor besides Go: %q", slices.Sorted(maps.Keys(ways)))
	if ways == nil {
		ways = make(map[string]func(uint64, []byte) uint16)
	}
	ways["crc13"] = crc13
	return ways
}

// TestWideSumsOfSingleBits compares sums of pages that have one bit only, and of page numbers that have
// one. Every other sum is one of these, added up.
func TestWideSumsOfSingleBits(t *testing.T) {
	for name, way := range allWays(t) {
		for _, size := range []int{256, 512, 768, 1024, 4096} {
			page := make([]byte, size)
			for bit := range 64 {
				if got, want := way(1<<bit, page), crcGo(1<<bit, page); got != want || want == 0 {
					t.Fatalf("%s, %d bytes of zeros, number %#x: %04x, want %04x", name, size, uint64(1)<<bit, got, want)
				}
			}
			for bit := range 8 * size {
				page[bit/8] = 1 << (bit % 8)
				if got, want := way(0, page), crcGo(0, page); got != want || want == 0 {
					t.Fatalf("%s, %d bytes, bit %d: %04x, want %04x", name, size, bit, got, want)
				}
				page[bit/8] = 0
			}
			if got := way(0, page); got != 0 {
				t.Fatalf("%s, %d bytes of zeros: %04x", name, size, got)
			}
		}
	}
}

// TestWideSums compares sums of pages of all lengths and at all places in a cache line, with other bytes
// around them.
func TestWideSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 7))
	room := make([]byte, MaxPageSize+128)
	random(room, rng)
	ones := bytes.Repeat([]byte{0xFF}, len(room))
	for name, way := range allWays(t) {
		for size := widePage; size <= MaxPageSize; size += widePage * (1 + size/16384) {
			for _, from := range [][]byte{room, ones} {
				at, number := rng.IntN(64), rng.Uint64()
				page := from[at:][:size]
				if got, want := way(number, page), crcGo(number, page); got != want {
					t.Fatalf("%s, %d bytes at %d: %04x, want %04x", name, size, at, got, want)
				}
			}
		}
		for at := range 64 {
			page := room[at:][:1024]
			if got, want := way(7, page), crcGo(7, page); got != want {
				t.Fatalf("%s, 1024 bytes at %d: %04x, want %04x", name, at, got, want)
			}
		}
	}
}

func FuzzWideSum(f *testing.F) {
	f.Add(uint64(0), []byte(nil))
	f.Add(uint64(1)<<63, bytes.Repeat([]byte("\x80page"), 200))
	f.Add(^uint64(0), bytes.Repeat([]byte{0xFF}, 513))
	ways := allWays(f)
	f.Fuzz(func(t *testing.T, number uint64, data []byte) {
		at := int(number % 64)
		whole := min(len(data)/widePage*widePage+widePage, MaxPageSize)
		page := make([]byte, at+whole)[at:]
		copy(page, data)
		want := slowCRC(append(binary.BigEndian.AppendUint64(nil, number), page...))
		if got := crcGo(number, page); got != want {
			t.Fatalf("Go: %04x, by definition %04x", got, want)
		}
		for name, way := range ways {
			if got := way(number, page); got != want {
				t.Fatalf("%s: %04x, by definition %04x", name, got, want)
			}
		}
	})
}

func random(b []byte, rng *rand.Rand) {
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
}
