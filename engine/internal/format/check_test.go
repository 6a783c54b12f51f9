package format_test

import (
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

// randomPage returns a sealed page of random bytes. The page check does not care what a
// page means.
func randomPage(g format.Geometry, p base.PageNo, rng *rand.Rand) []byte {
	raw := make([]byte, g.PageSize)
	for i := 0; i < len(raw); i += 8 {
		binary.LittleEndian.PutUint64(raw[i:], rng.Uint64())
	}
	g.SealPage(p, raw)
	return raw
}

// definedCheck computes the page check bit by bit from its definition.
func definedCheck(p base.PageNo, raw []byte, flagsAt int) uint16 {
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

func TestPageCheckIsAsDefined(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	g := geometry(t, 256, 64<<10)
	few := 0
	for i := range 30_000 {
		// The first page of a block, the last one, and others.
		p := []base.PageNo{257, 512, 300, 33}[i%4]
		raw := randomPage(g, p, rng)
		at := len(raw) - 4
		if g.IsLast(p) {
			at -= 4
		}
		stored := binary.BigEndian.Uint16(raw[at:]) >> 3
		if i < 2000 {
			if want := definedCheck(p, raw, at); stored != want {
				t.Fatalf("page %d: check %#04x, by definition %#04x", p, stored, want)
			}
		}
		if bits.OnesCount16(stored) < 2 {
			t.Fatalf("check %#04x: one flipped bit could make it 0", stored)
		}
		if bits.OnesCount16(stored) >= 11 {
			few++
		}
		if r := g.CheckPage(p, p, raw); r != format.CheckGood {
			t.Fatalf("a page just sealed: %v", r)
		}
		if r := g.CheckPage(p, p+1, raw); r != format.CheckBad && i < 100 {
			t.Logf("page %d passes for page %d", p, p+1) // 1 in 8192
		}
	}
	if few == 0 {
		t.Error("no check has many bits: the substitutes were never tried")
	}
	// Fixed examples, so that a change of the definition does not go unnoticed.
	zero := make([]byte, 256)
	g.SealPage(300, zero)
	if got := binary.BigEndian.Uint16(zero[252:]); got>>3 != definedCheck(300, zero, 252) || got&7 != 0 {
		t.Errorf("empty page 300: flags %#04x", got)
	}
	if r := g.CheckPage(300, 300, make([]byte, 256)); r != format.Unchecked {
		t.Errorf("a page without a check: %v", r)
	}
}

// TestPageCheckCatchesEveryFlippedBit tries every bit of a page.
func TestPageCheckCatchesEveryFlippedBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, test := range []struct{ page, step int }{{256, 1}, {4096, 1}, {65536, 17}} {
		g := geometry(t, test.page, 1<<20)
		for _, p := range []base.PageNo{g.FirstPage(3), g.LastPage(3), g.FirstPage(3) + 1} {
			raw := randomPage(g, p, rng)
			n := 0
			for bit := 0; bit < len(raw)*8; bit += test.step {
				raw[bit/8] ^= 1 << (bit % 8)
				if r := g.CheckPage(p, p, raw); r != format.CheckBad {
					t.Fatalf("page size %d, page %d: bit %d flipped: %v", test.page, p, bit, r)
				}
				raw[bit/8] ^= 1 << (bit % 8)
				n++
			}
			t.Logf("page size %d, page %d: all of %d flipped bits found", test.page, p, n)
		}
	}
}

// TestPageCheckRates measures how much of other damage is caught: everything that flips
// an odd number of bits, and about 4095 of 4096 of the rest.
func TestPageCheckRates(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	g := geometry(t, 4096, 1<<20)
	const p, tries = 700, 60_000
	raw := randomPage(g, p, rng)
	at := len(raw) - 4
	flip := func(bit int) { raw[bit/8] ^= 1 << (bit % 8) }
	for _, n := range []int{2, 3, 4, 5, 16, 101} {
		missed := 0
		for range tries / max(1, n/10) {
			flipped := make([]int, n)
			for i := range flipped {
				for {
					flipped[i] = rng.IntN(at * 8) // flags, check and count are left alone
					seen := false
					for _, b := range flipped[:i] {
						seen = seen || b == flipped[i]
					}
					if !seen {
						break
					}
				}
			}
			for _, b := range flipped {
				flip(b)
			}
			if g.CheckPage(p, p, raw) != format.CheckBad {
				missed++
			}
			for _, b := range flipped {
				flip(b)
			}
		}
		did := tries / max(1, n/10)
		t.Logf("%d flipped bits: %d of %d missed (1 in 4096 would be %d)", n, missed, did, did/4096)
		if n%2 == 1 && missed > 0 || missed > 4+3*did/4096 {
			t.Errorf("%d flipped bits: %d of %d missed", n, missed, did)
		}
	}
	// A page in the wrong place.
	missed := 0
	for i := range tries {
		if g.CheckPage(p, p+1+base.PageNo(i), raw) != format.CheckBad {
			missed++
		}
	}
	t.Logf("wrong place: %d of %d missed", missed, tries)
	if missed > 4*tries/8192 {
		t.Errorf("wrong place: %d of %d missed", missed, tries)
	}
	if g.CheckPage(p, p, raw) != format.CheckGood {
		t.Error("the page has changed")
	}
}
