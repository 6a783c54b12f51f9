// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestAttachBooks: blocks, free blocks and log of an attached handle are those of the newest checkpoint, and what has
// followed it, as the process that writes counts them, and what that one alone knows is said to be unknown.
func TestAttachBooks(t *testing.T) {
	for name, o := range attachOptions {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			mem := memfs.New()
			o.FS, o.BlockSize, o.AutoFlush, o.AutoCheckpoint = mem, 64<<10, 32<<10, -1
			o.Background = engine.BackgroundNone
			w := mustOpen(t, "/x.lsm", sharing(o))
			r := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true, Key: o.Key})
			gen, wrapped, freed := uint64(0), 0, 0
			for round := range 12 {
				for range 20 + 5*round {
					gen++
					ok(t, commitGeneration(ctx, w, nil, gen))
				}
				ok(t, w.Flush(ctx))
				_, err := w.Checkpoint(ctx)
				ok(t, err)
				want := booksOf(w)
				for range 1 + round%4 { // without a flush, while merges go on
					gen++
					ok(t, commitGeneration(ctx, w, nil, gen))
				}
				engine.RenewAttached(r)
				expectGeneration(t, r, gen)
				want.logOf(w)
				expectBooks(t, r, want)
				if w.LogStructure()[0] != (engine.LogRegion{}) {
					wrapped++
				}
				freed = max(freed, len(r.FreeList()))
			}
			if wrapped == 0 || freed < 5 {
				t.Errorf("the log had more than one part %d times, %d blocks were free at most", wrapped, freed)
			}
			if s := r.Stats(); s.UncheckpointedBytes != -1 || r.CheckpointSize() != -1 {
				t.Errorf("%d bytes since the checkpoint, and %d", s.UncheckpointedBytes, r.CheckpointSize())
			}
			l, err := r.Layout(ctx)
			ok(t, err)
			if slices.ContainsFunc(l.Extents, func(e engine.Extent) bool { return e.Use == engine.ExtentUnknown }) ||
				!slices.ContainsFunc(l.Extents, func(e engine.Extent) bool { return e.Use == engine.ExtentSegment }) {
				t.Errorf("the layout has %+v", l.Extents)
			}
			testAttachHeldBlocks(t, r, w, gen)

			ok(t, w.Close())
			expectGeneration(t, r, gen+100)
			plain := mustOpen(t, "/x.lsm", engine.Options{FS: asProcess(mem), ReadOnly: true, Key: o.Key})
			expectBooks(t, r, booksOf(plain))
			if n := r.CheckpointSize(); n != 0 {
				t.Errorf("%d bytes since the checkpoint while nobody writes", n)
			}
			ok(t, plain.Close())
			ok(t, r.Close())
			if s := r.Stats(); s.Levels == 0 {
				t.Errorf("after Close: %+v", s)
			}
		})
	}
}

// books is what a handle says of blocks and log.
type books struct {
	blocks, freeBlocks, segmentPages, logBytes, logFileBytes int64
	free                                                     []engine.FreeBlock
	numFree, entries                                         int
	log                                                      [3]engine.LogRegion
}

func booksOf(db *engine.DB) *books {
	s := db.Stats()
	b := &books{blocks: s.Blocks, freeBlocks: s.FreeBlocks, segmentPages: s.SegmentPages, free: db.FreeList()}
	b.numFree, b.entries = db.FreeListSize()
	b.logOf(db)
	return b
}

func (b *books) logOf(db *engine.DB) {
	s := db.Stats()
	b.logBytes, b.logFileBytes, b.log = s.LogBytes, s.LogFileBytes, db.LogStructure()
}

// expectBooks compares what a handle says with that.
func expectBooks(t *testing.T, r *engine.DB, want *books) {
	t.Helper()
	if got := booksOf(r); !reflect.DeepEqual(got, want) {
		t.Errorf("the books are\n%+v, want\n%+v", *got, *want)
	}
}

// testAttachHeldBlocks expects that a snapshot shows the blocks that it holds back.
func testAttachHeldBlocks(t *testing.T, r, w *engine.DB, gen uint64) {
	t.Helper()
	ctx := context.Background()
	s, err := r.Snapshot(ctx)
	ok(t, err)
	for range 100 {
		gen++
		ok(t, commitGeneration(ctx, w, nil, gen))
	}
	ok(t, w.Flush(ctx))
	ok(t, w.Optimize(ctx))
	_, err = w.Checkpoint(ctx)
	ok(t, err)
	engine.RenewAttached(r)
	p, err := r.Pins()
	ok(t, err)
	if len(p.Pins) != 1 || p.HeldBlocks == 0 {
		t.Errorf("the snapshot holds %+v", p)
	}
	ok(t, s.Close())
	if p, err = r.Pins(); err != nil || len(p.Pins) != 0 {
		t.Errorf("the snapshot is closed: %+v, %v", p, err)
	}
}
