// SPDX-License-Identifier: Apache-2.0

package merge_test

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// calls notes the calls for a file, and the bytes of the longest read.
type calls struct {
	vfs.File
	reads, writes, longest int
}

func (c *calls) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	c.longest = max(c.longest, len(p))
	return c.File.ReadAt(p, off)
}

func (c *calls) WriteAt(p []byte, off int64) (int, error) {
	c.writes++
	return c.File.WriteAt(p, off)
}

// wideWorld is a world of two levels of n rows of 100 bytes in blocks of 1 MiB, and its file.
func wideWorld(t *testing.T, n int) (*world, *calls) {
	t.Helper()
	w := newWorld(t, 2)
	geo, err := format.NewGeometry(4096, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	f, err := memfs.New().Open("/wide.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &calls{File: f}
	w.raw, w.file = c, blockfile.New(c, "/wide.db", geo, nil, 0)
	for level := range 2 {
		tree := memtree.New()
		for i := range n {
			key := binary.BigEndian.AppendUint32(nil, uint32(i*2+level))
			value := make([]byte, 100)
			w.rng.Uint64()
			binary.BigEndian.PutUint64(value, w.rng.Uint64())
			tree.Put(key, value)
			w.rows[string(key)] = value
		}
		w.job(tree.Freeze(), 0, 0, nil)
	}
	return w, c
}

// TestSmallStepReadsOrWritesAlone: a step of few bytes that reads or writes the file does little else, so
// that none takes as long as both, except where a block ends. All of them together lose nothing.
func TestSmallStepReadsOrWritesAlone(t *testing.T) {
	w, c := wideWorld(t, 12_000)
	j, err := merge.New(w.file, w, merge.Spec{Inputs: w.levels, Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	const bytes, rows = 512, 24_000
	*c = calls{File: c.File}
	steps, reading, writing, both, mixed := 0, 0, 0, 0, 0
	for ; !j.Done(); steps++ {
		reads, writes, pages := c.reads, c.writes, j.Pages()
		cost, err := j.Step(context.Background(), bytes)
		if err != nil || cost < bytes {
			t.Fatal(cost, err)
		}
		if j.Done() {
			break
		}
		reads, writes = c.reads-reads, c.writes-writes
		switch {
		case reads+writes > 1:
			both++
		case reads == 1:
			reading++
		case writes == 1:
			writing++
		}
		if reads+writes > 0 && j.Pages() != pages {
			mixed++
		}
	}
	if min := rows * 100 / bytes; steps < min {
		t.Errorf("%d steps of %d bytes", steps, bytes)
	}
	if reading < 200 || writing < 15 || both > 0 || mixed > 8 {
		t.Errorf("of %d steps %d read, %d write, %d do several of that, and %d begin a page next to it", steps, reading, writing, both, mixed)
	}
	if c.longest > 8<<10 {
		t.Errorf("a read of %d bytes", c.longest)
	}
	r := j.Result()
	seg, err := segment.Open(&blockfile.Space{File: w.file}, r.Segment, segment.What{})
	if err != nil {
		t.Fatal(err)
	}
	w.levels = []*snapshot.Level{{Seg: seg}}
	w.expect("merged in small steps")
}
