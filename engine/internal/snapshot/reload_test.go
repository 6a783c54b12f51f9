// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// twoHandles is a file that is written through one handle and read through another, which knows nothing of it.
type twoHandles struct {
	t             *testing.T
	writes, reads *blockfile.File
	next          []base.BlockNo
	gone          base.SnapshotID // checkpoints up to it are not honoured
	asked         int
}

func newTwoHandles(t *testing.T) *twoHandles {
	t.Helper()
	mem := memfs.New()
	open := func(flag vfs.OpenFlag) *blockfile.File {
		f, err := mem.Open("/test.db", flag, 0)
		if err != nil {
			t.Fatal(err)
		}
		geo, err := format.NewGeometry(256, 64<<10)
		if err != nil {
			t.Fatal(err)
		}
		bf := blockfile.New(f, "/test.db", geo, nil, 1<<20)
		bf.SetBlocks(20)
		return bf
	}
	return &twoHandles{t: t, writes: open(vfs.ReadWrite | vfs.Create), reads: open(vfs.ReadOnly)}
}

func (x *twoHandles) Allocate() (base.BlockNo, error) {
	b := x.next[0]
	x.next = x.next[1:]
	return b, nil
}

// segment writes a segment of rows into the given blocks.
func (x *twoHandles) segment(prefix string, n int, blocks ...base.BlockNo) format.Segment {
	x.t.Helper()
	x.next = blocks
	w := segment.NewWriter(x.writes, x, 0)
	for i := range n {
		if err := w.Add(base.Insert, fmt.Appendf(nil, "%s%05d", prefix, i), make([]byte, 30)); err != nil {
			x.t.Fatal(err)
		}
	}
	s, _, err := w.Finish()
	if err != nil {
		x.t.Fatal(err)
	}
	return s
}

func (x *twoHandles) honoured(id base.SnapshotID) func() error {
	return func() error {
		if x.asked++; id <= x.gone {
			return &errs.Error{Code: errs.CodeSnapshotGone}
		}
		return nil
	}
}

func (x *twoHandles) reload(id base.SnapshotID, before *snapshot.Snapshot, segs ...format.Segment) *snapshot.Snapshot {
	x.t.Helper()
	c := &format.Checkpoint{ID: id, Compression: 1}
	for _, s := range segs {
		c.Levels = append(c.Levels, format.Level{LHS: s})
	}
	s, err := snapshot.Reload(x.reads, c, before, x.honoured(id))
	if err != nil {
		x.t.Fatal(err)
	}
	return s
}

// rows expects n rows with the prefix in a level.
func (x *twoHandles) rows(s *snapshot.Snapshot, level int, prefix string, n int) {
	x.t.Helper()
	var it segment.Iter
	it.Init(s.Levels[level].Seg)
	defer it.Release()
	i := 0
	for ok := it.First(); ok; ok = it.Next() {
		if want := fmt.Sprintf("%s%05d", prefix, i); string(it.Key()) != want {
			x.t.Fatalf("row %d is %q, want %q", i, it.Key(), want)
		}
		i++
	}
	if it.Err() != nil || i != n {
		x.t.Fatalf("%d rows of %d, %v", i, n, it.Err())
	}
}

// TestReload: a segment in the blocks of one that is gone, of the same pages even, is read from the file, and
// one that stays keeps its pages in the cache.
func TestReload(t *testing.T) {
	const rows = 3000
	x := newTwoHandles(t)
	stays := x.segment("stays", rows, 3, 4, 5)
	first := x.segment("a", rows, 6, 7, 8)
	one := x.reload(20, nil, stays, first)
	x.rows(one, 0, "stays", rows)
	x.rows(one, 1, "a", rows)

	other := x.segment("b", rows, 9, 10, 11)
	two := x.reload(21, one, stays, other)
	if two.Levels[0].Seg != one.Levels[0].Seg {
		t.Error("the segment that stays was opened again")
	}
	x.rows(one, 1, "a", rows) // is honoured as long as it is shown

	second := x.segment("c", rows, 6, 7, 8)
	if second != first {
		t.Fatalf("the test needs a segment in the same place: %v, %v", second, first)
	}
	three := x.reload(22, two, stays, second)
	x.asked = 0
	x.rows(three, 0, "stays", rows)
	if x.asked > 0 {
		t.Errorf("pages of the segment that stays were read again, %d times", x.asked)
	}
	x.rows(three, 1, "c", rows)
	if x.asked == 0 {
		t.Error("nothing was read of a new segment")
	}

	// The lease of what stays is by the newest checkpoint, that of the others by the last that listed them.
	x.gone = 21
	if _, err := three.Levels[0].Seg.Space.RawPage(stays.First); err != nil {
		t.Errorf("a page that stays: %v", err)
	}
	if _, err := two.Levels[1].Seg.Space.RawPage(other.First); !errors.Is(err, errs.ErrSnapshotGone) {
		t.Errorf("a page that is gone: %v", err)
	}
}

// TestReloadFails: nothing is shown if a checkpoint is given up while it is opened, and the one before is as it was.
func TestReloadFails(t *testing.T) {
	x := newTwoHandles(t)
	stays := x.segment("stays", 500, 3)
	one := x.reload(20, nil, stays)
	more := x.segment("a", 500, 4)
	for after := range 3 {
		x.asked = 0
		c := &format.Checkpoint{ID: 21, Compression: 1, Levels: []format.Level{{LHS: more}, {LHS: stays}}}
		_, err := snapshot.Reload(x.reads, c, one, func() error {
			if x.asked++; x.asked == after+1 { // once, as a system call that fails
				return &errs.Error{Code: errs.CodeSnapshotGone}
			}
			return nil
		})
		if !errors.Is(err, errs.ErrSnapshotGone) {
			t.Errorf("the lease ends at read %d: %v", after, err)
		}
	}
	raw := func(seg *segment.Segment) error {
		_, err := seg.Space.RawPage(seg.First)
		return err
	}
	x.gone = 19
	x.rows(one, 0, "stays", 500)
	if err := raw(one.Levels[0].Seg); err != nil {
		t.Error(err)
	}
	x.gone = 20
	if err := raw(one.Levels[0].Seg); err == nil {
		t.Error("a lease was renewed by a checkpoint that could not be opened")
	}
}
