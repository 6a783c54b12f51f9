// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"slices"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// MaxFrames is how many layouts a Recorder keeps, and MaxFrameExtents how many extents they have together: about 64
// MiB of memory. When there are more, every other one is dropped, and layouts that come sooner than others are left
// out.
const (
	MaxFrames       = 400
	MaxFrameExtents = 1 << 20
)

// Recorder keeps the layouts of a database over a time, to play them back. Any number of goroutines may use one.
type Recorder struct {
	mu      sync.Mutex
	frames  []recorded
	extents int
	gap     time.Duration // a layout that comes sooner after the one before it is left out
	missed  *recorded     // the newest of those
}

// recorded is a layout, and when it was.
type recorded struct {
	layout *engine.Layout
	at     time.Duration
}

// Add adds the layout that was there after a time. A layout may be left out; the newest one is
// always kept. The caller does not change the layout any more.
func (r *Recorder) Add(l *engine.Layout, at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.frames); n > 0 {
		at = max(at, r.frames[n-1].at) // of two goroutines, the slower one may come with an earlier time
	}
	f := recorded{l, at}
	if n := len(r.frames); n > 0 && at-r.frames[n-1].at < r.gap {
		r.missed = &f
		return
	}
	r.missed = nil
	r.frames = append(r.frames, f)
	r.extents += len(l.Extents)
	for len(r.frames) > 2 && (len(r.frames) > MaxFrames || r.extents > MaxFrameExtents) {
		r.thin()
	}
}

// thin drops every other frame. The first one and the newest stay. The caller has the mutex.
func (r *Recorder) thin() {
	n, kept := len(r.frames), r.frames[:0]
	r.extents = 0
	for i, f := range r.frames {
		if i%2 == 0 || i == n-1 {
			kept = append(kept, f)
			r.extents += len(f.layout.Extents)
		}
	}
	clear(r.frames[len(kept):])
	r.frames = kept
	r.gap = max(2*r.gap, r.frames[len(kept)-1].at/MaxFrames)
}

// Len returns how many layouts there are.
func (r *Recorder) Len() int { return len(r.all()) }

// all returns the layouts, with the newest one.
func (r *Recorder) all() []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.frames)
	if r.missed != nil {
		list = append(list, *r.missed)
	}
	return list
}

// commonFrame returns what makes the scenes of some layouts alike.
func commonFrame(list []recorded) frame {
	f := frame{plain: true}
	var ends []engine.LayoutSegment // those that reach furthest: the axis needs no others
	for _, r := range list {
		l := r.layout
		f.blocks = max(f.blocks, l.Blocks)
		keys := newAxis(l.Segments)
		rows := rowsOf(l, keys)
		f.rows = max(f.rows, len(rows))
		for _, row := range rows {
			f.largest = max(f.largest, row.size)
		}
		if keys.first != nil {
			ends = append(ends, engine.LayoutSegment{FirstKey: keys.first, LastKey: keys.last})
		}
	}
	f.keys = newAxis(ends)
	return f
}
