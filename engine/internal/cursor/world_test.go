// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"bytes"
	"encoding/binary"
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

// world builds states of trees and levels beside a map that says what they must show.
type world struct {
	t      *testing.T
	rng    *rand.Rand
	file   *blockfile.File
	blocks base.BlockNo
	keyLen int
	prefix []byte // that all keys have

	rows   map[string][]byte                // what is visible
	system map[base.BlockNo]base.SnapshotID // and of system keys
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), rows: make(map[string][]byte), system: make(map[base.BlockNo]base.SnapshotID)}
	geo, err := format.NewGeometry([]int{256, 1024, 4096}[seed%3], 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.file = blockfile.New(f, "/test.db", geo, nil, 1<<30)
	w.keyLen = 1 + w.rng.IntN(4)
	if w.rng.IntN(4) == 0 {
		w.keyLen = 600
	}
	return w
}

func (w *world) Allocate() (base.BlockNo, error) {
	w.blocks++
	w.file.SetBlocks(uint32(w.blocks))
	return w.blocks, nil
}

func (w *world) key() []byte {
	k := make([]byte, w.rng.IntN(w.keyLen+1))
	for i := range k {
		k[i] = "abc\xff"[w.rng.IntN(4)]
	}
	if w.keyLen > 4 { // long, but few different ones
		k = bytes.Repeat([]byte{"abc"[w.rng.IntN(3)]}, w.rng.IntN(w.keyLen))
	}
	return append(bytes.Clone(w.prefix), k...)
}

// op is one change.
type op struct {
	kind byte // put, delete, or range delete
	a, b []byte
}

func (w *world) ops(n int) (out []op) {
	for range n {
		o := op{kind: "ppppdr"[w.rng.IntN(6)], a: w.key(), b: w.key()}
		if o.kind == 'p' {
			o.b = binary.BigEndian.AppendUint64(nil, w.rng.Uint64())
			o.b = append(o.b, make([]byte, w.rng.IntN(30))...)
		} else if o.kind == 'r' && w.rng.IntN(2) == 0 {
			o.b = append(bytes.Clone(o.a), 'b') // short ranges
		}
		out = append(out, o)
	}
	return out
}

// tree applies changes to a tree and to the rows.
func (w *world) tree(t *memtree.Tree, ops []op) {
	for _, o := range ops {
		switch o.kind {
		case 'p':
			t.Put(o.a, o.b)
			w.rows[string(o.a)] = o.b
		case 'd':
			t.Delete(o.a)
			delete(w.rows, string(o.a))
		case 'r':
			t.DeleteRange(o.a, o.b)
			maps.DeleteFunc(w.rows, func(k string, _ []byte) bool { return k > string(o.a) && k < string(o.b) })
		}
	}
}

// segment writes the records of a tree below (or, with keepAll, regardless of) a key,
// followed by system records.
func (w *world) segment(v memtree.View, below []byte, keepAll bool, entries []format.FreeEntry) *segment.Segment {
	w.t.Helper()
	sw := segment.NewWriter(w.file, w, 0)
	if indexed := w.rng.Uint32()%4 != 0; indexed {
		sw.MakeIndex(int64(v.Len()))
	}
	var it memtree.Iter
	it.Init(v)
	for ok := it.First(); ok; ok = it.Next() {
		if !keepAll && bytes.Compare(it.Key(), below) >= 0 {
			break
		}
		if err := sw.Add(it.Kind(), it.Key(), it.Value()); err != nil {
			w.t.Fatal(err)
		}
	}
	slices.SortFunc(entries, func(a, b format.FreeEntry) int { return int(b.Block) - int(a.Block) })
	for _, e := range entries {
		kind, key, value := format.FreeRecord(e)
		if err := sw.Add(kind, key, value); err != nil {
			w.t.Fatal(err)
		}
		if e.ID == format.NotFree {
			delete(w.system, e.Block)
		} else {
			w.system[e.Block] = e.ID
		}
	}
	s, ok, err := sw.Finish()
	if err != nil {
		w.t.Fatal(err)
	}
	if !ok {
		return nil
	}
	seg, err := segment.Open(&blockfile.Space{File: w.file}, s, segment.What{})
	if err != nil {
		w.t.Fatal(err)
	}
	seg.Index = sw.Index()
	return seg
}

func (w *world) entries() (out []format.FreeEntry) {
	seen := make(map[base.BlockNo]bool)
	for range w.rng.IntN(4) {
		e := format.FreeEntry{Block: base.BlockNo(1 + w.rng.IntN(6)), ID: base.SnapshotID(w.rng.IntN(50) - 1)}
		if !seen[e.Block] {
			seen[e.Block] = true
			out = append(out, e)
		}
	}
	return out
}

// level writes a level: a plain one, one of free-list entries, or a half-done merge.
func (w *world) level() *snapshot.Level {
	w.t.Helper()
	n := w.rng.IntN(120)
	switch w.rng.IntN(5) {
	case 0:
		if seg := w.segment(memtree.View{}, nil, true, w.entries()); seg != nil {
			return &snapshot.Level{FreelistOnly: true, Seg: seg}
		}
		return nil
	case 1, 2:
		return w.merging(func() []op { return w.ops(n + 20) })
	}
	t := memtree.New()
	w.tree(t, w.ops(n))
	if seg := w.segment(t.Freeze(), nil, true, w.entries()); seg != nil {
		return &snapshot.Level{Seg: seg}
	}
	return nil
}

// merging writes a merge of two or three segments that has come as far as a split key:
// what is below it is in the output, the rest in the inputs, which still hold all.
func (w *world) merging(ops func() []op) *snapshot.Level {
	w.t.Helper()
	all := memtree.New()
	m := &snapshot.Merging{}
	for range 2 + w.rng.IntN(2) {
		ops := ops()
		part := memtree.New()
		w.tree(part, ops)
		w.tree(all, ops)
		seg := w.segment(part.Freeze(), nil, true, nil)
		if seg == nil {
			return nil
		}
		m.RHS = append([]*segment.Segment{seg}, m.RHS...)
	}
	m.Split = w.key()
	out := w.segment(all.Freeze(), m.Split, false, nil)
	if out == nil {
		return w.plain(all)
	}
	return &snapshot.Level{Seg: out, Merging: m}
}

func (w *world) plain(t *memtree.Tree) *snapshot.Level {
	if seg := w.segment(t.Freeze(), nil, true, nil); seg != nil {
		return &snapshot.Level{Seg: seg}
	}
	return nil
}

func (w *world) state() *snapshot.State {
	st := &snapshot.State{Disk: &snapshot.Snapshot{}}
	for range w.rng.IntN(5) {
		if l := w.level(); l != nil {
			st.Disk.Levels = append([]*snapshot.Level{l}, st.Disk.Levels...)
		}
	}
	if w.rng.IntN(2) == 0 {
		t := memtree.New()
		w.tree(t, w.ops(w.rng.IntN(60)))
		st.Old, st.HasOld = t.Freeze(), true
	}
	t := memtree.New()
	w.tree(t, w.ops(w.rng.IntN(60)))
	st.Live, st.Tree = t.Freeze(), t
	return st
}

// expectSystem compares the system keys of a snapshot with the map.
func (w *world) expectSystem(s *snapshot.Snapshot) {
	w.t.Helper()
	var c cursor.Cursor
	if err := c.InitSystem(s); err != nil {
		w.t.Fatal(err)
	}
	got := make(map[base.BlockNo]base.SnapshotID)
	var last []byte
	for ok := c.First(); ok; ok = c.Next() {
		v, err := c.Value()
		if err != nil {
			w.t.Fatal(err)
		}
		e, err := format.DecodeFreeRecord(c.Key(), v)
		if err != nil || bytes.Compare(c.Key(), last) <= 0 {
			w.t.Fatalf("key %x behind %x, %v", c.Key(), last, err)
		}
		last = append(last[:0], c.Key()...)
		got[e.Block] = e.ID
	}
	if c.Err() != nil || !maps.Equal(got, w.system) {
		w.t.Fatalf("system keys %v, want %v; %v", got, w.system, c.Err())
	}
	n := 0
	for ok := c.Last(); ok; ok = c.Prev() {
		n++
	}
	if n != len(got) {
		w.t.Fatalf("%d system keys backward, %d forward", n, len(got))
	}
}
