// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestDamageOnOneSideOfASplit: a cursor that has met with a damaged page of a half-done merge's
// output finds what lies in its inputs afterwards, and the other way round.
func TestDamageOnOneSideOfASplit(t *testing.T) {
	const n, split = 400, 200
	key := func(i int) []byte { return fmt.Appendf(nil, "k%05d", i) }
	for _, below := range []bool{true, false} {
		w, f, geo := damageable(t)
		out, in := memtree.New(), memtree.New()
		for i := range n {
			if i < split {
				out.Put(key(i), make([]byte, 100))
			}
			in.Put(key(i), make([]byte, 100))
		}
		level := &snapshot.Level{Seg: w.plain(out).Seg, Merging: &snapshot.Merging{Split: key(split), RHS: []*segment.Segment{w.plain(in).Seg}}}
		st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{level}}, Live: memtree.New().Freeze()}
		var c cursor.Cursor
		if err := c.Init(st.Live, st); err != nil {
			t.Fatal(err)
		}
		bad, good := split/2, split*3/2
		where := func() *segment.Segment {
			if below {
				return level.Seg
			}
			return level.Merging.RHS[0]
		}()
		if !below {
			bad, good = good, bad
		}
		var it segment.Iter
		it.Init(where)
		if !it.SeekGE(0, key(bad)) {
			t.Fatal(it.Err())
		}
		p, _ := it.Position()
		it.Done()
		if _, err := f.WriteAt(make([]byte, geo.PageSize), geo.Offset(p)); err != nil {
			t.Fatal(err)
		}
		w.file = w.reread(f, geo)
		for _, seg := range level.Segments() {
			seg.Space.File = w.file
		}
		for _, mode := range []cursor.Mode{cursor.EQ, cursor.GE, cursor.LE} {
			var damage *errs.CorruptionError
			if c.Seek(key(bad), mode) || !errors.As(c.Err(), &damage) {
				t.Fatalf("mode %v: the damaged page gives %v", mode, c.Err())
			}
			if !c.Seek(key(good), mode) || string(c.Key()) != string(key(good)) {
				t.Errorf("mode %v: the other side of the split key gives %v", mode, c.Err())
			}
		}
	}
}

// TestLineAcrossASplit: a cursor lines up over a half-done merge too, with other levels and without.
// The output and the inputs also have records on the other side of the split key, which must not be
// seen, and keys around it have one head.
func TestLineAcrossASplit(t *testing.T) {
	const n = 600
	for _, prefix := range []string{"", "a prefix of all keys ", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		key := func(i int) []byte { return fmt.Appendf(nil, "%s%05d", prefix, i) }
		for _, split := range []int{0, 1, 299, 300, n - 1, n} {
			for _, alone := range []bool{true, false} {
				w := newWorld(t, 2)
				run := func(step, from int, value string) *snapshot.Level {
					tree := memtree.New()
					for i := from; i < n; i += step {
						tree.Put(key(i), []byte(value))
					}
					return w.plain(tree)
				}
				levels := []*snapshot.Level{{Seg: run(1, 0, "output").Seg, Merging: &snapshot.Merging{
					Split: key(split), RHS: []*segment.Segment{run(2, 0, "input").Seg, run(2, 1, "older input").Seg},
				}}}
				if !alone {
					levels = []*snapshot.Level{run(50, 7, "newer"), levels[0], run(1, 0, "older")}
				}
				want := func(i int) string {
					switch {
					case i%50 == 7 && !alone:
						return "newer"
					case i < split:
						return "output"
					case i%2 == 0:
						return "input"
					}
					return "older input"
				}
				lined := walkAll(t, w, levels, n, key, want)
				if lined < 2*n-8 {
					t.Errorf("split %d: %d moves of %d in a line", split, lined, 2*n)
				}
			}
		}
	}
}

// TestLineEndsAtASplit: a source that is the only one left of a line does not go beyond the split key.
func TestLineEndsAtASplit(t *testing.T) {
	const n = 600
	for _, prefix := range []string{"", "a prefix of all keys "} {
		key := func(i int) []byte { return fmt.Appendf(nil, "%s%05d", prefix, i) }
		for _, split := range []int{1, 299, 300, n - 1} {
			w := newWorld(t, 2)
			run := func(from, to int) *segment.Segment {
				tree := memtree.New()
				for i := from; i < to; i++ {
					tree.Put(key(i), []byte("value"))
				}
				return w.plain(tree).Seg
			}
			level := func(out, in *segment.Segment) []*snapshot.Level {
				return []*snapshot.Level{{Seg: out, Merging: &snapshot.Merging{Split: key(split), RHS: []*segment.Segment{in}}}}
			}
			value := func(int) string { return "value" }
			walkAll(t, w, level(run(0, n), run(0, split)), split, key, value)
			walkAll(t, w, level(run(split, n), run(0, n)), n-split, func(i int) []byte { return key(i + split) }, value)
		}
	}
}

// TestNoLineOverAGap: a range that an input of a half-done merge deletes across the split key hides
// keys of an older input from the split key on, where going backward no source stands on a record of
// the range any more: the output of a merge of the oldest levels does not have the range.
func TestNoLineOverAGap(t *testing.T) {
	const n, from, split, to = 400, 150, 200, 250 // the keys between from and to are deleted
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i) }
	w := newWorld(t, 2)
	output, newer, older := memtree.New(), memtree.New(), memtree.New()
	for i := range n {
		older.Put(key(i), []byte("old"))
		if i <= from {
			output.Put(key(i), []byte("old"))
		}
	}
	newer.DeleteRange(key(from), key(to))
	newer.Put(key(to), []byte("new"))
	levels := []*snapshot.Level{{Seg: w.plain(output).Seg, Merging: &snapshot.Merging{
		Split: key(split), RHS: []*segment.Segment{w.plain(newer).Seg, w.plain(older).Seg},
	}}}
	at := func(i int) int { // of the rows that are left
		if i > from {
			i += to - from - 1
		}
		return i
	}
	walkAll(t, w, levels, n-(to-from-1), func(i int) []byte { return key(at(i)) }, func(i int) string {
		if at(i) == to {
			return "new"
		}
		return "old"
	})
}

// walkAll walks through levels in both directions, by a cursor that lines up and one that does not,
// and compares the n rows with what they must be. It returns how many moves were in a line.
func walkAll(t *testing.T, w *world, levels []*snapshot.Level, n int, key func(i int) []byte, value func(i int) string) (lined int) {
	t.Helper()
	p := twins{w: w}
	p.init(&snapshot.State{Live: memtree.New().Freeze(), Disk: &snapshot.Snapshot{Levels: levels}}, false)
	i := 0
	expect := func() {
		t.Helper()
		v, err := p.fast.Value()
		if string(p.fast.Key()) != string(key(i)) || string(v) != value(i) || err != nil {
			t.Fatalf("%q = %q, %v; want %q = %q", p.fast.Key(), v, err, key(i), value(i))
		}
	}
	for ok := p.move("first", (*cursor.Cursor).First); ok; ok = p.move("next", (*cursor.Cursor).Next) {
		expect()
		i++
	}
	if i != n || p.fast.Err() != nil {
		t.Fatalf("%d keys of %d forward, %v", i, n, p.fast.Err())
	}
	for ok := p.move("last", (*cursor.Cursor).Last); ok; ok = p.move("prev", (*cursor.Cursor).Prev) {
		i--
		expect()
	}
	if i != 0 || p.fast.Err() != nil {
		t.Fatalf("%d keys of %d are missing backward, %v", i, n, p.fast.Err())
	}
	return p.lined
}

// TestWalkAfterAnError: a cursor that has met with a damaged page walks up to it afterwards, from
// both ends.
func TestWalkAfterAnError(t *testing.T) {
	const n, bad = 400, 200
	key := func(i int) []byte { return fmt.Appendf(nil, "k%05d", i) }
	w, f, geo := damageable(t)
	tree := memtree.New()
	for i := range n {
		tree.Put(key(i), make([]byte, 100))
	}
	level := w.plain(tree)
	var it segment.Iter
	it.Init(level.Seg)
	if !it.SeekGE(0, key(bad)) {
		t.Fatal(it.Err())
	}
	p, cell := it.Position()
	it.Done()
	first := bad - cell // on the damaged page
	if _, err := f.WriteAt(make([]byte, geo.PageSize), geo.Offset(p)); err != nil {
		t.Fatal(err)
	}
	level.Seg.Space.File = w.reread(f, geo)
	st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{level}}, Live: memtree.New().Freeze()}
	var c cursor.Cursor
	if err := c.Init(st.Live, st); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if c.Seek(key(bad), cursor.GE) || c.Err() == nil {
			t.Fatalf("the damaged page gives %v", c.Err())
		}
		i := 0
		for ok := c.First(); ok; ok = c.Next() {
			i++
		}
		if i != first || c.Err() == nil {
			t.Errorf("%d rows forward, want %d and an error: %v", i, first, c.Err())
		}
		i = n
		for ok := c.Last(); ok; ok = c.Prev() {
			i--
		}
		if i <= bad || i > bad+40 || c.Err() == nil {
			t.Errorf("rows from %d on backward, and %v", i, c.Err())
		}
	}
}
