// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// unreadable is a file of which some pages cannot be read.
type unreadable struct {
	vfs.File
	lost []int64 // where they are
	size int64
}

var aroundSeeds = flag.Int("around.seeds", 12, "how many databases TestAroundASplit damages")

var errUnreadable = errors.New("the disk cannot read it")

func (f *unreadable) ReadAt(p []byte, off int64) (int, error) {
	for _, at := range f.lost {
		if off < at+f.size && off+int64(len(p)) > at {
			return 0, errUnreadable
		}
	}
	return f.File.ReadAt(p, off)
}

// splitWorld is a world whose levels are half-done merges over other levels, with ranges that reach across the split
// keys, and pages that become unreadable.
type splitWorld struct {
	*world
	t   *testing.T
	f   vfs.File
	geo format.Geometry
	st  *snapshot.State
	// ends are the last leaf pages of what is merged, with the beginning of a range that reaches across the split key.
	ends map[base.PageNo]bool
}

func newSplitWorld(t *testing.T, seed uint64, sums bool) *splitWorld {
	t.Helper()
	geo, err := format.NewGeometry([]int{256, 1024}[seed%2], 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &splitWorld{t: t, f: f, geo: geo, world: &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 7)), file: blockfile.New(f, "/test.db", geo, nil, 1<<20), rows: make(map[string][]byte),
		system: make(map[base.BlockNo]base.SnapshotID), keyLen: 4, prefix: bytes.Repeat([]byte("p"), int(seed%3)*40),
	}}
	s.st = &snapshot.State{Disk: &snapshot.Snapshot{}, Live: memtree.New().Freeze()}
	ops := func() []op { return s.ops(20 + s.rng.IntN(100)) }
	below := memtree.New()
	s.tree(below, s.ops(500))
	levels := []*snapshot.Level{s.plain(below)}
	for range 1 + s.rng.IntN(2) {
		if l := s.merging(ops); l != nil {
			levels = append([]*snapshot.Level{l}, levels...)
		}
	}
	s.st.Disk.Levels = levels
	s.findEnds()
	if !sums {
		s.clearSums()
	}
	return s
}

// clearSums makes pages of all as C lsm1 would have written them.
func (s *splitWorld) clearSums() {
	for _, p := range s.pages() {
		raw := make([]byte, s.geo.PageSize)
		if _, err := s.f.ReadAt(raw, s.geo.Offset(p)); err != nil {
			s.t.Fatal(err)
		}
		content := s.geo.Content(p, raw)
		content[len(content)-4], content[len(content)-3] = 0, content[len(content)-3]&7
		if _, err := s.f.WriteAt(raw, s.geo.Offset(p)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// pages returns the pages of all segments.
func (s *splitWorld) pages() (pages []base.PageNo) {
	for _, l := range s.st.Disk.Levels {
		for _, seg := range l.Segments() {
			for p := seg.First; ; {
				pages = append(pages, p)
				if p == seg.Last {
					break
				}
				var err error
				if p, err = seg.Space.NextPage(p); err != nil {
					s.t.Fatal(err)
				}
			}
		}
	}
	return pages
}

// around opens all segments once more, around what f has lost.
func (s *splitWorld) around(f vfs.File) *snapshot.State {
	file := blockfile.New(f, "/test.db", s.geo, nil, 1<<20)
	file.SetBlocks(uint32(s.blocks))
	open := func(seg *segment.Segment, what segment.What) *segment.Segment {
		out, err := segment.OpenAround(&blockfile.Space{File: file}, seg.Segment, what)
		if err != nil {
			s.t.Fatal(err)
		}
		return out
	}
	st := &snapshot.State{Disk: &snapshot.Snapshot{}, Live: s.st.Live}
	for _, l := range s.st.Disk.Levels {
		out := &snapshot.Level{Seg: open(l.Seg, segment.What{Output: l.Merging != nil})}
		if m := l.Merging; m != nil {
			out.Merging = &snapshot.Merging{Split: m.Split, SplitKind: m.SplitKind}
			for _, in := range m.RHS {
				out.Merging.RHS = append(out.Merging.RHS, open(in, segment.What{Input: true}))
			}
		}
		st.Disk.Levels = append(st.Disk.Levels, out)
	}
	return st
}

// gaps are the ranges that a reader has reported.
type gaps []segment.Gap

func (g *gaps) met(gap *segment.Gap) { *g = append(*g, *gap) }

func (g gaps) covers(key string) bool {
	return slices.ContainsFunc(g, func(gap segment.Gap) bool { return gap.Covers([]byte(key)) })
}

// read reads a state around what is damaged in every way, and returns what is wrong. A row is right, or its range is
// reported before it is shown.
func (s *splitWorld) read(st *snapshot.State) (ranges int, wrong string) {
	keys := slices.Sorted(maps.Keys(s.rows))
	var met gaps
	var c cursor.Cursor
	fresh := func() {
		met = nil
		c.InitAround(st.Live, st, met.met)
	}
	at := func(key []byte) string {
		v, err := c.Value()
		want, has := s.rows[string(key)]
		if err != nil || !met.covers(string(key)) && (!has || !bytes.Equal(v, want)) {
			return fmt.Sprintf("%q is %x, want %x, %v; %v", key, v, want, err, met)
		}
		return ""
	}
	// passed compares the keys that a walk has shown with those that there are between two places.
	passed := func(seen []string, from, to int) string {
		for _, k := range keys[max(from, 0):min(to, len(keys))] {
			if !slices.Contains(seen, k) && !met.covers(k) {
				return fmt.Sprintf("%q is not shown; %v", k, met)
			}
		}
		return ""
	}
	walk := func(how string, ok bool, next func() bool, from, to int) string {
		var seen []string
		for n := 0; ok; ok = next() {
			seen = append(seen, string(c.Key()))
			if wrong := at(c.Key()); wrong != "" {
				return how + ": " + wrong
			}
			if n++; n > 10_000 {
				return how + ": it does not end"
			}
		}
		if c.Err() != nil {
			return how + ": " + c.Err().Error()
		}
		if wrong := passed(seen, from, to); wrong != "" {
			return how + ": " + wrong
		}
		return ""
	}
	fresh()
	if wrong = walk("forward", c.First(), c.Next, 0, len(keys)); wrong != "" {
		return 0, wrong
	}
	ranges = len(met)
	fresh()
	if wrong = walk("backward", c.Last(), c.Prev, 0, len(keys)); wrong != "" {
		return 0, wrong
	}
	for range 12 {
		k := s.key()
		for _, l := range st.Disk.Levels { // around the split key above all
			if l.Merging != nil && s.rng.IntN(3) == 0 {
				k = slices.Concat(l.Merging.Split, []byte("a")[:s.rng.IntN(2)])
			}
		}
		i, exact := slices.BinarySearch(keys, string(k))
		fresh()
		if wrong = walk(fmt.Sprintf("from %q", k), c.Seek(k, cursor.GE), c.Next, i, len(keys)); wrong != "" {
			return 0, wrong
		}
		fresh()
		if exact {
			i++
		}
		if wrong = walk(fmt.Sprintf("back from %q", k), c.Seek(k, cursor.LE), c.Prev, 0, i); wrong != "" {
			return 0, wrong
		}
		fresh()
		n := 0
		there := func() bool { // there and back, all the way
			n++
			if n%3 == 2 && !met.covers(string(c.Key())) { // within a range one direction may show more than the other
				c.Prev()
				if !c.Next() {
					return false
				}
			}
			return c.Next()
		}
		var last string
		for ok := c.Seek(k, cursor.GE); ok; ok = there() {
			if wrong = at(c.Key()); wrong != "" {
				return 0, fmt.Sprintf("there and back from %q: %s", k, wrong)
			}
			if n > 2000 {
				return 0, fmt.Sprintf("there and back from %q: it does not end, %q after %q", k, c.Key(), last)
			}
			last = string(c.Key())
		}
		for _, get := range []func() ([]byte, bool, error){
			func() ([]byte, bool, error) { return cursor.Get(nil, k, &st.Live, st) },
			func() ([]byte, bool, error) { return cursor.GetAround(nil, k, st, met.met) },
		} {
			want, has := s.rows[string(k)]
			if v, found, err := get(); err == nil && (found != has || !bytes.Equal(v, want)) {
				return 0, fmt.Sprintf("%q is %x, %v, want %x, %v", k, v, found, want, has)
			}
		}
	}
	return ranges, ""
}

// TestAroundASplit makes each page of half-done merges unreadable, and of what is below them: the end of what is
// merged so far with a deleted range that reaches across the split key, among others. Readers show no wrong row, and
// no deleted one, without having reported its range.
func TestAroundASplit(t *testing.T) {
	for _, sums := range []bool{true, false} {
		did, ranges, across := 0, 0, 0
		for seed := range uint64(*aroundSeeds) {
			s := newSplitWorld(t, seed, sums)
			if n, wrong := s.read(s.around(s.f)); n > 0 || wrong != "" {
				t.Fatalf("sums %v, seed %d, nothing is damaged: %d ranges, %s", sums, seed, n, wrong)
			}
			pages := s.pages()
			for _, p := range pages {
				if !s.ends[p] && s.rng.IntN(2) == 0 {
					continue
				}
				lost := []base.PageNo{p}
				if s.rng.IntN(3) == 0 {
					lost = append(lost, pages[s.rng.IntN(len(pages))])
				}
				f := &unreadable{File: s.f}
				for _, p := range lost {
					f.lost = append(f.lost, s.geo.Offset(p))
				}
				f.size = int64(s.geo.PageSize)
				n, wrong := s.read(s.around(f))
				if wrong != "" {
					t.Fatalf("sums %v, seed %d, pages %v: %s", sums, seed, lost, wrong)
				}
				did++
				ranges += n
				if s.ends[p] {
					across++
				}
			}
		}
		t.Logf("sums %v: %d damages, %d ranges; %d times the end of what is merged, within a deleted range", sums, did, ranges, across)
		if did == 0 || ranges < did || across == 0 {
			t.Errorf("sums %v: %d damages, %d ranges; %d times the end of what is merged, within a deleted range", sums, did, ranges, across)
		}
	}
}

// findEnds notes the last leaf page of what is merged of each half-done merge, if it is not the last page of all, which
// makes everything uncertain, and if a deleted range reaches from there across the split key.
func (s *splitWorld) findEnds() {
	s.ends = make(map[base.PageNo]bool)
	for _, l := range s.st.Disk.Levels {
		if l.Merging == nil {
			continue
		}
		var it segment.Iter
		it.Init(l.Seg)
		if it.Last() && it.Kind()&base.StartDelete != 0 {
			if p, _ := it.Position(); p != l.Seg.First && p != l.Seg.Last {
				s.ends[p] = true
			}
		}
		it.Done()
	}
}

// TestRangeAcrossASplitEndsOnALostPage: a newer input deletes a range across the split key, and the page is lost on
// which the range ends. A reader that goes backward to a key in the range finds the record before the range without
// coming to that page; it must not take a row of the older input for one that is there.
func TestRangeAcrossASplitEndsOnALostPage(t *testing.T) {
	const n, from, split, to = 400, 150, 200, 250
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i) }
	w, f, geo := damageable(t)
	s := &splitWorld{world: w, t: t, f: f, geo: geo}
	w.rows = make(map[string][]byte)
	output, newer, older := memtree.New(), memtree.New(), memtree.New()
	for i := range n {
		older.Put(key(i), []byte("old"))
		value := make([]byte, 100)
		if i == from {
			value = make([]byte, geo.PageSize) // the record after it is on another page
		}
		switch {
		case i <= from:
			newer.Put(key(i), value)
			output.Put(key(i), value)
			w.rows[string(key(i))] = value
		case i >= to:
			newer.Put(key(i), value)
			w.rows[string(key(i))] = value
		}
	}
	newer.DeleteRange(key(from), key(to))
	s.st = &snapshot.State{Live: memtree.New().Freeze(), Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{{Seg: w.plain(output).Seg, Merging: &snapshot.Merging{
		Split: key(split), RHS: []*segment.Segment{w.plain(newer).Seg, w.plain(older).Seg},
	}}}}}
	var it segment.Iter
	it.Init(s.st.Disk.Levels[0].Merging.RHS[0])
	pageOf := func(i int) base.PageNo {
		if !it.SeekGE(0, key(i)) {
			t.Fatal(it.Err())
		}
		p, _ := it.Position()
		return p
	}
	begins, ends := pageOf(from), pageOf(to)
	it.Done()
	if begins == ends {
		t.Fatal("the range is on one page")
	}
	st := s.around(&unreadable{File: f, lost: []int64{geo.Offset(ends)}, size: int64(geo.PageSize)})
	for _, move := range []struct {
		how string
		do  func(c *cursor.Cursor) bool
	}{
		{"seek", func(c *cursor.Cursor) bool { return c.Seek(key(split+10), cursor.LE) }},
		{"seek and step", func(c *cursor.Cursor) bool { return c.Seek(key(split+20), cursor.LE) && c.Prev() }},
	} {
		var c cursor.Cursor
		var met gaps
		c.InitAround(st.Live, st, met.met)
		if move.do(&c) && bytes.Compare(c.Key(), key(split)) >= 0 && !met.covers(string(c.Key())) {
			t.Errorf("%s: %q is shown, which is deleted, and no range reported: %v", move.how, c.Key(), met)
		}
		if !met.covers(string(key(split+10))) || met.covers(string(key(from))) || met.covers(string(key(to+100))) {
			t.Errorf("%s: the ranges are %v", move.how, met)
		}
	}
	if _, wrong := s.read(st); wrong != "" {
		t.Error(wrong)
	}
}
