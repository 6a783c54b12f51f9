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
