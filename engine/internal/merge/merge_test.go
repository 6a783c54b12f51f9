package merge_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
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
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), file: blockfile.New(f, "/test.db", geo, nil, 1<<30),
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
	spec := merge.Spec{Tree: tree, Inputs: w.levels[lo:hi], Oldest: hi == len(w.levels)}
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
		cost, done, err := j.Step(context.Background(), 1+w.rng.IntN(3))
		if err != nil {
			w.t.Fatal(err)
		}
		if done {
			break
		}
		if cost < 1 || steps > 10_000 {
			w.t.Fatalf("step %d costs %d pages", steps, cost)
		}
	}
	if _, done, err := j.Step(context.Background(), 1); !done || err != nil {
		w.t.Fatal("a job that is done goes on")
	}
	s, ok, stored, point := j.Result()
	if entries != nil && (asked != 1 || !slices.Equal(stored, entries)) {
		w.t.Fatalf("asked %d times for free-list entries; %v are stored, want %v", asked, stored, entries)
	}
	var out []*snapshot.Level
	if ok {
		seg, err := segment.Open(&blockfile.Space{File: w.file}, s)
		if err != nil {
			w.t.Fatal(err)
		}
		if j.Pages() != s.Size || point != 0 && point != s.Last+1 {
			w.t.Fatalf("%d pages of %d, append point %d behind %d", j.Pages(), s.Size, point, s.Last)
		}
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
	if err := c.InitSystem(st.Disk); err != nil {
		w.t.Fatal(err)
	}
	got := make(map[base.BlockNo]base.SnapshotID)
	for ok := c.First(); ok; ok = c.Next() {
		v, err := c.Value()
		if err != nil {
			w.t.Fatal(err)
		}
		e, err := format.DecodeFreeRecord(c.Key(), v)
		if err != nil {
			w.t.Fatal(err)
		}
		got[e.Block] = e.ID
	}
	if c.Err() != nil || !maps.Equal(got, w.system) {
		w.t.Fatalf("%s: system keys %v, want %v; %v", what, got, w.system, c.Err())
	}
}

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
		out, err := segment.Open(&blockfile.Space{File: w.file}, s)
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
	if _, done, err := j.Step(ctx, 1<<30); done || !errors.Is(err, context.Canceled) {
		t.Fatalf("done %v, %v", done, err)
	}
	if _, done, err := j.Step(context.Background(), 1<<30); !done || err != nil {
		t.Fatalf("done %v, %v", done, err)
	}
	s, ok, _, _ := j.Result()
	if !ok {
		t.Fatal("no result")
	}
	seg, err := segment.Open(&blockfile.Space{File: w.file}, s)
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

func levels(ages ...int) (out []*snapshot.Level) {
	for i, a := range ages {
		out = append(out, &snapshot.Level{Age: uint16(a), Seg: &segment.Segment{Segment: format.Segment{Size: int64(100 - i)}}})
	}
	return out
}

func TestPick(t *testing.T) {
	none := func(*snapshot.Level) bool { return false }
	for _, test := range []struct {
		name          string
		ages          []int
		busy, merging int // index of a level, -1 for none
		min, lo, hi   int
	}{
		{"nothing", nil, -1, -1, 4, 0, 0},
		{"too few", []int{0, 0, 0}, -1, -1, 4, 0, 0},
		{"just enough", []int{0, 0, 0, 0}, -1, -1, 4, 0, 4},
		{"the longest run", []int{0, 0, 1, 1, 1, 2}, -1, -1, 2, 2, 5},
		{"the newest of equal runs", []int{0, 0, 1, 1}, -1, -1, 2, 0, 2},
		{"no run of one", []int{0, 1, 2}, -1, -1, 1, 0, 0},
		{"around a busy level", []int{0, 0, 0, 0, 0}, 1, -1, 2, 2, 5},
		{"around a half-done merge", []int{0, 0, 0, 0, 0}, -1, 2, 2, 0, 2},
		{"no run across a busy level", []int{0, 0, 0}, 1, -1, 2, 0, 0},
	} {
		ls := levels(test.ages...)
		if test.merging >= 0 {
			ls[test.merging].Merging = &snapshot.Merging{}
		}
		busy := none
		if test.busy >= 0 {
			busy = func(l *snapshot.Level) bool { return l == ls[test.busy] }
		}
		if lo, hi := merge.Pick(ls, busy, test.min); lo != test.lo || hi != test.hi {
			t.Errorf("%s: %d to %d, want %d to %d", test.name, lo, hi, test.lo, test.hi)
		}
	}
	if lo, hi := merge.PickAny(levels(0, 1, 2, 3), none); lo != 2 || hi != 4 {
		t.Errorf("the cheapest neighbours are levels 2 to 4, picked %d to %d", lo, hi)
	}
	if lo, hi := merge.PickAny(levels(0, 0, 1, 2), none); lo != 0 || hi != 2 {
		t.Errorf("a run goes first, picked %d to %d", lo, hi)
	}
	if lo, hi := merge.PickAny(levels(5), none); lo != hi {
		t.Errorf("picked %d to %d of one level", lo, hi)
	}
}

func TestAge(t *testing.T) {
	for _, test := range []struct {
		ages   []int
		lo, hi int
		want   uint16
	}{
		{[]int{0, 0, 0}, 0, 3, 1},
		{[]int{0, 0, 0}, 0, 2, 0}, // a part of a run: not above the rest of it
		{[]int{0, 0, 5}, 0, 2, 1},
		{[]int{0, 3}, 0, 2, 3},
		{[]int{2, 2, 2, 3}, 0, 3, 3},
		{[]int{4, 7}, 0, 1, 4},
	} {
		if got := merge.Age(levels(test.ages...), test.lo, test.hi); got != test.want {
			t.Errorf("levels %d to %d of ages %v: %d, want %d", test.lo, test.hi, test.ages, got, test.want)
		}
	}
}

func TestPickSpace(t *testing.T) {
	none := func(*snapshot.Level) bool { return false }
	sized := func(pages ...int64) (out []*snapshot.Level) {
		for _, n := range pages {
			out = append(out, &snapshot.Level{Seg: &segment.Segment{Segment: format.Segment{Size: n}}})
		}
		return out
	}
	for _, test := range []struct {
		name   string
		pages  []int64
		min    int
		lo, hi int
	}{
		{"the newer ones are smaller", []int64{5, 10, 20, 36}, 4, 0, 0},
		{"as large as the oldest", []int64{5, 10, 20, 35}, 4, 0, 4},
		{"too few levels", []int64{20, 20, 35}, 4, 0, 0},
		{"never a level alone", []int64{0}, 0, 0, 0},
		{"nothing", nil, 4, 0, 0},
	} {
		if lo, hi := merge.PickSpace(sized(test.pages...), none, test.min); lo != test.lo || hi != test.hi {
			t.Errorf("%s: %d to %d, want %d to %d", test.name, lo, hi, test.lo, test.hi)
		}
	}
	ls := sized(50, 50, 50, 50)
	if lo, hi := merge.PickSpace(ls, func(l *snapshot.Level) bool { return l == ls[3] }, 2); lo != hi {
		t.Errorf("picked %d to %d with a level that is busy", lo, hi)
	}

	big := sized(10, 10, 10, 10, 100, 100)
	inMerge := func(l *snapshot.Level) bool { return l == big[4] || l == big[5] }
	if lo, hi := merge.PickBeside(big, big[4:], inMerge, 4); lo != 0 || hi != 4 {
		t.Errorf("beside a merge of 200 pages: %d to %d, want the four newer ones", lo, hi)
	}
	big[0].Seg.Size = 30
	if lo, hi := merge.PickBeside(big, big[4:], inMerge, 4); lo != hi {
		t.Errorf("beside a merge of 200 pages: picked %d to %d, which have 60", lo, hi)
	}
	if lo, hi := merge.PickBeside(big, sized(1), inMerge, 2); lo != hi {
		t.Errorf("beside a merge of levels that are gone: %d to %d", lo, hi)
	}
}
