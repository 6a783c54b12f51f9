// SPDX-License-Identifier: Apache-2.0

package merge_test

import (
	"context"
	"fmt"
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
)

// longRows makes a tree of rows that fill several blocks.
func (w *world) longRows() *memtree.Tree {
	t := memtree.New()
	for range 300 {
		k := fmt.Appendf(nil, "%05d", w.rng.IntN(900))
		if w.rng.IntN(20) == 0 {
			k = append(k, make([]byte, 900)...)
		}
		switch w.rng.IntN(12) {
		case 0:
			t.Delete(k)
			delete(w.rows, string(k))
		case 1:
			end := fmt.Appendf(nil, "%s~", k[:4])
			t.DeleteRange(k, end)
			for key := range w.rows {
				if key > string(k) && key < string(end) {
					delete(w.rows, key)
				}
			}
		default:
			v := make([]byte, w.rng.IntN(2000))
			for i := range v {
				v[i] = byte(w.rng.Uint32())
			}
			t.Put(k, v)
			w.rows[string(k)] = v
		}
	}
	return t
}

// destroy overwrites the blocks of some segments that others do not use.
func (w *world) destroy(before, after []*segment.Segment) (n int) {
	w.t.Helper()
	used := make(map[base.BlockNo]bool)
	for _, s := range after {
		for _, b := range w.blocksOf(s) {
			used[b] = true
		}
	}
	geo := w.file.Geometry()
	junk := make([]byte, geo.BlockSize)
	for i := range junk {
		junk[i] = byte(w.rng.Uint32())
	}
	for _, s := range before {
		for _, b := range w.blocksOf(s) {
			if used[b] {
				continue
			}
			used[b] = true
			n++
			if _, err := w.raw.WriteAt(junk, int64(b-1)*int64(geo.BlockSize)); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return n
}

// forget empties the page cache.
func (w *world) forget() {
	w.file = blockfile.New(w.raw, "/test.db", w.file.Geometry(), nil, 1<<30)
	w.file.SetBlocks(uint32(w.blocks))
	for _, s := range segments(w.levels) {
		s.Space.File = w.file
	}
}

func (w *world) blocksOf(s *segment.Segment) []base.BlockNo {
	w.t.Helper()
	b, err := s.Blocks()
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func segments(levels []*snapshot.Level) (all []*segment.Segment) {
	for _, l := range levels {
		all = append(all, l.Segments()...)
	}
	return all
}

// half makes a level of a part. Its segments are those that a checkpoint with the part names,
// or the very ones.
func (w *world) half(p merge.Part, reload bool) *snapshot.Level {
	w.t.Helper()
	l := &snapshot.Level{Age: 9, Merging: &p.Merging, Seg: &segment.Segment{Segment: p.Segment, LastPage: p.LastPage,
		Space: &blockfile.Space{File: w.file, Sealed: true, Seal: seal}, Index: p.Index}}
	if !reload {
		return l
	}
	blob, err := (&snapshot.Snapshot{ID: 20, Levels: []*snapshot.Level{l}}).Export(), error(nil)
	geo := w.file.Geometry()
	blob.Blocks, blob.PageSize, blob.BlockSize = uint32(w.blocks), uint32(geo.PageSize), uint32(geo.BlockSize)
	encoded, err := blob.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := format.DecodeCheckpoint(encoded)
	if err != nil {
		w.t.Fatal(err)
	}
	loaded, err := snapshot.Load(w.file, c)
	if err != nil {
		w.t.Fatal(err)
	}
	if m := loaded.Levels[0].Merging; !m.Ours || string(m.Split) != string(p.Merging.Split) || m.SplitKind&base.System != 0 {
		w.t.Fatalf("loaded again, the split key is %q (ours: %t), not %q", m.Split, m.Ours, p.Merging.Split)
	}
	return loaded.Levels[0]
}

const seal = 4711

// TestParts publishes merges in parts. After each part, the blocks that were given up are
// overwritten, and everything must still be there, for the job, which goes on, and for
// another one that takes its place, as after a crash. Every second merge leaves an older level alone.
func TestParts(t *testing.T) {
	parts, above, taken, given, reloads, indexed, inherited := 0, 0, 0, 0, 0, 0, 0
	for seed := range uint64(24) {
		w := newWorld(t, seed)
		w.rng = rand.New(rand.NewPCG(seed, 7))
		oldest := seed%2 == 0
		var older []*snapshot.Level
		if !oldest {
			w.job(w.longRows().Freeze(), 0, 0, nil)
			older = w.levels
		}
		for range merge.LeastInputs(oldest) + w.rng.IntN(3) {
			w.job(w.longRows().Freeze(), 0, 0, nil)
		}
		begin := func(inputs []*snapshot.Level, onto *segment.Segment) *merge.Job {
			j, err := merge.New(w.file, w, merge.Spec{Inputs: inputs, Oldest: oldest, Seal: seal, Onto: onto,
				Index: onto == nil, Keys: 1000})
			if err != nil {
				t.Fatal(err)
			}
			return j
		}
		j := begin(w.levels[:len(w.levels)-len(older)], nil)
		for !j.Done() {
			if _, err := j.Step(context.Background(), (1+w.rng.Int64N(60))*4096); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if !j.HalfDone() {
				continue
			}
			p, ok, err := j.Part()
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if !ok {
				continue
			}
			parts++
			if !oldest {
				above++
			}
			half := w.half(p, false)
			w.expectSplit(half, oldest)
			if half.Seg.Index.Fences() != nil && !slices.ContainsFunc(p.Merging.RHS, func(s *segment.Segment) bool { return s.Index.Filter() == nil }) {
				indexed++
			}
			if l := w.levels[0]; l.Merging != nil {
				if half.Seg.Index.Inherit(l.Seg.Index); half.Seg.Index.Filter() != nil {
					inherited++
				}
			}
			n := w.destroy(segments(w.levels[:len(w.levels)-len(older)]), half.Segments())
			given += n
			w.levels = append([]*snapshot.Level{half}, older...)
			w.forget()
			for _, seg := range half.Merging.RHS {
				w.estimate(seg)
			}
			w.expect(fmt.Sprintf("seed %d, half merged", seed))
			w.expectLookups()
			if w.rng.IntN(3) == 0 {
				reloads++
				half = w.half(p, true)
				w.levels = append([]*snapshot.Level{half}, older...)
				w.expect(fmt.Sprintf("seed %d, half merged and loaded again", seed))
				w.expectLookups()
				for _, seg := range half.Segments() {
					w.index(seg)
				}
				w.expectLookups()
			}
			if half.Seg.Continuable() && w.rng.IntN(3) == 0 {
				taken++
				j = begin(w.levels[:1], half.Seg)
			}
		}
		r := j.Result()
		if !r.Written {
			t.Fatalf("seed %d: nothing is left", seed)
		}
		seg, err := segment.Open(&blockfile.Space{File: w.file}, r.Segment, segment.What{Seal: seal})
		if err != nil {
			t.Fatal(err)
		}
		w.levels = append([]*snapshot.Level{{Seg: seg}}, older...)
		w.expectSegment(seg, oldest)
		w.expect(fmt.Sprintf("seed %d, merged", seed))
	}
	if parts < 50 || above < 20 || given < 80 || taken < 10 || reloads < 10 || indexed < 20 || inherited < 10 {
		t.Errorf("%d parts (%d above an older level, %d with fences and filters, %d with the filter of a part before), %d blocks given up, %d merges taken up, %d checkpoints: the test shows little",
			parts, above, indexed, inherited, given, taken, reloads)
	}
}

// expectSplit wants no input to have a record between the last one of the output and the split key,
// and no deleted range across it, unless nothing is older.
func (w *world) expectSplit(half *snapshot.Level, oldest bool) {
	w.t.Helper()
	var it segment.Iter
	it.Init(half.Seg)
	if !it.Last() {
		w.t.Fatalf("nothing is merged: %v", it.Err())
	}
	last, split := string(it.Key()), string(half.Merging.Split)
	if !oldest && it.Kind()&base.StartDelete != 0 {
		w.t.Fatalf("a range that begins at %q goes on across the split key %q", last, split)
	}
	it.Done()
	for _, seg := range half.Merging.RHS {
		it.Init(seg)
		ok := it.SeekGE(0, []byte(split))
		if ok && !oldest && it.Kind()&(base.EndDelete|base.System) == base.EndDelete {
			w.t.Fatalf("a range of an input goes on across the split key %q to %q", split, it.Key())
		}
		if ok && it.Prev() && it.Kind()&base.System == 0 && string(it.Key()) > last {
			w.t.Fatalf("%q comes between the output, which ends with %q, and the split key %q", it.Key(), last, split)
		}
		it.Done()
	}
}

// TestPartEndsWithAWrittenRecord: where nearly all records are dropped, a step mostly ends with one
// that is, and a part goes on to one that is not.
func TestPartEndsWithAWrittenRecord(t *testing.T) {
	w := newWorld(t, 2)
	for level := range 2 {
		tree := memtree.New()
		for i := range 3000 {
			key := fmt.Appendf(nil, "%05d", i)
			if level == 1 && i%100 != 0 {
				tree.Delete(key)
			} else {
				tree.Put(key, make([]byte, 500))
			}
		}
		w.job(tree.Freeze(), 0, 0, nil)
	}
	j, err := merge.New(w.file, w, merge.Spec{Inputs: w.levels, Oldest: true, Seal: seal})
	if err != nil {
		t.Fatal(err)
	}
	parts := 0
	for {
		if _, err := j.Step(context.Background(), 4096); err != nil {
			t.Fatal(err)
		}
		if j.Done() {
			break
		}
		p, ok, err := j.Part()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			parts++
			w.expectSplit(w.half(p, false), true)
		}
	}
	if parts < 5 {
		t.Errorf("%d parts: the test shows little", parts)
	}
}

// estimate estimates the keys of a segment without its filter, which must not read what is gone.
func (w *world) estimate(seg *segment.Segment) {
	w.t.Helper()
	f := seg.Index.Filter()
	seg.Index.SetFilter(nil)
	if _, err := seg.EstimateKeys(1000); err != nil {
		w.t.Fatal(err)
	}
	seg.Index.SetFilter(f)
}

// index makes the fences and the filter of a segment.
func (w *world) index(seg *segment.Segment) {
	w.t.Helper()
	goOn := func() error { return nil }
	fences, err := seg.BuildFences(goOn)
	if err != nil {
		w.t.Fatal(err)
	}
	seg.Index.SetFences(fences)
	f, err := seg.BuildFilter(1000, goOn)
	if err != nil {
		w.t.Fatal(err)
	}
	seg.Index.SetFilter(f)
}

// expectLookups looks rows up one by one, those that are there and those that are not.
func (w *world) expectLookups() {
	w.t.Helper()
	st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: w.levels}}
	for range 100 {
		i := w.rng.IntN(900)
		key := fmt.Appendf(nil, "%05d", i)
		v, ok, err := cursor.Get(nil, key, new(memtree.View), st)
		if want, there := w.rows[string(key)]; err != nil || ok != there || string(v) != string(want) {
			w.t.Fatalf("key %q: found %t, want %t: %v", key, ok, there, err)
		}
	}
}

// TestNotInParts: what C lsm1 wrote and flushes are published whole.
func TestNotInParts(t *testing.T) {
	w := newWorld(t, 1)
	for range 4 {
		w.job(w.longRows().Freeze(), 0, 0, nil)
	}
	for what, change := range map[string]func(*merge.Spec){
		"as it is":             func(*merge.Spec) {},
		"older levels":         func(s *merge.Spec) { s.Oldest = false },
		"few above older ones": func(s *merge.Spec) { s.Oldest, s.Inputs = false, s.Inputs[:3] },
		"a flush":              func(s *merge.Spec) { s.Tree = w.longRows().Freeze() },
		"one input":            func(s *merge.Spec) { s.Inputs = s.Inputs[:1] },
		"a segment of C lsm1":  func(s *merge.Spec) { s.Inputs[1].Seg.Space = &blockfile.Space{File: w.file} },
		"moved blocks": func(s *merge.Spec) {
			s.Inputs[2].Seg.Space = &blockfile.Space{File: w.file, Sealed: true, Redirects: []format.Redirect{{From: 3, To: 2}}}
		},
	} {
		spec := merge.Spec{Oldest: true}
		for _, l := range w.levels {
			seg := *l.Seg
			spec.Inputs = append(spec.Inputs, &snapshot.Level{Seg: &seg})
		}
		change(&spec)
		j, err := merge.New(w.file, w, spec)
		if err != nil {
			if what == "a segment of C lsm1" || what == "moved blocks" {
				continue
			}
			t.Fatal(err)
		}
		if got, want := j.HalfDone(), what == "as it is" || what == "older levels"; got != want {
			t.Errorf("%s: it can be published in parts: %t, want %t", what, got, want)
		}
	}
}
