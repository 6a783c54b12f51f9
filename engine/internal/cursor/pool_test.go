// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"weak"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestReleaseKeepsNothingAlive: a cursor that waits to be used again holds no file, segment or tree,
// nor a large buffer, whatever it has done before.
func TestReleaseKeepsNothingAlive(t *testing.T) {
	for seed := range uint64(30) {
		var c cursor.Cursor
		// A function of its own, so that nothing of it is on the stack later.
		file, segments, trees := func() (weak.Pointer[blockfile.File], []weak.Pointer[segment.Segment], []weak.Pointer[memtree.Tree]) {
			w := newWorld(t, seed)
			st := w.state()
			var segments []weak.Pointer[segment.Segment]
			for _, l := range st.Disk.Levels {
				for _, s := range l.Segments() {
					segments = append(segments, weak.Make(s))
				}
			}
			if err := c.Init(st.Live, st); err != nil {
				t.Fatal(err)
			}
			c.Remember(st.Live, st, nil)
			for range 20 {
				switch w.rng.IntN(4) {
				case 0:
					c.Seek(w.key(), cursor.LE)
				case 1:
					c.Seek(w.key(), cursor.EQ)
				default:
					c.Seek(w.key(), cursor.GE)
				}
				for n := w.rng.IntN(20); n > 0 && c.Valid(); n-- {
					if _, err := c.Value(); err != nil {
						t.Fatal(err)
					}
					if w.rng.IntN(3) == 0 {
						c.Prev()
					} else {
						c.Next()
					}
				}
			}
			return weak.Make(w.file), segments, []weak.Pointer[memtree.Tree]{weak.Make(st.Tree)}
		}()
		c.Release()
		runtime.GC()
		for _, s := range segments {
			if s.Value() != nil {
				t.Fatalf("seed %d: a released cursor keeps a segment alive", seed)
			}
		}
		if file.Value() != nil || trees[0].Value() != nil {
			t.Fatalf("seed %d: a released cursor keeps the file alive (%v) or a tree (%v)", seed, file.Value() != nil, trees[0].Value() != nil)
		}
		runtime.KeepAlive(&c)
	}
}

// TestReleaseBoundsMemory: neither long keys and values nor many sources stay.
func TestReleaseBoundsMemory(t *testing.T) {
	w := newWorld(t, 1)
	st := &snapshot.State{Disk: &snapshot.Snapshot{}}
	for i := range 40 {
		tree := memtree.New()
		for k := range 3 {
			tree.Put(append(bytes.Repeat([]byte{'k'}, 100<<10), fmt.Sprint(k, i)...), make([]byte, 300<<10))
		}
		st.Disk.Levels = append(st.Disk.Levels, w.plain(tree))
	}
	st.Live = memtree.New().Freeze()
	var c cursor.Cursor
	if err := c.Init(st.Live, st); err != nil {
		t.Fatal(err)
	}
	for ok := c.First(); ok; ok = c.Next() {
		if v, err := c.Value(); len(v) != 300<<10 || err != nil {
			t.Fatal(len(v), err)
		}
	}
	for ok := c.Last(); ok; ok = c.Prev() {
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	before := c.Buffers()
	c.Release()
	sources, buffers := cap(c.Sources()), c.Buffers()
	if before < 256<<10 || sources > cursor.KeptSources || buffers > 128<<10 {
		t.Errorf("room for %d sources and buffers of %d bytes are kept, of %d", sources, buffers, before)
	}
}
