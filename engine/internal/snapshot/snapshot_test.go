// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

type file struct {
	*blockfile.File
	raw    vfs.File
	t      *testing.T
	blocks base.BlockNo
}

func newFile(t *testing.T) *file {
	t.Helper()
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	geo, err := format.NewGeometry(256, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	return &file{File: blockfile.New(f, "/test.db", geo, nil, 1<<20), raw: f, t: t}
}

func (f *file) Allocate() (base.BlockNo, error) {
	f.blocks++
	f.SetBlocks(uint32(f.blocks))
	return f.blocks, nil
}

func (f *file) segment(prefix string, n int) format.Segment {
	f.t.Helper()
	w := segment.NewWriter(f.File, f, 0)
	for i := range n {
		if err := w.Add(base.Insert, fmt.Appendf(nil, "%s%04d", prefix, i), make([]byte, 30)); err != nil {
			f.t.Fatal(err)
		}
	}
	s, _, err := w.Finish()
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// TestSealsAreKept: the seal of an ordinary level comes from its flags and goes back there.
func TestSealsAreKept(t *testing.T) {
	f := newFile(t)
	w := segment.NewWriter(f.File, f, 0)
	w.SetSeal(4711)
	for i := range 50 {
		if err := w.Add(base.Insert, fmt.Appendf(nil, "%04d", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	s, _, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	c := &format.Checkpoint{ID: 17, Compression: 1, Levels: []format.Level{{LHS: s}, {LHS: f.segment("z", 100)}}}
	if _, err := snapshot.Load(f.File, c); err == nil {
		t.Error("a segment is opened without its seal")
	}
	c.Levels[0].SetSeal(4711)
	got, err := snapshot.Load(f.File, c)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := got.Levels[0].Seg.Space, got.Levels[1].Seg.Space; !a.Sealed || a.Seal != 4711 || !b.Sealed || b.Seal != 0 {
		t.Errorf("seals %d and %d", a.Seal, b.Seal)
	}
	if again := got.Export(); !reflect.DeepEqual(again, c) {
		t.Errorf("exported %+v, want %+v", again, c)
	}
}

// TestFrontOfASealIsNone: a merge that lsmlite began and C lsm1 has finished leaves a segment of which only the front
// has a seal. Its level has none, and gets none: else the pages of C lsm1 would be damaged ones the next time.
func TestFrontOfASealIsNone(t *testing.T) {
	f := newFile(t)
	w := segment.NewWriter(f.File, f, 0)
	w.SetSeal(4711)
	for i := range 50 {
		if err := w.Add(base.Insert, fmt.Appendf(nil, "%04d", i), make([]byte, 30)); err != nil {
			t.Fatal(err)
		}
	}
	s, _, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	const size = 256
	for p := s.First + 2; p <= s.Last; p++ { // as C lsm1 writes them
		var flags [2]byte
		at := int64(p)*size - 4
		if _, err := f.raw.ReadAt(flags[:], at); err != nil {
			t.Fatal(err)
		}
		flags[0], flags[1] = 0, flags[1]&7
		if _, err := f.raw.WriteAt(flags[:], at); err != nil {
			t.Fatal(err)
		}
	}
	geo := f.Geometry()
	again := blockfile.New(f.raw, "/test.db", geo, nil, 1<<20)
	again.SetBlocks(uint32(f.blocks))
	c := &format.Checkpoint{ID: 17, Compression: 1, Levels: []format.Level{{LHS: s}}}
	got, err := snapshot.Load(again, c)
	if err != nil {
		t.Fatal(err)
	}
	if space := got.Levels[0].Seg.Space; !space.Partly || space.Seal != 4711 {
		t.Fatalf("the front of the segment has a seal: %v, %d", space.Partly, space.Seal)
	}
	if stored := got.Export(); !reflect.DeepEqual(stored, c) {
		t.Errorf("exported %+v, want %+v", stored, c)
	}
}

// TestLoadAndExport loads a checkpoint with a half-done merge and gets it back.
func TestLoadAndExport(t *testing.T) {
	f := newFile(t)
	top, out, in0, in1, old := f.segment("t", 50), f.segment("a", 20), f.segment("k", 60), f.segment("k", 90), f.segment("z", 100)
	split := in0.First + 2
	page, err := (&blockfile.Space{File: f.File, Sealed: true}).Page(split)
	if err != nil {
		t.Fatal(err)
	}
	c := &format.Checkpoint{
		ID: 17, Compression: 1, Append: [4]base.PageNo{0, top.Last + 1},
		Levels: []format.Level{
			{LHS: top, Flags: format.LevelFreelistOnly},
			{Age: 1, LHS: out, RHS: []format.Segment{in0, in1}, Merge: format.Merge{
				Inputs: []format.MergeInput{{Page: split, Cell: 1}, {}}, SplitPage: split, SplitCell: 1, CurrentPtr: 5, Skip: 2}},
			{Age: 3, LHS: old},
		},
		Log: format.LogPos{Off: 99, Toggle: true, Sum: format.Checksum{S0: 1, S1: 2}},
	}
	s, err := snapshot.Load(f.File, c)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Export(); !reflect.DeepEqual(got, c) {
		t.Errorf("exported %+v\nwant %+v", got, c)
	}
	m := s.Levels[1].Merging
	cell := page.LeafCell(1)
	if want := page[cell.Body:][:cell.KeyLen]; string(m.Split) != string(want) || m.SplitKind&base.System != 0 || m.NoSplit {
		t.Errorf("split key %q, want %q", m.Split, want)
	}
	if !s.Levels[0].FreelistOnly || s.Levels[2].FreelistOnly || s.NumSegments() != 4 || len(s.Levels[1].Segments()) != 3 || len(s.Levels[2].Segments()) != 1 {
		t.Errorf("%d segments", s.NumSegments())
	}

	// A merge whose inputs are all at their ends has no split key.
	c.Levels[1].Merge.SplitPage, c.Levels[1].Merge.Inputs[0] = 0, format.MergeInput{}
	if s, err = snapshot.Load(f.File, c); err != nil || !s.Levels[1].Merging.NoSplit {
		t.Errorf("no split key: %v", err)
	}
	// The b-tree of the next older level as an input.
	c.Levels[1].Merge = format.Merge{BTree: true, Inputs: []format.MergeInput{{}, {}, {Page: old.Root, Cell: 1<<8 + 1}}, SplitPage: old.Root, SplitCell: 0}
	s, err = snapshot.Load(f.File, c)
	if err != nil || !strings.HasPrefix(string(s.Levels[1].Merging.Split), "z") {
		t.Errorf("split key in a b-tree: %v", err)
	}
	for name, change := range map[string]func(){
		"split key on no input": func() { c.Levels[1].Merge.BTree = false; c.Levels[1].Merge.Inputs = c.Levels[1].Merge.Inputs[:2] },
		"split key in no cell": func() {
			c.Levels[1].Merge = format.Merge{Inputs: []format.MergeInput{{Page: split}, {}}, SplitPage: split, SplitCell: 1000}
		},
		"segment outside the file": func() { c.Levels[2].LHS.First = 1 << 40 },
	} {
		change()
		if _, err := snapshot.Load(f.File, c); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e := snapshot.Empty(); e.ID != base.EmptySnapshotID || len(e.Levels) != 0 || e.Log.Sum != format.EmptyLogSum {
		t.Errorf("empty: %+v", e)
	}
}

// TestLoadRedirects: redirects belong to the oldest segment alone.
func TestLoadRedirects(t *testing.T) {
	f := newFile(t)
	a, b := f.segment("a", 50), f.segment("b", 50)
	c := &format.Checkpoint{Levels: []format.Level{{LHS: a}, {LHS: b}}, Redirects: []format.Redirect{{From: 9, To: 3}}}
	s, err := snapshot.Load(f.File, c)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Levels[0].Seg.Space.Redirects) != 0 || len(s.Levels[1].Seg.Space.Redirects) != 1 || len(s.Redirects) != 1 {
		t.Error("redirects are not those of the oldest segment")
	}
	c.Levels = []format.Level{{LHS: a, RHS: []format.Segment{a, b}, Merge: format.Merge{Inputs: make([]format.MergeInput, 2)}}}
	if s, err = snapshot.Load(f.File, c); err != nil {
		t.Fatal(err)
	}
	l := s.Levels[0]
	if len(l.Seg.Space.Redirects) != 0 || len(l.Merging.RHS[0].Space.Redirects) != 0 || len(l.Merging.RHS[1].Space.Redirects) != 1 {
		t.Error("redirects are not those of the oldest input")
	}
}

func disk(id base.SnapshotID) *snapshot.Snapshot { return &snapshot.Snapshot{ID: id} }

func TestRegistry(t *testing.T) {
	var r snapshot.Registry
	tree, other := memtree.New(), memtree.New()
	publish := func(id base.SnapshotID, tr *memtree.Tree) *snapshot.State {
		tr.Put([]byte{byte(id)}, nil)
		s := &snapshot.State{Disk: disk(id), Tree: tr, Live: tr.Freeze()}
		r.Publish(s)
		return s
	}
	first := publish(11, tree)
	a := r.Acquire()
	if a != first || r.Newest() != first || r.Pins() != 1 || r.OldestSnapshot() != 11 {
		t.Fatalf("%d pins, oldest %d", r.Pins(), r.OldestSnapshot())
	}
	second := publish(12, tree)
	b := r.Acquire()
	third := publish(13, other)
	if b != second || r.Newest() != third || r.Pins() != 2 || r.OldestSnapshot() != 11 {
		t.Fatalf("%d pins, oldest %d", r.Pins(), r.OldestSnapshot())
	}
	if r.OldestEpoch(tree) != first.Live.Epoch() || r.OldestEpoch(other) != third.Live.Epoch() {
		t.Error("wrong oldest epochs")
	}
	r.Retain(a)
	r.Release(a)
	if r.OldestSnapshot() != 11 {
		t.Error("a pin that was retained is gone")
	}
	r.Release(a)
	if r.OldestSnapshot() != 12 || r.OldestEpoch(tree) != second.Live.Epoch() || r.Pins() != 1 {
		t.Errorf("oldest %d, %d pins", r.OldestSnapshot(), r.Pins())
	}
	publish(14, other)
	r.Release(b)
	if r.OldestSnapshot() != 14 || r.Pins() != 0 || r.OldestEpoch(tree) != 0 {
		t.Errorf("oldest %d, %d pins", r.OldestSnapshot(), r.Pins())
	}
	next := r.Newest().Next()
	if next.Disk != r.Newest().Disk || next.Tree != other || next == r.Newest() {
		t.Error("Next is no copy")
	}
}

// TestRegistryConcurrently has readers pin and let go while states are published. What a
// reader holds is never older than what OldestSnapshot says.
func TestRegistryConcurrently(t *testing.T) {
	var r snapshot.Registry
	r.Publish(&snapshot.State{Disk: disk(11)})
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			last := base.SnapshotID(0)
			for {
				select {
				case <-stop:
					return
				default:
				}
				s := r.Acquire()
				if s.Disk.ID < last {
					t.Errorf("snapshot %d after %d", s.Disk.ID, last)
				}
				last = s.Disk.ID
				if oldest := r.OldestSnapshot(); oldest > s.Disk.ID {
					t.Errorf("snapshot %d is held, the oldest is said to be %d", s.Disk.ID, oldest)
				}
				r.Release(s)
			}
		})
	}
	for id := range base.SnapshotID(3000) {
		r.Publish(&snapshot.State{Disk: disk(12 + id)})
	}
	close(stop)
	wg.Wait()
	if r.Pins() != 0 || r.OldestSnapshot() != 3011 {
		t.Errorf("%d pins, oldest %d", r.Pins(), r.OldestSnapshot())
	}
}
