// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

// Damage of data pages in closed files. The meta pages are left alone here.

var (
	damages    = flag.Int("damages", 1000, "damages that TestDamagedPagesAreNoticed does")
	damageSeed = flag.Uint64("damageseed", 1, "seed of TestDamagedPagesAreNoticed")
)

// damageKinds change one place of a file and report false if they have changed nothing.
var damageKinds = []struct {
	name string
	do   func(s *specimen, file []byte, p, q base.PageNo, rng *rand.Rand) bool
}{
	{"page of zeros", func(s *specimen, file []byte, p, _ base.PageNo, _ *rand.Rand) bool {
		clear(s.at(file, p))
		return true
	}},
	{"sector of zeros", func(s *specimen, file []byte, p, _ base.PageNo, rng *rand.Rand) bool {
		page := s.at(file, p)
		at := rng.IntN(max(1, len(page)/512)) * 512
		clear(page[at:min(len(page), at+512)])
		return true
	}},
	{"pages swapped", func(s *specimen, file []byte, p, q base.PageNo, _ *rand.Rand) bool {
		a := bytes.Clone(s.at(file, p))
		copy(s.at(file, p), s.at(file, q))
		copy(s.at(file, q), a)
		return true
	}},
	{"page copied over another", func(s *specimen, file []byte, p, q base.PageNo, _ *rand.Rand) bool {
		copy(s.at(file, p), s.at(file, q))
		return true
	}},
	{"meta page copied over a page", func(s *specimen, file []byte, p, _ base.PageNo, _ *rand.Rand) bool {
		copy(s.at(file, p), file[:8192])
		return true
	}},
	{"older page of the same number", func(s *specimen, file []byte, p, _ base.PageNo, rng *rand.Rand) bool {
		if len(s.older) == 0 {
			return false
		}
		old := s.older[rng.IntN(len(s.older))]
		if s.geo.Offset(p)+int64(s.unit()) > int64(len(old)) {
			return false
		}
		copy(s.at(file, p), s.at(old, p))
		return true
	}},
	{"1 bit", flipBits(1)},
	{"2 bits", flipBits(2)},
	{"4 bits", flipBits(4)},
	{"random bytes", func(s *specimen, file []byte, p, _ base.PageNo, rng *rand.Rand) bool {
		page := s.at(file, p)
		n := 2 + rng.IntN(30)
		at := rng.IntN(len(page) - n)
		for i := range n {
			page[at+i] = byte(rng.Uint32())
		}
		return true
	}},
	{"content moved by a few bytes", func(s *specimen, file []byte, p, _ base.PageNo, rng *rand.Rand) bool {
		page := s.at(file, p)
		at, by := rng.IntN(len(page)/2), 1+rng.IntN(16)
		copy(page[at+by:], page[at:])
		return true
	}},
}

func flipBits(n int) func(*specimen, []byte, base.PageNo, base.PageNo, *rand.Rand) bool {
	return func(s *specimen, file []byte, p, _ base.PageNo, rng *rand.Rand) bool {
		page := s.at(file, p)
		for range n {
			bit := rng.IntN(8 * len(page))
			page[bit/8] ^= 1 << (bit % 8)
		}
		return true
	}
}

// reading is what comes of reading a damaged file.
type reading struct {
	refused bool // on opening
	failed  bool // an error on reading
	noticed bool // either, or a check finds something
	right   bool // all rows are there, and no others
	rows    int
}

// readDamaged reads a file in all ways.
func readDamaged(data []byte, rows []goldenRow) (r reading) {
	ctx := context.Background()
	fs := memfs.New()
	if err := fs.WriteFile("/x.db", data); err != nil {
		panic(err)
	}
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, ReadOnly: true, CacheSize: 1 << 20})
	if err != nil {
		return reading{refused: true, noticed: true}
	}
	defer db.Close()
	r.right, r.failed = true, false
	s, err := db.Snapshot(ctx)
	if err != nil {
		return reading{failed: true, noticed: true}
	}
	defer s.Close()
	c, err := s.Cursor()
	if err != nil {
		return reading{failed: true, noticed: true}
	}
	defer c.Close()
	i := 0
	for ok := c.First(); ok; ok = c.Next() {
		v, err := c.Value()
		r.failed = r.failed || err != nil
		r.right = r.right && i < len(rows) && rows[i].matches(c.Key(), v)
		i++
	}
	r.rows = i
	r.failed = r.failed || c.Err() != nil
	r.right = r.right && i == len(rows)
	if !r.failed && !r.right {
		for ok := c.Last(); ok; ok = c.Prev() {
		}
		r.failed = c.Err() != nil
		for _, row := range rows {
			if _, _, err := s.Get(nil, row.key()); err != nil {
				r.failed = true
				break
			}
		}
	}
	r.noticed = r.failed
	for range db.Check(ctx) {
		r.noticed = true
		break
	}
	return r
}

func (r goldenRow) key() []byte {
	var b []byte
	if _, err := fmt.Sscanf(r.K, "%x", &b); err != nil && r.K != "" {
		panic(err)
	}
	return b
}

// afterOptimize rewrites a damaged file and reports whether rows have gone by it without
// a word.
func afterOptimize(t *testing.T, data []byte, rows []goldenRow) (lost bool) {
	ctx := context.Background()
	fs := memfs.New()
	if err := fs.WriteFile("/x.db", data); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, Background: engine.BackgroundNone})
	if err != nil {
		return false
	}
	work := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{0xFF, 0xFF, 0xFF}, nil) })
	work = errors.Join(work, db.Optimize(ctx))
	if err := errors.Join(work, db.Close()); err != nil {
		return false
	}
	now, err := fs.ReadFile("/x.db")
	if err != nil {
		t.Fatal(err)
	}
	empty := ""
	r := readDamaged(now, append(slices.Clone(rows), goldenRow{K: "ffffff", V: &empty}))
	return !r.right && !r.noticed && r.rows <= len(rows)
}

type damageCount struct{ n, refused, failed, checked, right, silent, fewer, empty, lost int }

// TestDamagedPagesAreNoticed damages pages of closed files at random and reads them. What
// is not noticed must not be a database that looks empty. Pages with a page sum let 1 in
// 8192 pass; of those that C lsm1 wrote, only damage that breaks the structure is noticed.
func TestDamagedPagesAreNoticed(t *testing.T) {
	t.Parallel()
	all := specimens(t)
	rng := rand.New(rand.NewPCG(*damageSeed, 7))
	counts := make(map[string]*damageCount)
	count := func(name string) *damageCount {
		if counts[name] == nil {
			counts[name] = &damageCount{}
		}
		return counts[name]
	}
	did := 0
	shown := 0
	wanted := *damages
	if engine.RaceDetector {
		wanted /= 8 // one goroutine does it all
	}
	progress := longtest.Start(t, 3*time.Second, wanted)
	for did < wanted {
		s := &all[rng.IntN(len(all))]
		kind := &damageKinds[rng.IntN(len(damageKinds))]
		p, q := s.pages[rng.IntN(len(s.pages))], s.pages[rng.IntN(len(s.pages))]
		file := bytes.Clone(s.data)
		if !kind.do(s, file, p, q, rng) || bytes.Equal(file, s.data) {
			continue
		}
		did++
		progress.Step()
		r := readDamaged(file, s.rows)
		origin := "C lsm1"
		switch {
		case s.checked && s.older == nil:
			origin = "old sums"
		case s.checked:
			origin = "seals"
		case s.mixed:
			origin = "C and seals"
		}
		lost := did%4 == 0 && !r.refused && !r.right && afterOptimize(t, file, s.rows)
		for _, c := range []*damageCount{count(origin), count(origin + ": " + kind.name)} {
			c.n++
			switch {
			case r.refused:
				c.refused++
			case r.failed:
				c.failed++
			case r.right:
				c.right++
			case r.noticed:
				c.checked++
			default:
				c.silent++
			}
			if !r.refused && !r.failed && r.rows < len(s.rows) {
				c.fewer++
			}
			if !r.refused && !r.failed && r.rows == 0 && len(s.rows) > 0 {
				c.empty++
			}
			if lost && r.noticed {
				c.lost++
			}
		}
		if !r.refused && !r.failed && r.rows == 0 && len(s.rows) > 0 && shown < 20 {
			shown++
			t.Errorf("%s, %s, page %d (and %d): reads as an empty database", s.name, kind.name, p, q)
		}
		if lost && r.noticed && s.checked && shown < 20 {
			shown++
			t.Errorf("%s, %s, page %d (and %d): noticed on reading, but rewritten without an error", s.name, kind.name, p, q)
		}
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	t.Logf("%-45s %7s %8s %8s %8s %8s %8s %8s %8s %8s", "", "damages", "refused", "error", "checked", "harmless", "silent", "fewer", "empty", "rewritten")
	for _, name := range names {
		c := counts[name]
		t.Logf("%-45s %7d %8d %8d %8d %8d %8d %8d %8d %8d", name, c.n, c.refused, c.failed, c.checked, c.right, c.silent, c.fewer, c.empty, c.lost)
	}
	for _, origin := range []string{"seals", "old sums"} {
		if c := count(origin); c.silent > 3+c.n/1500 {
			t.Errorf("%s: %d of %d damages were not noticed", origin, c.silent, c.n)
		}
	}
}

// TestPageOfAnEarlierSegmentIsNoticed puts back what stood in the place of a page before, as
// a write does that never reached the disk. The page is whole and has the right number.
func TestPageOfAnEarlierSegmentIsNoticed(t *testing.T) {
	t.Parallel()
	for _, s := range []specimen{
		writeSpecimen(t, "256", engine.Options{PageSize: 256, BlockSize: 64 << 10}, 5, 3, 80, 900),
		writeSpecimen(t, "4096", engine.Options{PageSize: 4096, BlockSize: 64 << 10}, 5, 3, 200, 9000),
	} {
		n, missed := 0, 0
		for _, p := range s.pages {
			for _, old := range s.older {
				if s.geo.Offset(p)+int64(s.unit()) > int64(len(old)) || bytes.Equal(s.at(old, p), s.at(s.data, p)) {
					continue
				}
				was := s.at(old, p)
				if s.geo.StoredSum(p, was) == 0 {
					continue // not in use then, or 1 in 8192
				}
				file := bytes.Clone(s.data)
				copy(s.at(file, p), was)
				n++
				if !readDamaged(file, s.rows).noticed {
					missed++
				}
			}
		}
		if n < 20 || missed > 1+n/2000 {
			t.Errorf("pages of %s bytes: %d of %d earlier pages were not noticed", s.name, missed, n)
		}
		t.Logf("pages of %s bytes: %d earlier pages, %d not noticed", s.name, n, missed)
	}
}
