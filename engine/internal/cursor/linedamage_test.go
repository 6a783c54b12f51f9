// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
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

// damageable makes a world over a file that a test can damage.
func damageable(t *testing.T) (*world, vfs.File, format.Geometry) {
	t.Helper()
	geo, err := format.NewGeometry(4096, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, rng: rand.New(rand.NewPCG(1, 1)), file: blockfile.New(f, "/test.db", geo, nil, 1<<20)}, f, geo
}

// reread returns the file without what was read of it before.
func (w *world) reread(f vfs.File, geo format.Geometry) *blockfile.File {
	file := blockfile.New(f, "/test.db", geo, nil, 1<<20)
	file.SetBlocks(uint32(w.blocks))
	return file
}

// TestLineDisorder: a walk that is lined notices that the keys of a damaged segment go back, too.
func TestLineDisorder(t *testing.T) {
	const n, turn = 2000, 700
	w, f, geo := damageable(t)
	tree := memtree.New()
	for i := range n {
		tree.Put(fmt.Appendf(nil, "k%05d", i), []byte("v"))
	}
	seg := w.plain(tree).Seg
	for p := seg.First; p <= seg.Last; p++ { // as C lsm1 would have written it, and then some
		raw, err := seg.Space.RawPage(p)
		if err != nil {
			t.Fatal(err)
		}
		content := geo.Content(p, raw)
		content[len(content)-4], content[len(content)-3] = 0, content[len(content)-3]&7
		for i := turn; i < n; i++ {
			if at := bytes.Index(raw, fmt.Appendf(nil, "k%05d", i)); at >= 0 {
				raw[at] = 'a'
			}
		}
		if _, err := f.WriteAt(raw, geo.Offset(p)); err != nil {
			t.Fatal(err)
		}
	}
	damaged, err := segment.Open(&blockfile.Space{File: w.reread(f, geo)}, seg.Segment, segment.What{})
	if err != nil {
		t.Fatal(err)
	}
	st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{{Seg: damaged}}}, Live: memtree.New().Freeze()}
	for _, walk := range []struct {
		what        string
		first, next func(c *cursor.Cursor) bool
	}{
		{"forward", (*cursor.Cursor).First, (*cursor.Cursor).Next},
		{"backward", (*cursor.Cursor).Last, (*cursor.Cursor).Prev},
	} {
		var c cursor.Cursor
		if err := c.Init(st.Live, st); err != nil {
			t.Fatal(err)
		}
		rows, plain := 0, 0
		for ok := walk.first(&c); ok; ok = walk.next(&c) {
			rows++
			if _, p := c.Lined(); p {
				plain++
			}
		}
		if !errors.Is(c.Err(), errs.ErrCorrupt) || rows == n || plain < rows/2 {
			t.Errorf("%s: %d rows, %d of them in a line, %v", walk.what, rows, plain, c.Err())
		}
	}
}

// TestLineAtSplit: an input of a half-done merge ends where its output begins. What its pages hold
// before that was given up and may be anything.
func TestLineAtSplit(t *testing.T) {
	w := newWorld(t, 2)
	const n, split = 600, 250
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i) }
	// The older input has all keys and the newer one every other one. The output has the first of
	// them, some deleted ones left out.
	deleted := func(i int) bool { return i < split && (i >= split-20 || i%5 == 0 && i != split/2) }
	trees := []*memtree.Tree{memtree.New(), memtree.New(), memtree.New()}
	for i := range n {
		value := []byte("good")
		if i < split {
			if !deleted(i) {
				trees[0].Put(key(i), value)
			}
			value = []byte("given up")
		}
		trees[2].Put(key(i), value)
		if i%2 == 0 {
			trees[1].Put(key(i), value)
		}
	}
	level := &snapshot.Level{Seg: w.plain(trees[0]).Seg, Merging: &snapshot.Merging{
		Split: key(split), SplitKind: base.Insert, RHS: []*segment.Segment{w.plain(trees[1]).Seg, w.plain(trees[2]).Seg},
	}}
	newer := memtree.New()
	newer.Put(key(split/2), []byte("good"))
	st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{w.plain(newer), level}}, Live: memtree.New().Freeze()}
	var c cursor.Cursor
	if err := c.Init(st.Live, st); err != nil {
		t.Fatal(err)
	}
	expect := func(i int) {
		t.Helper()
		if v, err := c.Value(); string(c.Key()) != string(key(i)) || string(v) != "good" || err != nil {
			t.Fatalf("key %q, value %q, %v; want key %q", c.Key(), v, err, key(i))
		}
	}
	i := 0
	for ok := c.First(); ok; ok = c.Next() {
		for deleted(i) {
			i++
		}
		expect(i)
		i++
	}
	if i != n || c.Err() != nil {
		t.Fatalf("%d keys forward, %v", i, c.Err())
	}
	for ok := c.Last(); ok; ok = c.Prev() {
		i--
		for deleted(i) {
			i--
		}
		expect(i)
	}
	if i != 1 || // the first one is deleted
		c.Err() != nil {
		t.Fatalf("%d keys are missing backward, %v", i-1, c.Err())
	}
}

// TestLineStopsAtDamage: where a page of an older segment cannot be read, a walk comes to its end before a row
// is left out, also if the page is met while the segment is passed over a key that a newer one has, too.
func TestLineStopsAtDamage(t *testing.T) {
	for _, back := range []bool{false, true} {
		for shared := range 2 {
			t.Run(fmt.Sprintf("back %v, shared %d", back, shared), func(t *testing.T) { lineStopsAtDamage(t, back, shared) })
		}
	}
}

// lineStopsAtDamage walks over a segment with every second key, those of which the number leaves shared, and an
// older one with all keys, of which a page is damaged.
func lineStopsAtDamage(t *testing.T, back bool, shared int) {
	const n = 1000
	key := func(i int) []byte { return fmt.Appendf(nil, "k%05d", i) }
	w, f, geo := damageable(t)
	newer, older := memtree.New(), memtree.New()
	for i := range n {
		if i%2 == shared {
			newer.Put(key(i), []byte("newer"))
		}
		older.Put(key(i), []byte("older"))
	}
	segs := []*segment.Segment{w.plain(newer).Seg, w.plain(older).Seg}
	damaged := false
	for p := segs[1].First; p <= segs[1].Last && !damaged; p++ {
		raw, err := segs[1].Space.RawPage(p)
		if err != nil {
			t.Fatal(err)
		}
		if damaged = bytes.Contains(raw, key(n/2)); damaged {
			if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, len(raw)), geo.Offset(p)); err != nil {
				t.Fatal(err)
			}
		}
	}
	file := w.reread(f, geo)
	disk := &snapshot.Snapshot{}
	for _, seg := range segs {
		again, err := segment.Open(&blockfile.Space{File: file}, seg.Segment, segment.What{})
		if err != nil {
			t.Fatal(err)
		}
		disk.Levels = append(disk.Levels, &snapshot.Level{Seg: again})
	}
	st := &snapshot.State{Disk: disk, Live: memtree.New().Freeze()}
	var c cursor.Cursor
	if err := c.Init(st.Live, st); err != nil {
		t.Fatal(err)
	}
	start, step, at, by := (*cursor.Cursor).First, (*cursor.Cursor).Next, 0, 1
	if back {
		start, step, at, by = (*cursor.Cursor).Last, (*cursor.Cursor).Prev, n-1, -1
	}
	rows := 0
	for found := start(&c); found; found = step(&c) {
		if !bytes.Equal(c.Key(), key(at)) {
			t.Fatalf("%s after %d rows, want %s", c.Key(), rows, key(at))
		}
		at += by
		rows++
	}
	if !errors.Is(c.Err(), errs.ErrCorrupt) || rows < n/4 || rows > n*3/4 {
		t.Errorf("%d rows, %v", rows, c.Err())
	}
}
