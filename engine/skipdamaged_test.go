// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
	"time"
)

var skips = flag.Int("skips", 300, "damages that TestSkipDamaged does")

// inRanges reports whether a key is in one of the ranges.
func inRanges(ranges []engine.DamagedRange, key []byte) bool {
	return slices.ContainsFunc(ranges, func(r engine.DamagedRange) bool {
		return bytes.Compare(key, r.From) >= 0 && (r.To == nil || bytes.Compare(key, r.To) < 0)
	})
}

// keyedRow is a row with its key.
type keyedRow struct {
	goldenRow
	k []byte
}

func keyed(t *testing.T, rows []goldenRow) (out []keyedRow) {
	t.Helper()
	for _, r := range rows {
		k, err := hex.DecodeString(r.K)
		ok(t, err)
		out = append(out, keyedRow{r, k})
	}
	return out
}

// outside returns the rows that are in none of the ranges.
func outside(ranges []engine.DamagedRange, rows []keyedRow) (out []keyedRow) {
	for _, r := range rows {
		if !inRanges(ranges, r.k) {
			out = append(out, r)
		}
	}
	return out
}

// sameRows says where rows that were read differ from those that there are; "" if nowhere.
func sameRows(got []seenRow, want []keyedRow) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i == len(got):
			return fmt.Sprintf("row %d, key %s, is missing", i, want[i].K)
		case i == len(want):
			return fmt.Sprintf("row %d, key %x, is too many", i, got[i].key)
		case !want[i].matches(got[i].key, got[i].value):
			return fmt.Sprintf("row %d is %x of %d bytes, want key %s", i, got[i].key, len(got[i].value), want[i].K)
		}
	}
	return ""
}

type seenRow struct{ key, value []byte }

// skipReading is a file that is read around its damage.
type skipReading struct {
	db     *engine.DB
	rows   []keyedRow // that there were
	events []engine.DamagedRange
}

func openSkipping(fs *memfs.FS, rows []keyedRow) (*skipReading, error) {
	s := &skipReading{rows: rows}
	db, err := engine.Open(context.Background(), "/x.db", engine.Options{FS: fs, ReadOnly: true, SkipDamaged: true, CacheSize: 1 << 20,
		Observer: &engine.Observer{Skipped: func(e engine.SkipEvent) { s.events = append(s.events, e.Range) }}})
	s.db = db
	return s, err
}

// scan reads all rows in one direction, and says what is wrong with them.
func (s *skipReading) scan(back bool) string {
	c, err := s.db.Cursor(context.Background())
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	first, next := c.First, c.Next
	if back {
		first, next = c.Last, c.Prev
	}
	var got []seenRow
	for ok := first(); ok; ok = next() {
		if len(got) > len(s.rows)+100 {
			return fmt.Sprintf("too many rows: %x %x %x", got[len(got)-1].key, got[len(got)-2].key, got[len(got)-3].key)
		}
		v, err := c.Value()
		if err != nil {
			return fmt.Sprintf("the value of %x: %v", c.Key(), err)
		}
		got = append(got, seenRow{bytes.Clone(c.Key()), bytes.Clone(v)})
	}
	if c.Err() != nil {
		return c.Err().Error()
	}
	if back {
		slices.Reverse(got)
	}
	ranges := s.db.Skipped()
	for i, r := range ranges {
		if r.Detail == "" || r.To != nil && bytes.Compare(r.From, r.To) >= 0 || i > 0 && bytes.Compare(ranges[i-1].To, r.From) >= 0 {
			return fmt.Sprintf("the ranges are %v", ranges)
		}
	}
	got = slices.DeleteFunc(got, func(r seenRow) bool { return inRanges(ranges, r.key) })
	return sameRows(got, outside(ranges, s.rows))
}

// long reports whether the value of a row is that long.
func (r goldenRow) long(n int) bool { return r.V != nil && n == len(*r.V)/2 || r.V == nil && n == r.N }

// gets looks keys up, some that are not there among them, and says what is wrong.
func (s *skipReading) gets(rng *rand.Rand) string {
	for i := range min(len(s.rows), 60) {
		row := s.rows[rng.IntN(len(s.rows))]
		key := bytes.Clone(row.k)
		if i%3 == 0 {
			key = append(key, 'x')
		}
		at, there := slices.BinarySearchFunc(s.rows, key, func(r keyedRow, k []byte) int { return bytes.Compare(r.k, k) })
		v, found, err := s.db.Get(nil, key)
		n, has, lenErr := s.db.ValueLen(key)
		c, cErr := s.db.Cursor(context.Background())
		if cErr != nil {
			return cErr.Error()
		}
		sought := c.Seek(key, engine.SeekEQ)
		seekErr := c.Err()
		_ = c.Close()
		switch {
		case err == nil && (lenErr != nil || found != has || n != len(v)) || lenErr == nil && (has != there || has && !s.rows[at].long(n)):
			return fmt.Sprintf("Get(%x) returns %d bytes, %v, %v; ValueLen %d, %v, %v", key, len(v), found, err, n, has, lenErr)
		case err != nil && (!errors.Is(err, engine.ErrCorrupt) || !inRanges(s.db.Skipped(), key)):
			return fmt.Sprintf("Get(%x), which is in no range: %v", key, err)
		case err == nil && (found != there || found && !s.rows[at].matches(key, v)):
			return fmt.Sprintf("Get(%x) returns %d bytes, %v, want %v", key, len(v), found, there)
		case err == nil && seekErr == nil && sought != there:
			return fmt.Sprintf("Seek(%x, EQ) returns %v, want %v", key, sought, there)
		}
	}
	return ""
}

// seeks seeks keys and walks on for a while, and says what is wrong.
func (s *skipReading) seeks(rng *rand.Rand) string {
	c, err := s.db.Cursor(context.Background())
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	for range 12 {
		key := bytes.Clone(s.rows[rng.IntN(len(s.rows))].k)
		if rng.IntN(3) == 0 {
			key = append(key, 0)
		}
		back := rng.IntN(2) == 0
		mode, next := engine.SeekGE, c.Next
		if back {
			mode, next = engine.SeekLE, c.Prev
		}
		var got []seenRow
		end := []byte(nil)
		for ok := c.Seek(key, mode); ok && len(got) < 10; ok = next() {
			v, err := c.Value()
			if err != nil {
				return err.Error()
			}
			end = bytes.Clone(c.Key())
			got = append(got, seenRow{end, bytes.Clone(v)})
			if rng.IntN(8) == 0 && len(got) > 1 && !inRanges(s.db.Skipped(), end) { // there and back
				ok := back && c.Next() && c.Prev() || !back && c.Prev() && c.Next()
				if ok && bytes.Equal(c.Key(), end) {
					continue
				}
				// Within a range one direction may show more than the other.
				if !ok || !inRanges(s.db.Skipped(), c.Key()) || !c.Seek(end, engine.SeekEQ) {
					return fmt.Sprintf("from %x there and back leads to %x, %v", end, c.Key(), c.Err())
				}
			}
		}
		if c.Err() != nil {
			return c.Err().Error()
		}
		if !c.Valid() {
			end = nil
		}
		if back {
			slices.Reverse(got)
		}
		ranges := s.db.Skipped()
		got = slices.DeleteFunc(got, func(r seenRow) bool { return inRanges(ranges, r.key) })
		want := outside(ranges, s.rows)
		want = slices.DeleteFunc(want, func(r keyedRow) bool {
			k := r.k
			if back {
				return bytes.Compare(k, key) > 0 || end != nil && bytes.Compare(k, end) < 0
			}
			return bytes.Compare(k, key) < 0 || end != nil && bytes.Compare(k, end) > 0
		})
		if wrong := sameRows(got, want); wrong != "" {
			return fmt.Sprintf("from %x, back %v, up to %x: %s", key, back, end, wrong)
		}
	}
	return ""
}

// TestSkipDamaged damages pages of files at random and reads around that. Outside the ranges that are
// reported every row is exactly right, whichever way it is read, in files whose pages carry page sums.
// Of the pages of C lsm1 only damage that breaks the structure is noticed; there it must not be worse than
// without the option: where a scan fails otherwise something is reported.
func TestSkipDamaged(t *testing.T) {
	t.Parallel()
	all := specimens(t)
	rows := make(map[string][]keyedRow)
	for _, s := range all {
		rows[s.name] = keyed(t, s.rows)
	}
	rng := rand.New(rand.NewPCG(*damageSeed, 9))
	type count struct{ n, refused, unnoticed, wrong, rows, inside int }
	counts := make(map[string]*count)
	wanted := *skips
	if engine.RaceDetector {
		wanted /= 8 // one goroutine does it all
	}
	progress := longtest.Start(t, 10*time.Second, wanted)
	shown := 0
	for did := 0; did < wanted && shown < 10; {
		s := &all[rng.IntN(len(all))]
		if len(s.rows) == 0 {
			continue
		}
		kind := &damageKinds[rng.IntN(len(damageKinds))]
		p, q := s.pages[rng.IntN(len(s.pages))], s.pages[rng.IntN(len(s.pages))]
		file := bytes.Clone(s.data)
		if !kind.do(s, file, p, q, rng) || bytes.Equal(file, s.data) {
			continue
		}
		did++
		progress.Step()
		origin := "C lsm1"
		switch {
		case s.checked:
			origin = "page sums"
		case s.mixed:
			origin = "C and page sums"
		}
		if counts[origin] == nil {
			counts[origin] = &count{}
		}
		n := counts[origin]
		n.n++
		fail := func(how, wrong string) {
			if wrong == "" || n.wrong > 0 && !s.checked {
				return
			}
			n.wrong++
			if s.checked {
				shown++
				t.Errorf("%s, %s, page %d (and %d), %s: %s", s.name, kind.name, p, q, how, wrong)
			}
		}
		fs := memfs.New()
		ok(t, fs.WriteFile("/x.db", file))
		for i, how := range []string{"forward", "backward", "looking up", "seeking"} {
			r, err := openSkipping(fs, rows[s.name])
			if err != nil {
				if n.refused++; s.checked {
					fail("opening", err.Error())
				}
				break
			}
			switch i {
			case 0:
				wrong := r.scan(false)
				right := wrong == ""
				fail(how, wrong)
				ranges := r.db.Skipped()
				if len(s.pages) > 20 {
					n.rows += len(s.rows)
					n.inside += len(s.rows) - len(outside(ranges, rows[s.name]))
				}
				if (len(ranges) == 0) != (len(r.events) == 0) {
					t.Errorf("%d ranges, %d events", len(ranges), len(r.events))
				}
				if len(ranges) > 0 {
					break
				}
				n.unnoticed++
				if without := readDamaged(file, s.rows); !right && without.failed {
					shown++
					t.Errorf("%s, %s, page %d (and %d): without the option reading fails, %+v, with it nothing is reported", s.name, kind.name, p, q, without)
				}
			case 1:
				fail(how, r.scan(true))
			case 2:
				fail(how, r.gets(rng))
			case 3:
				fail(how, r.seeks(rng))
			}
			ok(t, r.db.Close())
		}
	}
	for origin, n := range counts {
		t.Logf("%s: %d damages, %d refused, %d without a range, %d with wrong rows outside; %.2f %% of the rows are in ranges",
			origin, n.n, n.refused, n.unnoticed, n.wrong, 100*float64(n.inside)/float64(max(1, n.rows)))
	}
}
