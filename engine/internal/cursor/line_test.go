// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// twins are two cursors on one state, of which the second never lines up.
type twins struct {
	w            *world
	fast, slow   cursor.Cursor
	lined, plain int
}

func (p *twins) init(st *snapshot.State, remember bool) {
	for _, c := range []*cursor.Cursor{&p.fast, &p.slow} {
		if err := c.Init(st.Live, st); err != nil {
			p.w.t.Fatal(err)
		}
	}
	if remember { // only one may learn, or they learn from each other
		p.fast.Remember(st.Live, st, nil)
	}
}

// move makes both cursors move, and compares what they show then.
func (p *twins) move(what string, f func(c *cursor.Cursor) bool) bool {
	p.w.t.Helper()
	cursor.Lineless(false)
	ok := f(&p.fast)
	lined, plain := p.fast.Lined()
	cursor.Lineless(true)
	want := f(&p.slow)
	cursor.Lineless(false)
	if ok != want || p.fast.Valid() != p.slow.Valid() || (p.fast.Err() == nil) != (p.slow.Err() == nil) {
		p.w.t.Fatalf("%s: %v, %v, %v, want %v, %v, %v", what, ok, p.fast.Valid(), p.fast.Err(), want, p.slow.Valid(), p.slow.Err())
	}
	if !ok {
		return false
	}
	if lined {
		p.lined++
	}
	if plain {
		p.plain++
	}
	a, errA := p.fast.Value()
	b, errB := p.slow.Value()
	if !bytes.Equal(p.fast.Key(), p.slow.Key()) || !bytes.Equal(a, b) || errA != nil || errB != nil || p.fast.ValueLen() != len(a) {
		p.w.t.Fatalf("%s: %q = %x, %v, want %q = %x, %v", what, p.fast.Key(), a, errA, p.slow.Key(), b, errB)
	}
	return true
}

// dense returns a state of levels that hold many keys and few that are deleted.
func (w *world) dense() *snapshot.State {
	w.keyLen = 6
	// Up to where the keys are the same: within the first word of a head, the second, or after both.
	w.prefix = bytes.Repeat([]byte{"a\x00\xff"[w.rng.IntN(3)]}, []int{0, 3, 8, 12, 15, 16, 40}[w.rng.IntN(7)])
	st := &snapshot.State{Disk: &snapshot.Snapshot{}}
	ops := func() []op {
		ops := w.ops(100 + w.rng.IntN(400))
		for i := range ops {
			if w.rng.IntN(30) > 0 {
				ops[i].kind = 'p'
			}
		}
		return ops
	}
	for range 1 + w.rng.IntN(4) {
		level := w.merging
		if w.rng.IntN(2) == 0 {
			level = func(ops func() []op) *snapshot.Level {
				tree := memtree.New()
				w.tree(tree, ops())
				return w.plain(tree)
			}
		}
		st.Disk.Levels = append([]*snapshot.Level{level(ops)}, st.Disk.Levels...)
	}
	tree := memtree.New()
	w.tree(tree, w.ops(w.rng.IntN(20)))
	st.Live, st.Tree = tree.Freeze(), tree
	return st
}

// TestLineModel compares cursors that line up with cursors that do not, over random states and in
// both directions.
func TestLineModel(t *testing.T) {
	lined, plain := 0, 0
	for seed := range uint64(300) {
		w := newWorld(t, seed)
		st := w.state()
		if seed%3 == 0 {
			st = w.dense()
		}
		p := twins{w: w}
		p.init(st, seed%2 == 0)
		for ok := p.move("first", (*cursor.Cursor).First); ok; {
			ok = p.move("next", (*cursor.Cursor).Next)
		}
		for ok := p.move("last", (*cursor.Cursor).Last); ok; {
			ok = p.move("prev", (*cursor.Cursor).Prev)
		}
		for range 40 {
			k, mode := w.key(), []cursor.Mode{cursor.LE, cursor.EQ, cursor.GE}[w.rng.IntN(3)]
			ok := p.move(fmt.Sprintf("seed %d: seek %q, mode %d", seed, k, mode), func(c *cursor.Cursor) bool { return c.Seek(k, mode) })
			// Some steps in one direction, some in the other.
			for turns := 0; ok && turns < 3; turns++ {
				step, what := (*cursor.Cursor).Next, "next"
				if w.rng.IntN(2) == 0 {
					step, what = (*cursor.Cursor).Prev, "prev"
				}
				for n := w.rng.IntN(12); ok && n >= 0; n-- {
					ok = p.move(fmt.Sprintf("seed %d: %s after %q", seed, what, k), step)
				}
			}
		}
		lined, plain = lined+p.lined, plain+p.plain
	}
	if lined < 10000 || plain < 1000 {
		t.Errorf("only %d moves of a line, %d of them over plain records", lined, plain)
	}
}

// TestLineTies: of sources that stand on one key the newest is read, in both directions, also where
// the first eight bytes of all keys are the same and where they cannot be greater.
func TestLineTies(t *testing.T) {
	for _, prefix := range []string{"", "a prefix of all keys ", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		w := newWorld(t, 2)
		st := &snapshot.State{Disk: &snapshot.Snapshot{}}
		const n, levels = 500, 4
		for i := range levels { // the keys of the oldest are all, of the others every second, third and fourth one
			tree := memtree.New()
			for k := 0; k < n; k += i + 1 {
				tree.Put(fmt.Appendf(nil, "%s%05d", prefix, k), fmt.Appendf(nil, "%d", i))
			}
			st.Disk.Levels = append([]*snapshot.Level{w.plain(tree)}, st.Disk.Levels...)
		}
		st.Live = memtree.New().Freeze()
		var c cursor.Cursor
		if err := c.Init(st.Live, st); err != nil {
			t.Fatal(err)
		}
		expect := func(k int) {
			t.Helper()
			newest := 0
			for i := range levels {
				if k%(i+1) == 0 {
					newest = i
				}
			}
			v, err := c.Value()
			if want := fmt.Sprintf("%s%05d", prefix, k); string(c.Key()) != want || string(v) != fmt.Sprint(newest) || err != nil {
				t.Fatalf("key %q, value %q, %v; want %q of level %d", c.Key(), v, err, want, newest)
			}
		}
		k := 0
		for ok := c.First(); ok; ok = c.Next() {
			expect(k)
			k++
		}
		if k != n || c.Err() != nil {
			t.Fatalf("%d keys, %v", k, c.Err())
		}
		for ok := c.Last(); ok; ok = c.Prev() {
			k--
			expect(k)
		}
		if k != 0 || c.Err() != nil {
			t.Fatalf("%d keys are missing going backward, %v", k, c.Err())
		}
	}
}

// TestLineOrder: a cursor that looks at its progress is not deceived by a source whose next key is
// far ahead of the others', at whatever step it looks.
func TestLineOrder(t *testing.T) {
	w := newWorld(t, 2)
	sparse, dense := memtree.New(), memtree.New()
	const n, gap = 1500, 400
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i) }
	for i := range n {
		if i%gap == 0 {
			sparse.Put(key(i), key(i))
		} else {
			dense.Put(key(i), key(i))
		}
	}
	st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{w.plain(sparse), w.plain(dense)}}, Live: memtree.New().Freeze()}
	var c cursor.Cursor
	if err := c.Init(st.Live, st); err != nil {
		t.Fatal(err)
	}
	for start := range gap {
		i := start
		for ok := c.Seek(key(i), cursor.GE); ok; ok = c.Next() {
			i++
		}
		if i != n || c.Err() != nil {
			t.Fatalf("from %d forward to %d: %v", start, i, c.Err())
		}
		i = n - start
		for ok := c.Seek(key(i-1), cursor.LE); ok; ok = c.Prev() {
			i--
		}
		if i != 0 || c.Err() != nil {
			t.Fatalf("from %d backward to %d: %v", n-start, i, c.Err())
		}
	}
}
