// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
)

// TestRegionsOfNoPage: a page number that a damaged page holds has no region of the file, and is an error.
func TestRegionsOfNoPage(t *testing.T) {
	x := packedFixture(t, compress.Zstd(), 1024, 1<<20)
	pages, a := x.pack(rand.New(rand.NewPCG(5, 5)), 200, 0, 2, 3, 4, 5)
	file := blockfile.New(&starting{File: x.f, asked: map[int64]int{}}, name, x.geo, compress.Zstd(), 4<<20)
	defer file.Close()
	file.SetBlocks(20)
	s := &blockfile.Space{File: file, Sealed: true}
	seq := blockfile.NewSequential(s, a.End())
	for _, p := range pages { // leaf pages, so many that regions are asked for
		if _, err := s.Page(p); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for _, p := range []base.PageNo{math.MinInt64, -1 << 40, -33 * 512 << 10, -1, 0, 1 << 40, math.MaxInt64} {
			if _, err := s.Page(p); !errors.Is(err, errs.ErrCorrupt) {
				t.Fatalf("page %d: %v", p, err)
			}
			if _, err := s.RawPage(p); !errors.Is(err, errs.ErrCorrupt) {
				t.Fatalf("page %d, raw: %v", p, err)
			}
			if _, err := seq.Page(p); !errors.Is(err, errs.ErrCorrupt) {
				t.Fatalf("page %d, in a run: %v", p, err)
			}
			if _, err := s.NextPage(p); !errors.Is(err, errs.ErrCorrupt) {
				t.Fatalf("page after %d: %v", p, err)
			}
		}
	}
}
