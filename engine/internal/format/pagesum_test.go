// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func geometry(t testing.TB, page, block int) format.Geometry {
	t.Helper()
	g, err := format.NewGeometry(page, block)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// randomPage returns a sealed page of random bytes. The page sum does not care what a
// page means.
func randomPage(g format.Geometry, p base.PageNo, seal format.Seal, rng *rand.Rand) []byte {
	raw := make([]byte, g.PageSize)
	for i := 0; i < len(raw); i += 8 {
		binary.LittleEndian.PutUint64(raw[i:], rng.Uint64())
	}
	g.SealPage(p, raw, seal)
	return raw
}

// definedOldSum computes the old page sum bit by bit from its definition.
func definedOldSum(p base.PageNo, raw []byte, flagsAt int) uint16 {
	data := binary.BigEndian.AppendUint64(nil, uint64(p))
	data = append(data, raw...)
	data[8+flagsAt] = 0
	data[8+flagsAt+1] &= 7
	crc := ^uint32(0)
	for _, c := range data {
		crc ^= uint32(c)
		for range 8 {
			low := crc & 1
			crc >>= 1
			if low == 1 {
				crc ^= 0x82F63B78 // the Castagnoli polynomial, lowest bit first
			}
		}
	}
	crc = ^crc
	v := uint16((crc ^ crc>>13 ^ crc>>26) & 0x1FFF)
	if bits.OnesCount16(v) < 2 {
		v ^= 0x1FFE
	}
	return v
}

func TestOldPageSumIsAsDefined(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	g := geometry(t, 256, 64<<10)
	few := 0
	for i := range 30_000 {
		// The first page of a block, the last one, and others.
		p := []base.PageNo{257, 512, 300, 33}[i%4]
		raw := randomPage(g, p, 0, rng)
		at := len(raw) - 4
		if g.IsLast(p) {
			at -= 4
		}
		stored := binary.BigEndian.Uint16(raw[at:]) >> 3
		if i < 2000 {
			if want := definedOldSum(p, raw, at); stored != want {
				t.Fatalf("page %d: check %#04x, by definition %#04x", p, stored, want)
			}
		}
		if bits.OnesCount16(stored) < 2 {
			t.Fatalf("check %#04x: one flipped bit could make it 0", stored)
		}
		if bits.OnesCount16(stored) >= 11 {
			few++
		}
		if !g.SumGood(p, p, raw, 0) {
			t.Fatal("a page just sealed is not good")
		}
	}
	if few == 0 {
		t.Error("no check has many bits: the substitutes were never tried")
	}
	// Fixed examples, so that a change of the definition does not go unnoticed.
	zero := make([]byte, 256)
	g.SealPage(300, zero, 0)
	if got := binary.BigEndian.Uint16(zero[252:]); got>>3 != definedOldSum(300, zero, 252) || got&7 != 0 {
		t.Errorf("empty page 300: flags %#04x", got)
	}
	if g.StoredSum(300, make([]byte, 256)) != 0 {
		t.Error("a page of zeros carries a check")
	}
}

// TestSealedPageHasItsSeal: the CRC of a sealed page, by its definition, is its seal, and
// its flags and everything else are as they were.
func TestSealedPageHasItsSeal(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	zero := 0
	for _, size := range []int{256, 4096, 65536} {
		g := geometry(t, size, 1<<20)
		for i := range 3000*256/size + 20 {
			p := []base.PageNo{g.FirstPage(3), g.LastPage(3), g.FirstPage(3) + 1}[i%3]
			seal := format.Seal(1 + rng.IntN(format.NumSeals))
			before := randomPage(g, p, 1, rng)
			raw := append([]byte(nil), before...)
			g.SealPage(p, raw, seal)
			if got := definedSeal(p, raw); got != uint16(seal) || !g.SumGood(p, p, raw, seal) || format.SealOf(p, raw) != seal {
				t.Fatalf("page %d has the seal %04x, want %04x", p, got, seal)
			}
			if g.SumGood(p, p, raw, seal^1) || g.SumGood(p, p+1, raw, seal) {
				t.Fatalf("page %d is good with another seal or number", p)
			}
			at := size - 4
			if g.IsLast(p) {
				at -= 4
			}
			if g.StoredSum(p, raw) == 0 {
				zero++
			}
			raw[at], raw[at+1] = before[at], raw[at+1]&7|before[at+1]&0xF8
			if !bytes.Equal(raw, before) {
				t.Fatal("sealing has changed more than the 13 bits")
			}
		}
	}
	t.Logf("%d pages carry the check 0", zero)
}

// definedSeal computes the seal of a page bit by bit from its definition.
func definedSeal(p base.PageNo, raw []byte) uint16 {
	reg := uint16(0)
	for _, b := range append(binary.BigEndian.AppendUint64(nil, uint64(p)), raw...) {
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

func TestSealsAreNeverZeroAndDiffer(t *testing.T) {
	seen := make(map[format.Seal]int)
	for i := range uint64(50_000) {
		s := format.MakeSeal(i, 3)
		if s == 0 || s > format.NumSeals || s == format.MakeSeal(i, 4) && s == format.MakeSeal(i, 5) {
			t.Fatalf("seal %d of %d", s, i)
		}
		seen[s]++
	}
	for s, n := range seen {
		if n > 30 {
			t.Errorf("seal %d was made %d times", s, n)
		}
	}
	if len(seen) < 8000 {
		t.Errorf("only %d seals", len(seen))
	}
}

// TestPageSumCatchesEveryFlippedBit tries every bit of a page, those of the check too.
func TestPageSumCatchesEveryFlippedBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, seal := range []format.Seal{0, 0x0ABC} {
		for _, test := range []struct{ page, step int }{{256, 1}, {4096, 1}, {65536, 17}} {
			g := geometry(t, test.page, 1<<20)
			for _, p := range []base.PageNo{g.FirstPage(3), g.LastPage(3), g.FirstPage(3) + 1} {
				raw := randomPage(g, p, seal, rng)
				n := 0
				for bit := 0; bit < len(raw)*8; bit += test.step {
					raw[bit/8] ^= 1 << (bit % 8)
					if g.SumGood(p, p, raw, seal) {
						t.Fatalf("seal %d, page size %d, page %d: bit %d flipped and not found", seal, test.page, p, bit)
					}
					raw[bit/8] ^= 1 << (bit % 8)
					n++
				}
				t.Logf("seal %d, page size %d, page %d: all of %d flipped bits found", seal, test.page, p, n)
			}
		}
	}
}
