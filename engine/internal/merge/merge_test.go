// SPDX-License-Identifier: Apache-2.0

package merge_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestModel flushes trees and merges levels at random; what can be read never changes by
// a merge.
func TestModel(t *testing.T) {
	for seed := range uint64(60) {
		w := newWorld(t, seed)
		for step := range 25 {
			if len(w.levels) < 2 || w.rng.IntN(3) > 0 {
				var entries []format.FreeEntry
				if w.rng.IntN(2) == 0 {
					e := format.FreeEntry{Block: base.BlockNo(1 + w.rng.IntN(5)), ID: base.SnapshotID(w.rng.IntN(9) - 1)}
					entries = []format.FreeEntry{e}
				}
				w.job(w.tree().Freeze(), 0, 0, entries)
				w.expect(fmt.Sprintf("seed %d, step %d, flush", seed, step))
				continue
			}
			lo := w.rng.IntN(len(w.levels) - 1)
			hi := lo + 2 + w.rng.IntN(len(w.levels)-lo-1)
			w.job(memtree.View{}, lo, hi, nil)
			w.expect(fmt.Sprintf("seed %d, step %d, merge of levels %d to %d", seed, step, lo, hi))
		}
		w.job(memtree.View{}, 0, len(w.levels), nil)
		w.expect(fmt.Sprintf("seed %d, all merged", seed))
		if len(w.levels) > 1 {
			t.Fatalf("%d levels", len(w.levels))
		}
	}
}

// TestHalfMerged continues merges that were left half done: the output below the split
// key and the inputs from it on.
func TestHalfMerged(t *testing.T) {
	for seed := range uint64(60) {
		w := newWorld(t, seed)
		w.job(w.tree().Freeze(), 0, 0, nil) // older than the merge
		for range 2 {
			w.job(w.tree().Freeze(), 0, 0, nil)
		}
		if len(w.levels) != 3 {
			continue
		}
		before := w.levels
		w.job(memtree.View{}, 0, 2, nil)
		if len(w.levels) != 2 {
			continue
		}
		merged := w.levels[0]
		// Keep of the output what is below the split key.
		split := w.key()
		sw := segment.NewWriter(w.file, w, 0)
		var it segment.Iter
		it.Init(merged.Seg)
		for ok := it.First(); ok && bytes.Compare(it.Key(), split) < 0; ok = it.Next() {
			v, err := it.AppendValue(nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := sw.Add(it.Kind(), it.Key(), v); err != nil {
				t.Fatal(err)
			}
		}
		s, ok, err := sw.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		out, err := segment.Open(&blockfile.Space{File: w.file}, s, segment.What{})
		if err != nil {
			t.Fatal(err)
		}
		w.levels = []*snapshot.Level{
			{Seg: out, Merging: &snapshot.Merging{RHS: []*segment.Segment{before[0].Seg, before[1].Seg}, Split: split}},
			before[2],
		}
		w.expect(fmt.Sprintf("seed %d, half merged", seed))
		w.job(memtree.View{}, 0, 1, nil)
		w.expect(fmt.Sprintf("seed %d, merge finished", seed))
		w.job(memtree.View{}, 0, len(w.levels), nil)
		w.expect(fmt.Sprintf("seed %d, all merged", seed))
	}
}

// TestCancelledStep stops between records and goes on later.
func TestCancelledStep(t *testing.T) {
	w := newWorld(t, 1)
	tree := memtree.New()
	for i := range 5000 {
		tree.Put(fmt.Appendf(nil, "%05d", i), make([]byte, 50))
	}
	j, err := merge.New(w.file, w, merge.Spec{Tree: tree.Freeze(), Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := j.Step(ctx, 1<<30); j.Done() || !errors.Is(err, context.Canceled) {
		t.Fatalf("done %v, %v", j.Done(), err)
	}
	if _, err := j.Step(context.Background(), 1<<30); !j.Done() || err != nil {
		t.Fatalf("done %v, %v", j.Done(), err)
	}
	r := j.Result()
	if !r.Written {
		t.Fatal("no result")
	}
	seg, err := segment.Open(&blockfile.Space{File: w.file}, r.Segment, segment.What{})
	if err != nil {
		t.Fatal(err)
	}
	var it segment.Iter
	it.Init(seg)
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if string(it.Key()) != fmt.Sprintf("%05d", n) {
			t.Fatalf("record %d is %q", n, it.Key())
		}
		n++
	}
	if n != 5000 || len(j.Blocks()) < 2 {
		t.Errorf("%d records in blocks %v", n, j.Blocks())
	}
}
