// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
)

const blockSize = 64 << 10

func newMap(t *testing.T, blocks int64) *fileMap {
	t.Helper()
	geo, err := format.NewGeometry(4096, blockSize)
	if err != nil {
		t.Fatal(err)
	}
	return &fileMap{geo: geo, blocks: blocks}
}

// TestAddToMap adds extents that overlap, and compares with a list of units of 4 KiB in which the first one stays.
func TestAddToMap(t *testing.T) {
	const unit, blocks = 4096, 8
	const units = blocks * blockSize / unit
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		m := newMap(t, blocks)
		want := [units]int{}
		next := 0
		for range 3 {
			var more []Extent
			for range rng.IntN(12) {
				start := rng.IntN(units + 4)
				end := start + rng.IntN(30)
				next++
				more = append(more, Extent{Start: int64(start) * unit, End: int64(end) * unit, Use: UseSegment, Segment: next})
			}
			given := append([]Extent(nil), more...)
			m.add(more)
			// That which begins first wins, and of those that begin at once the first one.
			for range given {
				best := -1
				for i, e := range given {
					if e.Use == UseSegment && (best < 0 || e.Start < given[best].Start) {
						best = i
					}
				}
				for u := given[best].Start / unit; u < min(given[best].End/unit, units); u++ {
					if want[u] == 0 {
						want[u] = given[best].Segment
					}
				}
				given[best].Use = UseUnknown
			}
			got := [units]int{}
			for i, e := range m.list {
				if e.Start >= e.End || i > 0 && m.list[i-1].End > e.Start {
					t.Fatalf("seed %d: %v", seed, m.list)
				}
				for u := e.Start / unit; u < e.End/unit; u++ {
					got[u] = e.Segment
				}
			}
			if got != want {
				t.Fatalf("seed %d:\n%v, want\n%v", seed, got, want)
			}
		}
		m.addGaps()
		at := int64(0)
		for _, e := range m.list {
			if e.Start != at {
				t.Fatalf("seed %d: gap at %d: %v", seed, at, m.list)
			}
			if at = e.End; e.Use == UseUnknown && (e.Start%blockSize != 0 || e.End%blockSize != 0) {
				t.Fatalf("seed %d: %v is of a block that has other uses", seed, e)
			}
		}
		if at != blocks*blockSize {
			t.Fatalf("seed %d: the map ends at %d", seed, at)
		}
	}
}

// TestCoarsen: a map of too many extents is made of fewer, each with the use of most of its bytes, and none is lost.
func TestCoarsen(t *testing.T) {
	const blocks = 1 << 12
	m := newMap(t, blocks)
	var free []freelist.Run
	for b := base.BlockNo(2); b < blocks; b += 2 { // every other block is free, in the second half one of four
		if b < blocks/2 || b%4 == 0 {
			free = append(free, freelist.Run{First: b, Last: b})
		}
	}
	m.add([]Extent{nobody(0, 2*format.MetaPageSize, UseMeta)})
	m.addFree(free)
	m.addGaps()
	exact := len(m.list)
	if grain := m.coarsen(exact); grain != 1 || len(m.list) != exact {
		t.Errorf("%d extents are enough, but each is %d blocks", exact, grain)
	}
	grain := m.coarsen(600)
	if grain < 2 || len(m.list) > 600 || len(m.list) < 2 {
		t.Errorf("%d extents, of %d blocks each", len(m.list), grain)
	}
	at := int64(0)
	for _, e := range m.list {
		if e.Start != at {
			t.Fatalf("a gap at %d", at)
		}
		if at = e.End; e.Start > blocks*blockSize/2 && e.Use == UseFree {
			t.Errorf("%+v: three of four blocks there are not free", e)
		}
	}
	if at != blocks*blockSize || m.list[0].Use != UseMeta {
		t.Errorf("the map begins with %+v and ends at %d", m.list[0], at)
	}
}

// BenchmarkMap is the map of a file of 1 TiB, with blocks of 1 MiB of which every other one is free: what is held
// while a commit waits is not part of it.
func BenchmarkMap(b *testing.B) {
	geo, err := format.NewGeometry(4096, 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	const blocks = 1 << 20
	var segment []Extent
	var free []freelist.Run
	for n := range int64(blocks / 2) {
		segment = push(segment, Extent{Start: 2 * n << 20, End: (2*n + 1) << 20, Use: UseSegment})
		free = append(free, freelist.Run{First: base.BlockNo(2*n + 2), Last: base.BlockNo(2*n + 2)})
	}
	b.ReportAllocs()
	for b.Loop() {
		m := fileMap{geo: geo, blocks: blocks}
		m.add(append([]Extent{nobody(0, 2*format.MetaPageSize, UseMeta)}, segment...))
		m.addFree(free)
		m.addGaps()
		if m.coarsen(1<<16) < 2 {
			b.Fatal("nothing was made coarser")
		}
	}
}
