// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// layoutOf makes a small layout of some segments and blocks.
func layoutOf(segments int, blocks int64) *engine.Layout {
	l := &engine.Layout{Path: "/x.lsm", PageSize: 4096, BlockSize: 64 << 10, Blocks: blocks, FileBytes: blocks * 64 << 10, Grain: 1, Levels: segments}
	for i := range segments {
		l.Segments = append(l.Segments, engine.LayoutSegment{
			SegmentInfo: engine.SegmentInfo{Role: engine.RoleRun, Pages: int64(i + 1)}, Level: i, Bytes: int64(i+1) * 4096,
			FirstKey: &engine.LayoutKey{Bytes: []byte{'a' + byte(i)}, Len: 1}, LastKey: &engine.LayoutKey{Bytes: []byte{'b' + byte(i)}, Len: 1},
		})
	}
	for b := range blocks {
		e := engine.Extent{Start: b * l.BlockSize, End: (b + 1) * l.BlockSize, Use: engine.ExtentFree, Segment: -1, Job: -1}
		if segments > 0 && b%3 != 0 {
			e.Use, e.Segment = engine.ExtentSegment, int(b)%segments
		}
		l.Extents = append(l.Extents, e)
	}
	return l
}

// TestRecorderIsBounded adds far more layouts than fit: those that stay are spread over the whole time, and the first
// and the newest are among them.
func TestRecorderIsBounded(t *testing.T) {
	var r Recorder
	if err := r.Page(new(bytes.Buffer)); !errors.Is(err, errNoFrames) {
		t.Errorf("an empty recorder: %v", err)
	}
	const n = 10_000
	first, last := layoutOf(1, 3), layoutOf(2, 5)
	for i := range n {
		l := layoutOf(1, 1)
		switch i {
		case 0:
			l = first
		case n - 1:
			l = last
		}
		r.Add(l, time.Duration(i)*time.Millisecond)
		if len(r.frames) > MaxFrames {
			t.Fatalf("%d frames", len(r.frames))
		}
	}
	list := r.all()
	if list[0].layout != first || list[len(list)-1].layout != last {
		t.Error("the first or the newest layout is gone")
	}
	if len(list) < MaxFrames/3 {
		t.Errorf("only %d frames are left", len(list))
	}
	for i := 1; i < len(list); i++ {
		if d := list[i].at - list[i-1].at; d > n*time.Millisecond*5/MaxFrames || d <= 0 {
			t.Errorf("between frames %d and %d there are %s", i-1, i, d)
		}
	}
	r = Recorder{}
	for i := range 30 { // few layouts, but large ones
		r.Add(&engine.Layout{Extents: make([]engine.Extent, MaxFrameExtents/10)}, time.Duration(i)*time.Second)
		if r.extents > MaxFrameExtents {
			t.Fatalf("%d extents", r.extents)
		}
	}
	if n := r.Len(); n < 3 || n > 11 {
		t.Errorf("%d large layouts", n)
	}
}

// TestDifferences plays random frames: what is there after each of them is what the frame has.
func TestDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	var list []recorded
	for i := range 60 {
		list = append(list, recorded{layoutOf(rng.IntN(8), rng.Int64N(60)), time.Duration(i) * time.Second})
	}
	common := commonFrame(list)
	c := newCoder()
	there := make(map[int][]any)
	changes, all := 0, 0
	var height float64
	for i, r := range list {
		s := drawFrame(r.layout, common)
		if i > 0 && s.Height != height {
			t.Errorf("frame %d is %g high, the one before it %g", i, s.Height, height)
		}
		height = s.Height
		f := c.frame(s, r.at)
		for _, n := range f.Gone {
			if there[n] == nil {
				t.Fatalf("frame %d: item %d goes, and was not there", i, n)
			}
			delete(there, n)
		}
		for _, item := range f.Set {
			there[item[0].(int)] = item
		}
		want := make(map[int][]any)
		for _, it := range s.Items {
			want[c.numbers[it.ID]] = c.item(c.numbers[it.ID], &it)
		}
		if !reflect.DeepEqual(there, want) {
			t.Fatalf("frame %d: %d items are there, want %d", i, len(there), len(want))
		}
		changes, all = changes+len(f.Set), all+len(s.Items)
	}
	if changes > all*3/4 {
		t.Errorf("%d of %d items were sent: the differences save nothing", changes, all)
	}
}
