package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// Damage of data pages in closed files. The meta pages are left alone here.

var (
	damages    = flag.Int("damages", 1000, "damages that TestDamagedPagesAreNoticed does")
	damageSeed = flag.Uint64("damageseed", 1, "seed of TestDamagedPagesAreNoticed")
)

// specimen is a closed database file with its content.
type specimen struct {
	name string
	data []byte
	rows []goldenRow
	// checked says that all pages carry page sums, mixed that some do.
	checked, mixed bool
	geo            format.Geometry
	pages          []base.PageNo // in use; of a compressed file sectors of the data area
	older          [][]byte      // what the file was before, newest last
}

func (s *specimen) unit() int {
	if s.geo.Compressed {
		return 512
	}
	return s.geo.PageSize
}

// at returns the bytes of one of the pages.
func (s *specimen) at(file []byte, p base.PageNo) []byte {
	off := s.geo.Offset(p)
	return file[off : off+int64(s.unit())]
}

// usedPages returns the pages that the segments of a file of either layout have.
func usedPages(t *testing.T, data []byte) (pages []base.PageNo) {
	t.Helper()
	fs := memfs.New()
	if err := fs.WriteFile("/x.db", data); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(context.Background(), "/x.db", engine.Options{FS: fs, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c := newestCheckpoint(data)
	if c == nil {
		return nil
	}
	for _, l := range c.Levels {
		for _, s := range append([]format.Segment{l.LHS}, l.RHS...) {
			ranges, err := db.SegmentRanges(int64(s.First))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range ranges {
				step := int64(1)
				if c.Compression >= format.FirstCodec {
					step, r.First = 512, (r.First+511)/512*512
				}
				for p := r.First; p <= r.Last && p+step <= int64(len(data)); p += step {
					pages = append(pages, base.PageNo(p))
				}
			}
		}
	}
	slices.Sort(pages)
	return slices.Compact(pages)
}

func (s *specimen) finish(t *testing.T) specimen {
	t.Helper()
	c := newestCheckpoint(s.data)
	var err error
	if s.geo, err = c.Geometry(); err != nil {
		t.Fatal(err)
	}
	s.pages = usedPages(t, s.data)
	return *s
}

// rowListing lists what a database holds.
func rowListing(t *testing.T, db *engine.DB) (rows []goldenRow) {
	t.Helper()
	s, err := db.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for ok := c.First(); ok; ok = c.Next() {
		v, err := c.Value()
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%x", v)
		rows = append(rows, goldenRow{K: fmt.Sprintf("%x", c.Key()), V: &text})
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	return rows
}

// write makes a database of the given layout in several generations, each of which
// replaces the one before, in the same blocks where that is possible.
func writeSpecimen(t *testing.T, name string, o engine.Options, generations, levels, rows, long int) specimen {
	t.Helper()
	ctx := context.Background()
	fs := memfs.New()
	o.FS, o.Background, o.AutoMerge = fs, engine.BackgroundNone, 40
	s := specimen{name: name, checked: true}
	for g := range generations {
		db, err := engine.Open(ctx, "/x.db", o)
		if err != nil {
			t.Fatal(err)
		}
		for l := range levels {
			err := db.Update(ctx, func(tx *engine.Tx) error {
				for i := range rows {
					v := bytes.Repeat([]byte{byte('a' + g), byte(i), byte(l)}, 3+(i*7+g)%20)
					if long > 0 && i%37 == 5 {
						v = bytes.Repeat([]byte(fmt.Sprint(g, i, l)), long/4)
					}
					if err := tx.Put(fmt.Appendf(nil, "key%05d", i*levels+l), v); err != nil {
						return err
					}
				}
				return tx.Delete(fmt.Appendf(nil, "key%05d", l))
			})
			if err == nil {
				err = db.Flush(ctx)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if g+1 < generations {
			if err := db.Optimize(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Checkpoint(ctx); err != nil {
				t.Fatal(err)
			}
		} else {
			s.rows = rowListing(t, db)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := fs.ReadFile("/x.db")
		if err != nil {
			t.Fatal(err)
		}
		if s.data != nil {
			s.older = append(s.older, s.data)
		}
		s.data = data
	}
	return s.finish(t)
}

// mixed writes some rows on top of a file.
func (s specimen) mix(t *testing.T) specimen {
	t.Helper()
	ctx := context.Background()
	fs := memfs.New()
	if err := fs.WriteFile("/x.db", s.data); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, Background: engine.BackgroundNone, AutoMerge: 40})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, func(tx *engine.Tx) error {
		for i := range 30 {
			if err := tx.Put(fmt.Appendf(nil, "mixed%03d", i), bytes.Repeat([]byte{'m'}, 40)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	m := specimen{name: s.name + "+ours", rows: rowListing(t, db), mixed: true}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if m.data, err = fs.ReadFile("/x.db"); err != nil {
		t.Fatal(err)
	}
	return m.finish(t)
}

// specimens are closed files of all origins: of this version, of lsmlite before it had
// seals, of C lsm1, and of both.
func specimens(t *testing.T) (all []specimen) {
	t.Helper()
	all = append(all,
		writeSpecimen(t, "one page", engine.Options{}, 3, 1, 2, 0),
		writeSpecimen(t, "256", engine.Options{PageSize: 256, BlockSize: 64 << 10}, 5, 3, 80, 900),
		writeSpecimen(t, "4096", engine.Options{PageSize: 4096, BlockSize: 64 << 10}, 5, 3, 200, 9000),
		writeSpecimen(t, "lz4", engine.Options{PageSize: 1024, BlockSize: 64 << 10, Compression: "lz4"}, 5, 3, 200, 3000),
	)
	old, err := filepath.Glob(filepath.Join(oldSums, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range goldenDirs(t) {
		names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			file := strings.TrimSuffix(name, ".jsonl") + ".db"
			data, err := readGolden(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = os.Stat(file + "-log")
			if err == nil || len(data) > 300<<10 || newestCheckpoint(data) == nil {
				continue // not closed, or larger than is useful here
			}
			base := strings.TrimSuffix(filepath.Base(name), ".jsonl")
			if slices.ContainsFunc(all, func(s specimen) bool { return s.name == base }) {
				continue
			}
			s := specimen{name: base, data: data, rows: readListing(t, name), checked: slices.Contains(old, name)}
			all = append(all, s.finish(t))
			if !s.checked {
				all = append(all, all[len(all)-1].mix(t))
			}
		}
	}
	return all
}

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
	for did < wanted {
		s := &all[rng.IntN(len(all))]
		kind := &damageKinds[rng.IntN(len(damageKinds))]
		p, q := s.pages[rng.IntN(len(s.pages))], s.pages[rng.IntN(len(s.pages))]
		file := bytes.Clone(s.data)
		if !kind.do(s, file, p, q, rng) || bytes.Equal(file, s.data) {
			continue
		}
		did++
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
