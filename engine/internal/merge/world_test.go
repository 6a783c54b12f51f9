// SPDX-License-Identifier: Apache-2.0

package merge_test

import (
	"bytes"
	"context"
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
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// world is a database of levels without an engine: it flushes and merges at random.
type world struct {
	t      *testing.T
	rng    *rand.Rand
	raw    vfs.File
	file   *blockfile.File
	blocks base.BlockNo

	levels []*snapshot.Level // newest first
	rows   map[string][]byte
	system map[base.BlockNo]base.SnapshotID
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	geo, err := format.NewGeometry([]int{256, 1024, 4096}[seed%3], 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), raw: f, file: blockfile.New(f, "/test.db", geo, nil, 1<<30),
		rows: make(map[string][]byte), system: make(map[base.BlockNo]base.SnapshotID),
	}
}

func (w *world) Allocate() (base.BlockNo, error) {
	w.blocks++
	w.file.SetBlocks(uint32(w.blocks))
	return w.blocks, nil
}

func (w *world) key() []byte {
	k := make([]byte, w.rng.IntN(4))
	for i := range k {
		k[i] = "abcd"[w.rng.IntN(4)]
	}
	if w.rng.IntN(50) == 0 {
		k = append(k, make([]byte, 300)...)
	}
	return k
}

// tree makes a tree of random changes and applies them to the rows.
func (w *world) tree() *memtree.Tree {
	t := memtree.New()
	for range 1 + w.rng.IntN(60) {
		a, b := w.key(), w.key()
		switch w.rng.IntN(6) {
		case 0:
			t.DeleteRange(a, b)
			maps.DeleteFunc(w.rows, func(k string, _ []byte) bool { return k > string(a) && k < string(b) })
		case 1:
			t.Delete(a)
			delete(w.rows, string(a))
		default:
			v := binary.BigEndian.AppendUint64(make([]byte, w.rng.IntN(100)), w.rng.Uint64())
			t.Put(a, v)
			w.rows[string(a)] = v
		}
	}
	return t
}

// job runs a job over levels[lo:hi] to the end and puts its result in their place.
func (w *world) job(tree memtree.View, lo, hi int, entries []format.FreeEntry) merge.Spec {
	w.t.Helper()
	spec := merge.Spec{Tree: tree, Inputs: w.levels[lo:hi], Oldest: hi == len(w.levels), Index: true, Keys: 1000}
	asked := 0
	if entries != nil {
		spec.FreeEntries = func() []format.FreeEntry { asked++; return entries }
		for _, e := range entries {
			if e.ID == format.NotFree {
				delete(w.system, e.Block)
			} else {
				w.system[e.Block] = e.ID
			}
		}
	}
	j, err := merge.New(w.file, w, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	for steps := 0; ; steps++ {
		cost, err := j.Step(context.Background(), (1+w.rng.Int64N(3))*int64(w.file.Geometry().PageSize))
		if err != nil {
			w.t.Fatal(err)
		}
		if j.Done() {
			break
		}
		if cost < int64(w.file.Geometry().PageSize) || steps > 10_000 {
			w.t.Fatalf("step %d costs %d bytes", steps, cost)
		}
	}
	if cost, err := j.Step(context.Background(), 1); cost != 0 || !j.Done() || err != nil {
		w.t.Fatal("a job that is done goes on")
	}
	r := j.Result()
	s, stored, point := r.Segment, r.Entries, r.AppendPoint
	if entries != nil && (asked != 1 || !slices.Equal(stored, entries)) {
		w.t.Fatalf("asked %d times for free-list entries; %v are stored, want %v", asked, stored, entries)
	}
	var out []*snapshot.Level
	if r.Written {
		seg, err := segment.Open(&blockfile.Space{File: w.file}, s, segment.What{})
		if err != nil {
			w.t.Fatal(err)
		}
		if j.Pages() != s.Size || point != 0 && point != s.Last+1 {
			w.t.Fatalf("%d pages of %d, append point %d behind %d", j.Pages(), s.Size, point, s.Last)
		}
		seg.Index = r.Index
		w.expectSegment(seg, spec.Oldest)
		out = append(out, &snapshot.Level{Seg: seg})
	}
	w.levels = slices.Concat(w.levels[:lo], out, w.levels[hi:])
	return spec
}

// expectSegment checks the rules that a segment's records follow.
func (w *world) expectSegment(seg *segment.Segment, oldest bool) {
	w.t.Helper()
	var it segment.Iter
	it.Init(seg)
	var last base.Kind
	for ok := it.First(); ok; ok = it.Next() {
		k := it.Kind()
		if (last&base.StartDelete != 0) != (k&base.EndDelete != 0) {
			w.t.Fatalf("key %q of kind %#x follows one of kind %#x", it.Key(), k, last)
		}
		if oldest && k&^base.System != base.Insert {
			w.t.Fatalf("key %q of kind %#x in the oldest segment", it.Key(), k)
		}
		if k&base.PointDelete != 0 && k&base.RangeBits == base.RangeBits {
			w.t.Fatalf("key %q is deleted twice", it.Key())
		}
		last = k
	}
	if it.Err() != nil || last&base.StartDelete != 0 {
		w.t.Fatalf("ends with kind %#x, %v", last, it.Err())
	}
}

func (w *world) expect(what string) {
	w.t.Helper()
	st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: w.levels}}
	var c cursor.Cursor
	if err := c.Init(memtree.View{}, st); err != nil {
		w.t.Fatal(err)
	}
	keys := slices.Sorted(maps.Keys(w.rows))
	i := 0
	for ok := c.First(); ok; ok = c.Next() {
		v, err := c.Value()
		if err != nil || i >= len(keys) || string(c.Key()) != keys[i] || !bytes.Equal(v, w.rows[keys[i]]) {
			w.t.Fatalf("%s: row %d: key %q, %v", what, i, c.Key(), err)
		}
		i++
	}
	if c.Err() != nil || i != len(keys) {
		w.t.Fatalf("%s: %d rows, want %d; %v", what, i, len(keys), c.Err())
	}
	got, err := cursor.RecordedFree(st.Disk)
	if err != nil || !maps.Equal(got, w.system) {
		w.t.Fatalf("%s: system keys %v, want %v; %v", what, got, w.system, err)
	}
}
