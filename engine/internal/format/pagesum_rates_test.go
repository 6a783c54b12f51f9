// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

var pageDamages = flag.Int("pagedamages", 5_000, "damages of each kind that TestPageSumRates does")

// leafPage returns a page of records such as a database has, and not quite full.
func leafPage(g format.Geometry, p base.PageNo, seal format.Seal, rng *rand.Rand) []byte {
	raw := make([]byte, g.PageSize)
	var b format.LeafBuilder
	b.Reset(g.Content(p, raw))
	for i := 0; ; i++ {
		key := fmt.Appendf(nil, "user/%08d/name", rng.IntN(1e6)+i)
		value := bytes.Repeat([]byte{"abcdefgh"[rng.IntN(8)], byte(rng.IntN(256)), 0}, rng.IntN(12))
		if !b.Fits(format.LeafHeaderLen(base.Insert, len(key), len(value)) + len(key) + len(value)) {
			break
		}
		b.StartCell(base.Insert, len(key), len(value))
		b.Body(key)
		b.Body(value)
	}
	g.SealPage(p, raw, seal)
	return raw
}

// pageDamage changes a page; least is the smallest page it makes sense for.
type pageDamage struct {
	name  string
	least int
	do    func(raw []byte, rng *rand.Rand)
}

func flip(raw []byte, bit int) { raw[bit/8] ^= 1 << (bit % 8) }

func someBits(n int) pageDamage {
	return pageDamage{fmt.Sprintf("%d bits", n), 256, func(raw []byte, rng *rand.Rand) {
		var bits [8]int
		for i := range bits[:n] {
		again:
			bits[i] = rng.IntN(8 * len(raw))
			for _, b := range bits[:i] {
				if b == bits[i] {
					goto again
				}
			}
			flip(raw, bits[i])
		}
	}}
}

// burst flips the first and the last of from to to bits and about half of those between.
func burst(name string, from, to int) pageDamage {
	return pageDamage{name, 256, func(raw []byte, rng *rand.Rand) {
		n := from + rng.IntN(min(to, 4*len(raw))-from+1)
		at := rng.IntN(8*len(raw) - n + 1)
		flip(raw, at)
		flip(raw, at+n-1)
		for i := 1; i < n-1; i++ {
			if rng.Uint32()&1 == 1 {
				flip(raw, at+i)
			}
		}
	}}
}

func swap(a, b []byte) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

var pageDamageKinds = []pageDamage{
	someBits(1), someBits(2), someBits(3), someBits(4), someBits(6), someBits(8),
	burst("2 to 13 bits in a row", 2, 13), burst("14 to 32 bits in a row", 14, 32), burst("33 to 4096 bits in a row", 33, 4096),
	{"2 to 100 bytes zeroed", 256, func(raw []byte, rng *rand.Rand) {
		n := 2 + rng.IntN(99)
		at := rng.IntN(len(raw) - n)
		clear(raw[at : at+n])
	}},
	{"a sector zeroed", 1024, func(raw []byte, rng *rand.Rand) {
		at := rng.IntN(len(raw)/512) * 512
		clear(raw[at : at+512])
	}},
	{"two sectors swapped", 1024, func(raw []byte, rng *rand.Rand) {
		a, b := rng.IntN(len(raw)/512)*512, rng.IntN(len(raw)/512)*512
		swap(raw[a:a+512], raw[b:b+512])
	}},
	{"two words of 8 bytes swapped", 256, func(raw []byte, rng *rand.Rand) {
		a, b := rng.IntN(len(raw)/8)*8, rng.IntN(len(raw)/8)*8
		swap(raw[a:a+8], raw[b:b+8])
	}},
	{"content moved by 1 to 16 bytes", 256, func(raw []byte, rng *rand.Rand) {
		by, at := 1+rng.IntN(16), rng.IntN(len(raw)/2)
		copy(raw[at+by:], raw[at:])
	}},
	{"another page", 256, nil}, // in place of this one, of the same segment
	{"an earlier page", 256, nil},
}

// TestPageSumRates counts how much damage passes the page sum, the one with seals and
// the old one, and holds both to what is said about them.
func TestPageSumRates(t *testing.T) {
	for _, size := range []int{256, 4096, 65536} {
		t.Run(fmt.Sprint(size), func(t *testing.T) { pageSumRates(t, size) })
	}
}

func pageSumRates(t *testing.T, size int) {
	for _, d := range pageDamageKinds {
		if size >= d.least {
			t.Run(d.name, func(t *testing.T) { pageSumRate(t, size, d) })
		}
	}
}

func pageSumRate(t *testing.T, size int, d pageDamage) {
	g := geometry(t, size, 1<<20)
	rng := rand.New(rand.NewPCG(5, uint64(size)))
	tries := *pageDamages
	if tries < 100_000 && size > 4096 {
		tries /= 10
	}
	const pages = 64
	bad := make([]byte, 0, size)
	var missed [2]int
	did := 0
	var raw, raw2 [pages][]byte // with seals, with old sums
	for i := 0; did < tries; i++ {
		k := i % pages
		p := g.FirstPage(3) + base.PageNo(k)%base.PageNo(g.PagesPerBlock())
		seal := format.Seal(1 + k*101)
		// A zeroed sector has few forms on one page: a new page for each.
		if i%(64*pages) < pages || d.name == "a sector zeroed" && size <= 4096 {
			raw[k] = leafPage(g, p, seal, rng)
			raw2[k] = bytes.Clone(raw[k])
			g.SealPage(p, raw2[k], 0)
		}
		switch d.name {
		case "another page": // that has the same seal: its segment's
			q := p + 1 + base.PageNo(rng.IntN(1e6))
			other := otherPage(g, q, seal, raw[k], bad, rng)
			count(&missed[0], g.SumGood(p, p, other, seal))
			g.SealPage(q, other, 0)
			count(&missed[1], g.SumGood(p, p, other, 0))
		case "an earlier page": // of the same number, of an earlier segment
			other := otherPage(g, p, seal+1+format.Seal(rng.IntN(1000)), raw[k], bad, rng)
			count(&missed[0], g.SumGood(p, p, other, seal))
			g.SealPage(p, other, 0)
			count(&missed[1], g.SumGood(p, p, other, 0))
		default:
			seed := rng.Uint64()
			bad = append(bad[:0], raw[k]...)
			d.do(bad, rand.New(rand.NewPCG(seed, 0)))
			if bytes.Equal(bad, raw[k]) {
				continue
			}
			count(&missed[0], g.SumGood(p, p, bad, seal))
			copy(bad, raw2[k])
			d.do(bad, rand.New(rand.NewPCG(seed, 0)))
			count(&missed[1], !bytes.Equal(bad, raw2[k]) && g.SumGood(p, p, bad, 0))
		}
		did++
	}
	t.Logf("%5d  %-32s %8d damages: %4d passed (1 in %s); old sum %4d (1 in %s)", size, d.name, did, missed[0], oneIn(did, missed[0]), missed[1], oneIn(did, missed[1]))
	limit := 6 + did/5000
	switch d.name {
	case "1 bits", "2 to 13 bits in a row":
		limit = 0
	case "2 bits":
		if size < 1024 {
			limit = 0
		}
	}
	if missed[0] > limit {
		t.Errorf("%s: %d of %d passed", d.name, missed[0], did)
	}
	if d.name == "3 bits" && missed[1] > 0 {
		t.Errorf("old sum, 3 bits: %d passed", missed[1])
	}
}

// otherPage makes a page of one, with other content.
func otherPage(g format.Geometry, p base.PageNo, seal format.Seal, of, scratch []byte, rng *rand.Rand) []byte {
	raw := append(scratch[:0], of...)
	binary.LittleEndian.PutUint64(raw[64:], rng.Uint64())
	g.SealPage(p, raw, seal)
	return raw
}

func count(n *int, passed bool) {
	if passed {
		*n++
	}
}

func oneIn(did, missed int) string {
	if missed == 0 {
		return "-"
	}
	return fmt.Sprint(did / missed)
}
