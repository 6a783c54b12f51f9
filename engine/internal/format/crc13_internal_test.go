// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// slowCRC is the CRC by its definition, bit by bit.
func slowCRC(data []byte) uint16 {
	reg := uint16(0)
	for _, b := range data {
		reg ^= uint16(b)
		for range 8 {
			low := reg & 1
			reg >>= 1
			if low == 1 {
				reg ^= 0x18B8
			}
		}
	}
	return reg
}

func TestCRCIsAsDefined(t *testing.T) {
	if r := bits.Reverse16(crcPoly&0x1FFF) >> 3; r != crcReverse {
		t.Fatalf("the polynomial %#x in the order of the register is %#x", crcPoly, r)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var sizes []int
	for size := 8; size <= 65536; size += 8 * (1 + size/200) {
		sizes = append(sizes, size)
	}
	for size := 256; size <= 65536; size *= 2 { // those of pages, and their neighbours
		sizes = append(sizes, size-8, size, size+8)
	}
	for _, size := range sizes {
		page := make([]byte, size)
		random(page, rng)
		number := rng.Uint64()
		want := slowCRC(append(binary.BigEndian.AppendUint64(nil, number), page...))
		if got, inGo := crc13(number, page), crcGo(number, page); got != want || inGo != want {
			t.Fatalf("%d bytes: %04x, in Go %04x, by definition %04x", size, got, inGo, want)
		}
	}
}

// times returns a times b modulo the polynomial.
func times(a, b uint32) (r uint32) {
	for ; b != 0; b >>= 1 {
		r ^= -(b & 1) & a
		if a <<= 1; a>>13 != 0 {
			a ^= crcPoly
		}
	}
	return r
}

// TestCRCFindsWhatItIsSaidToFind derives the guarantees from the polynomial: damage passes
// exactly if its bits, as powers of x, add up to zero.
func TestCRCFindsWhatItIsSaidToFind(t *testing.T) {
	place := make(map[uint32]int) // of each power of x
	x := uint32(1)
	for i := range 8191 {
		if at, seen := place[x]; seen {
			t.Fatalf("bits %d and %d look alike", at, i)
		}
		place[x] = i
		x = times(x, 2)
	}
	if x != 1 || len(place) != 8191 {
		t.Fatalf("the period is not 8191")
	}
	powers := make([]uint32, 8191)
	for v, i := range place {
		powers[i] = v
	}
	// The narrowest damage of three and of four bits that passes.
	three, four := 0, 0
	for a := 1; three == 0; a++ {
		if b := place[powers[a]^1]; b > 0 && b < a {
			three = a
		}
	}
	for a := 1; four == 0; a++ {
		for b := 1; b < a && four == 0; b++ {
			if c, ok := place[powers[a]^powers[b]^1]; ok && c > 0 && c < b {
				four = a
			}
		}
	}
	if three != 262 || four != 59 {
		t.Errorf("three bits pass within %d, four within %d", three, four)
	}
	fold := powers[18] ^ powers[12] ^ powers[7] ^ powers[2] ^ 1
	if fold != 0 {
		t.Error("what words are folded by is not a multiple of the polynomial")
	}
}

// TestSumsCostNoAllocation: a page is summed whenever it is read.
func TestSumsCostNoAllocation(t *testing.T) {
	for _, size := range []int{1024, 4096, 65536} {
		g, err := NewGeometry(size, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		page := make([]byte, size)
		p := g.FirstPage(2) + 1
		for _, seal := range []Seal{0, 7} {
			if n := testing.AllocsPerRun(100, func() {
				g.SealPage(p, page, seal)
				if !g.SumGood(p, p, page, seal) {
					t.Fatal("not good")
				}
			}); n != 0 {
				t.Errorf("pages of %d bytes, seal %d: %v allocations", size, seal, n)
			}
		}
	}
}

func BenchmarkPageSum(b *testing.B) {
	for _, size := range []int{256, 1024, 4096, 16384, 65536} {
		g, err := NewGeometry(size, 1<<20)
		if err != nil {
			b.Fatal(err)
		}
		page := make([]byte, size)
		for i := range page {
			page[i] = byte(i * 7)
		}
		p := g.FirstPage(2) + 1
		for _, c := range []struct {
			name string
			seal Seal
		}{{"old", 0}, {"seal", 1}} {
			g.SealPage(p, page, c.seal)
			b.Run(fmt.Sprintf("%s/%d", c.name, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for range b.N {
					if !g.SumGood(p, p, page, c.seal) {
						b.Fatal("not good")
					}
				}
			})
		}
	}
}
