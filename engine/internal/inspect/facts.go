// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Facts is what has to be read from the file to show where a segment lies.
type Facts struct {
	Blocks      int64
	First, Last Key    // as far as they can be read, and it has records
	Problem     string // what could not be read; empty if nothing

	part    part     // which keys they are of
	extents []Extent // that it occupies, in its order
}

// Key is the beginning of a key.
type Key struct {
	Bytes []byte
	Len   int // of all of it
}

// Cache keeps the facts of segments, so that a second look reads nothing. A segment never changes.
type Cache struct {
	mu    sync.Mutex // a leaf, and held for no I/O
	known map[*segment.Segment]*Facts
}

// get returns the facts of a segment that are kept, or nil.
func (c *Cache) get(seg *segment.Segment) *Facts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[seg]
}

// keep makes the facts of some segments, without those that could not be read, all that is kept.
func (c *Cache) keep(all map[*segment.Segment]*Facts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = make(map[*segment.Segment]*Facts, len(all))
	for seg, f := range all {
		if f.Problem == "" {
			c.known[seg] = f
		}
	}
}

// factsOf finds out about a segment, of which readers look at part p. known is what is known of it already, or nil. It
// fails only if the context ends.
func factsOf(ctx context.Context, known *Facts, seg *segment.Segment, p part) (*Facts, error) {
	if known != nil && known.part == p {
		return known, nil
	}
	f := &Facts{part: p}
	if known != nil { // a merge has gone on, but the blocks are the same
		f.Blocks, f.extents = known.Blocks, known.extents
	} else if err := f.readChain(ctx, seg); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f.Problem = err.Error()
	}
	if err := f.readKeys(seg, p); err != nil && f.Problem == "" {
		f.Problem = err.Error()
	}
	return f, nil
}

// readChain follows the links from block to block, unless the blocks are known.
func (f *Facts) readChain(ctx context.Context, seg *segment.Segment) error {
	geo := seg.Space.Geometry()
	last := geo.Block(seg.Last)
	add := func(b base.BlockNo) {
		e := Extent{Start: (int64(b) - 1) * int64(geo.BlockSize), End: int64(b) * int64(geo.BlockSize), Use: UseSegment, Job: -1}
		switch {
		case f.Blocks == 0 && seg.First != geo.FirstPage(b):
			e.Start = geo.Offset(seg.First)
		case b == 1:
			e.Start = geo.LinkOffset(1, false)
		}
		if b == last {
			e.End = min(e.End, endOf(seg))
		}
		f.Blocks++
		f.extents = push(f.extents, e)
	}
	if seg.Owned != nil {
		for _, b := range seg.Owned {
			add(b)
		}
		return nil
	}
	for b := geo.Block(seg.First); ; {
		add(b)
		if b == last {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.Blocks > int64(seg.Space.Blocks()) {
			return errs.Corruptf("the segment's block links run in a circle").AtPage(int64(seg.First))
		}
		next, err := seg.Space.NextBlock(b)
		if err != nil {
			return err
		}
		b = next
	}
}

// endOf returns where in the file a segment ends. In a compressed file Last is its last byte.
func endOf(seg *segment.Segment) int64 {
	return seg.Space.Geometry().Offset(seg.Last + 1)
}

// MaxKey is how many bytes of a key are kept.
const MaxKey = 64

// part is which keys of a segment readers look at: of an input of a half-done merge, those from the split key on.
type part struct {
	of   *snapshot.Merging // nil: all of them
	none bool
}

// readKeys reads the first and the last user key.
func (f *Facts) readKeys(seg *segment.Segment, p part) error {
	if p.none {
		return nil
	}
	var it segment.Iter
	it.Init(seg)
	defer it.Release()
	found := false
	if p.of != nil {
		found = it.SeekGE(p.of.SplitKind&base.System, p.of.Split)
	} else {
		found = it.First()
	}
	if found && it.Kind()&base.System == 0 {
		f.First = shortKey(it.Key())
		if it.SeekLE(base.System, nil) && it.Kind()&base.System == 0 {
			f.Last = shortKey(it.Key())
		}
	}
	it.FlushLookups()
	return it.Err()
}

func shortKey(key []byte) Key {
	return Key{Bytes: append([]byte{}, key[:min(len(key), MaxKey)]...), Len: len(key)}
}
