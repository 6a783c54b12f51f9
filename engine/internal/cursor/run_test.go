// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
)

// moment is a state that a reader holds, and what it must show.
type moment struct {
	view memtree.View
	st   *snapshot.State
	tx   *span.List
	keys []string
}

// expectMoves seeks and walks about in a moment with a cursor that remembers.
func (w *world) expectMoves(m *moment, moves int) {
	w.t.Helper()
	var c cursor.Cursor
	if err := c.Init(m.view, m.st); err != nil {
		w.t.Fatal(err)
	}
	c.Remember(m.view, m.st, m.tx)
	i := -1 // the position in m.keys, if c is valid
	for range moves {
		var ok bool
		var what string
		k := w.key()
		at := sort.SearchStrings(m.keys, string(k))
		exact := at < len(m.keys) && m.keys[at] == string(k)
		switch w.rng.IntN(8) {
		case 0:
			what, i, ok = "first", 0, c.First()
		case 1:
			what, i, ok = "last", len(m.keys)-1, c.Last()
		case 2:
			what, i, ok = "GE", at, c.Seek(k, cursor.GE)
		case 3:
			if !exact {
				at--
			}
			what, i, ok = "LE", at, c.Seek(k, cursor.LE)
		case 4:
			if !exact {
				at = -1
			}
			what, i, ok = "EQ", at, c.Seek(k, cursor.EQ)
		case 5, 6:
			if !c.Valid() {
				continue
			}
			i++
			what, ok = "next", c.Next()
		default:
			if !c.Valid() {
				continue
			}
			i--
			what, ok = "prev", c.Prev()
		}
		want := i >= 0 && i < len(m.keys)
		if c.Err() != nil || ok != want || c.Valid() != ok || ok && string(c.Key()) != m.keys[i] {
			w.t.Fatalf("%s %q: %v, %v, want key %d of %q", what, k, ok, c.Err(), i, m.keys)
		}
	}
}

// TestRememberModel has cursors remember every hidden record while the live tree is written
// to, rolled back and set aside, and reads states of different age in between.
func TestRememberModel(t *testing.T) {
	defer cursor.RememberAll()()
	learned, folded := 0, 0
	for seed := range uint64(150) {
		w := newWorld(t, seed)
		st := w.state()
		st.Tree = memtree.New()
		w.tree(st.Tree, w.ops(20))
		old := memtree.New() // the live tree of w.state has become the old one
		w.rows = make(map[string][]byte)
		st.HasOld, st.Old, st.Disk = false, memtree.View{}, &snapshot.Snapshot{}
		for range w.rng.IntN(4) {
			if l := w.level(); l != nil {
				st.Disk.Levels = append([]*snapshot.Level{l}, st.Disk.Levels...)
			}
		}
		if w.rng.IntN(2) == 0 {
			w.tree(old, w.ops(w.rng.IntN(60)))
			st.Old, st.HasOld = old.Freeze(), true
		}
		tree := memtree.New()
		st.Live, st.Tree = tree.Freeze(), tree
		var reg snapshot.Registry
		reg.Publish(st)
		sorted := func() []string { return slices.Sorted(maps.Keys(w.rows)) }
		held := []moment{{st.Live, st, nil, sorted()}}
		for range 12 {
			st := reg.Newest()
			mark, rows := tree.Mark(), maps.Clone(w.rows)
			tx := new(span.List)
			// 1. A transaction that reads what it writes.
			for range 1 + w.rng.IntN(3) {
				ops := w.ops(1 + w.rng.IntN(12))
				if w.rng.IntN(2) == 0 {
					for i := range ops { // mostly deletes
						if w.rng.IntN(4) > 0 {
							ops[i].kind = 'd'
						}
					}
				}
				w.tree(tree, ops)
				own := moment{tree.Freeze(), st, tx, sorted()}
				w.expectMoves(&own, 12)
				if w.rng.IntN(3) == 0 {
					held = append(held, own)
				}
			}
			// 2. It ends.
			if w.rng.IntN(3) == 0 {
				tree.RollbackTo(mark)
				tree.Release(mark)
				w.rows = rows
			} else {
				tree.Release(mark)
				st.Spans.AddAll(tx)
				before := tree.Freeze().Len()
				st.Spans.Fold(tree, 1)
				if tree.Freeze().Len() < before {
					folded++
				}
				next := st.Next()
				next.Live = tree.Freeze()
				reg.Publish(next)
			}
			// 3. Once in a while the tree is set aside, or flushed.
			st = reg.Newest()
			if !st.HasOld && w.rng.IntN(3) == 0 {
				next := st.Next()
				next.Old, next.HasOld, next.Live = tree.Freeze(), true, memtree.View{}
				next.Spans = next.Spans.Next(next.Old)
				tree = memtree.New()
				next.Tree = tree
				reg.Publish(next)
			} else if st.HasOld && w.rng.IntN(2) == 0 {
				next := st.Next()
				disk := *st.Disk
				if seg := w.segment(st.Old, nil, true, nil); seg != nil {
					disk.Levels = append([]*snapshot.Level{{Seg: seg}}, disk.Levels...)
				}
				next.Disk, next.Old, next.HasOld = &disk, memtree.View{}, false
				reg.Publish(next)
			}
			// 4. Readers of the newest state and of older ones.
			held = append(held, moment{reg.Newest().Live, reg.Newest(), nil, sorted()})
			w.expectMoves(&held[len(held)-1], 12)
			w.expectMoves(&held[w.rng.IntN(len(held))], 12)
			learned += reg.Newest().Spans.Len()
		}
	}
	if learned < 1000 || folded < 50 {
		t.Errorf("%d spans were known, %d times was something folded", learned, folded)
	}
}

// dead is a state with a long run of deleted keys between two that are there.
type dead struct {
	name string
	view memtree.View
	st   *snapshot.State
}

const deadKeys = 20_000

func deadKey(i int) []byte { return fmt.Appendf(nil, "k%06d", i) }

// deadRuns are such states, with the deleted keys and their marks in different places.
func (w *world) deadRuns() (out []dead) {
	live := func(n int) *memtree.Tree {
		t := memtree.New()
		for i := range n {
			t.Put(deadKey(i), []byte("v"))
		}
		t.Put([]byte("a"), nil)
		t.Put([]byte("z"), nil)
		return t
	}
	marks := func(from, step int) *memtree.Tree {
		t := memtree.New()
		for i := from; i < deadKeys; i += step {
			t.Delete(deadKey(i))
		}
		return t
	}
	state := func(name string, live, old *memtree.Tree, levels ...*memtree.Tree) {
		st := &snapshot.State{Live: live.Freeze(), Tree: live, Disk: &snapshot.Snapshot{}}
		if old != nil {
			st.Old, st.HasOld = old.Freeze(), true
		}
		for _, l := range levels {
			st.Disk.Levels = append(st.Disk.Levels, w.plain(l))
		}
		new(snapshot.Registry).Publish(st)
		out = append(out, dead{name, st.Live, st})
	}
	state("marks in the live tree, no data", func() *memtree.Tree {
		t := marks(0, 1)
		t.Put([]byte("a"), nil)
		t.Put([]byte("z"), nil)
		return t
	}(), nil)
	state("marks in the live tree, data in a segment", marks(0, 1), nil, live(deadKeys))
	state("marks in the old tree", memtree.New(), marks(0, 1), live(deadKeys))
	state("marks in a segment", memtree.New(), nil, marks(0, 1), live(deadKeys))
	state("marks in four sources", marks(0, 4), marks(1, 4), marks(2, 4), marks(3, 4), live(deadKeys))
	ranges := live(0)
	for i := 0; i < deadKeys; i += 10 {
		ranges.Put(deadKey(i), nil)
	}
	for i := 0; i < deadKeys; i += 10 {
		ranges.DeleteRange(deadKey(i), deadKey(i+9))
		ranges.Delete(deadKey(i))
		ranges.Delete(deadKey(i + 9))
	}
	state("many short ranges", ranges, nil, live(deadKeys))
	return out
}

// TestSeekEQNeverLooksFurther: whether a key is there is decided at that key.
func TestSeekEQNeverLooksFurther(t *testing.T) {
	w := newWorld(t, 1)
	for _, d := range w.deadRuns() {
		var c cursor.Cursor
		if err := c.Init(d.view, d.st); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < deadKeys; i += 997 {
			if c.Seek(deadKey(i), cursor.EQ) || c.Err() != nil || c.Steps() != 0 {
				t.Fatalf("%s: %s: found %v, passed %d records, %v", d.name, deadKey(i), c.Valid(), c.Steps(), c.Err())
			}
		}
		if !c.Seek([]byte("a"), cursor.EQ) || string(c.Key()) != "a" || c.Steps() != 0 {
			t.Fatalf("%s: a is not found", d.name)
		}
		if !c.Next() || string(c.Key()) != "z" || !c.Prev() || string(c.Key()) != "a" || c.Prev() {
			t.Fatalf("%s: the keys around a are not z and nothing", d.name)
		}
	}
}

// TestDeadRunIsWalkedOnce: all seeks into a run of deleted keys together pass it about
// once, wherever they begin and whichever way they go, and then each is short.
func TestDeadRunIsWalkedOnce(t *testing.T) {
	w := newWorld(t, 1)
	for _, d := range w.deadRuns() {
		for _, pinned := range []bool{false, true} {
			st := d.st
			if pinned { // a state that is not the newest any more
				var reg snapshot.Registry
				st = d.st.Next()
				st.Spans = nil
				reg.Publish(st)
				reg.Acquire()
				reg.Publish(st.Next())
			}
			total, most := 0, 0
			move := func(want string, f func(c *cursor.Cursor) bool) {
				t.Helper()
				var c cursor.Cursor // a new one each time: nothing is known from before
				if err := c.Init(d.view, st); err != nil {
					t.Fatal(err)
				}
				c.Remember(d.view, st, nil)
				if !f(&c) || string(c.Key()) != want || c.Err() != nil {
					t.Fatalf("%s: %v, %v, want %s", d.name, c.Valid(), c.Err(), want)
				}
				total += c.Steps()
				most = max(most, c.Steps())
			}
			around := func() {
				t.Helper()
				for j := range 300 {
					k := deadKey(j * 7919 % deadKeys)
					move("z", func(c *cursor.Cursor) bool { return c.Seek(k, cursor.GE) })
					move("a", func(c *cursor.Cursor) bool { return c.Seek(k, cursor.LE) })
				}
				move("z", func(c *cursor.Cursor) bool { return c.First() && c.Next() })
				move("a", func(c *cursor.Cursor) bool { return c.Last() && c.Prev() })
			}
			around()
			if total > 2*deadKeys {
				t.Errorf("%s, pinned %v: %d records passed for a run of %d", d.name, pinned, total, deadKeys)
			}
			total, most = 0, 0
			if around(); most > 64 {
				t.Errorf("%s, pinned %v: %d records passed by one move, although the run is known", d.name, pinned, most)
			}
			if n := st.Spans.Len() + st.Own.Len(); n > 8 {
				t.Errorf("%s, pinned %v: %d spans for one run", d.name, pinned, n)
			}
		}
	}
}
