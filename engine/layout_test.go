// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// layoutOf returns the layout, whose extents make up the file, and whose segments are those of Structure.
func layoutOf(t *testing.T, db *engine.DB) engine.Layout {
	t.Helper()
	l, err := db.Layout(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	checkExtents(t, &l)
	n := 0
	for i, level := range db.Structure() {
		for _, seg := range level.Segments {
			if s := l.Segments[n]; s.SegmentInfo != seg || s.Level != i || s.Age != level.Age || s.FreelistOnly != level.FreelistOnly {
				t.Errorf("segment %d is %+v, want %+v of level %d", n, s, seg, i)
			}
			n++
		}
	}
	if n != len(l.Segments) {
		t.Errorf("%d segments, want %d", len(l.Segments), n)
	}
	return l
}

// checkExtents wants each byte of the file in one extent, and none that could be longer.
func checkExtents(t *testing.T, l *engine.Layout) {
	t.Helper()
	at := int64(0)
	for i, e := range l.Extents {
		if e.Start != at || e.End <= e.Start {
			t.Fatalf("extent %d is %+v; the one before it ends at %d", i, e, at)
		}
		if i > 0 {
			if p := l.Extents[i-1]; p.Use == e.Use && p.Segment == e.Segment && p.Job == e.Job && p.Until == e.Until {
				t.Errorf("extents %d and %d are one: %+v, %+v", i-1, i, p, e)
			}
		}
		if (e.Segment >= 0) != (e.Use == engine.ExtentSegment) || e.Segment >= len(l.Segments) || e.Job >= len(l.Jobs) {
			t.Errorf("extent %d is %+v", i, e)
		}
		at = e.End
	}
	if want := l.Blocks * l.BlockSize; at != max(want, l.FileBytes) && (want > 0 || at != l.FileBytes) && at != want {
		t.Errorf("the extents end at %d, of a file of %d bytes and %d blocks of %d", at, l.FileBytes, l.Blocks, l.BlockSize)
	}
}

// bytesOf sums up the extents that are wanted.
func bytesOf(l *engine.Layout, want func(engine.Extent) bool) (n int64) {
	for _, e := range l.Extents {
		if want(e) {
			n += e.End - e.Start
		}
	}
	return n
}

func ofUse(use string) func(engine.Extent) bool {
	return func(e engine.Extent) bool { return e.Use == use }
}

// checkLayout compares a layout with what other calls say of the same state.
func checkLayout(t *testing.T, db *engine.DB, l *engine.Layout) {
	t.Helper()
	sum := int64(0)
	for n, s := range l.Segments {
		if s.Problem != "" {
			t.Errorf("segment %d: %s", n, s.Problem)
		}
		ranges, err := db.SegmentRanges(s.First)
		if err != nil {
			t.Fatal(err)
		}
		unit := l.PageSize
		if l.Codec != "" {
			unit = 1
		}
		want := int64(0)
		for _, r := range ranges {
			want += (r.Last - r.First + 1) * unit
		}
		got := bytesOf(l, func(e engine.Extent) bool { return e.Segment == n })
		if d := got - want; d < 0 || d > 8*s.Blocks || unit > 1 && d != 0 {
			t.Errorf("segment %d has %d bytes in the file, its ranges %d", n, got, want)
		}
		sum += got
	}
	if got := bytesOf(l, ofUse(engine.ExtentSegment)); got != sum {
		t.Errorf("%d bytes are of segments, the segments have %d", got, sum)
	}
	if n := len(db.FreeList()); int64(n) != l.FreeBlocks {
		t.Errorf("%d free blocks, want %d", l.FreeBlocks, n)
	}
	// A block that is written to is free, except where it is shared. Block 1 has the meta pages.
	whole := (bytesOf(l, ofUse(engine.ExtentFree)) + bytesOf(l, ofUse(engine.ExtentWaiting)) + bytesOf(l, ofUse(engine.ExtentPinned)) + l.BlockSize - 1) / l.BlockSize
	if writing := bytesOf(l, ofUse(engine.ExtentWriting)); whole > l.FreeBlocks || writing == 0 && whole != l.FreeBlocks {
		t.Errorf("%d blocks are free, want %d", whole, l.FreeBlocks)
	}
	for p := range db.Check(context.Background()) {
		t.Errorf("check: %s", p)
	}
	if n := bytesOf(l, ofUse(engine.ExtentUnknown)); n > 0 {
		t.Errorf("of %d bytes it is not known what they are; the check finds nothing wrong", n)
	}
}

// TestLayoutOfGolden looks at files of all kinds that C lsm1 wrote, for writing and only for reading: at those where
// the check finds nothing wrong all bytes are accounted for.
func TestLayoutOfGolden(t *testing.T) {
	t.Parallel()
	merging, setAside := 0, 0
	forEachGolden(t, func(t *testing.T, path string, rows []goldenRow) {
		for _, readOnly := range []bool{true, false} {
			db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: readOnly, NoAutoWork: true})
			if err != nil {
				t.Fatal(err)
			}
			l := layoutOf(t, db)
			checkLayout(t, db, &l)
			for _, s := range l.Segments {
				if s.Role == engine.RoleInput {
					merging++
				}
				if !s.FreelistOnly && (s.FirstKey == nil) != (s.LastKey == nil) {
					t.Errorf("keys %v and %v", s.FirstKey, s.LastKey)
				}
				if s.FirstKey != nil && bytes.Compare(s.FirstKey.Bytes, s.LastKey.Bytes) > 0 {
					t.Errorf("the first key is %q, the last %q", s.FirstKey.Bytes, s.LastKey.Bytes)
				}
			}
			if bytesOf(&l, ofUse(engine.ExtentSetAside)) > 0 {
				setAside++
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
	if merging == 0 {
		t.Error("no file had a merge in it: the test sees too little")
	}
	t.Logf("%d inputs of half-done merges, %d files with a block that was set aside", merging, setAside)
}

// TestLayoutOfALoad looks at a database after each of many small steps of work, with readers that come and go, and from
// its observer.
func TestLayoutOfALoad(t *testing.T) {
	for _, codec := range []string{"none", "lz4"} {
		t.Run(codec, func(t *testing.T) {
			ctx := context.Background()
			rng := rand.New(rand.NewPCG(3, 4))
			seen := make(map[string]int)
			look := func(db *engine.DB) {
				l, err := db.Layout(ctx)
				if errors.Is(err, engine.ErrMisuse) {
					seen["closing"]++ // the events of Close come when it is closed
					return
				}
				if err != nil {
					t.Error(err)
				}
				checkExtents(t, &l)
				seen["events"]++
			}
			db, err := engine.Open(ctx, "/x.lsm", engine.Options{
				FS: memfs.New(), AutoFlush: 128 << 10, AutoCheckpoint: -1, PageSize: 1024, BlockSize: 64 << 10, Compression: codec,
				Observer: &engine.Observer{
					Flushed: func(e engine.SegmentEvent) { look(e.DB) }, Merged: func(e engine.SegmentEvent) { look(e.DB) },
					Checkpointed: func(e engine.CheckpointEvent) { look(e.DB) },
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var pins []*engine.Snapshot
			for step := range 120 {
				putRandom(t, db, rng, 150)
				if step%10 == 9 && step > 60 {
					s, err := db.Snapshot(ctx)
					if err != nil {
						t.Fatal(err)
					}
					if pins = append(pins, s); len(pins) > 2 {
						pins[0].Close()
						pins = pins[1:]
					}
				}
				if step%20 == 0 {
					if _, err := db.Checkpoint(ctx); err != nil {
						t.Fatal(err)
					}
				}
				l := layoutOf(t, db)
				if step%5 == 0 {
					checkLayout(t, db, &l)
				}
				for _, e := range l.Extents {
					seen[e.Use]++
				}
				for _, j := range l.Jobs {
					seen["flush"] += toInt(j.Flush)
					seen["merge"] += toInt(!j.Flush)
					if !j.Flush && len(j.Inputs) == 0 {
						t.Errorf("a merge of nothing: %+v", j)
					}
				}
				checkPinned(t, db, &l)
				checkSplits(t, &l, seen)
			}
			for _, s := range pins {
				s.Close()
			}
			for _, what := range []string{
				engine.ExtentMeta, engine.ExtentSegment, engine.ExtentRest, engine.ExtentWriting, engine.ExtentFree,
				engine.ExtentWaiting, engine.ExtentPinned, "flush", "merge", "events", "input",
			} {
				if seen[what] == 0 {
					t.Errorf("%s was never seen: %v", what, seen)
				}
			}
		})
	}
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// putRandom overwrites rows here and there.
func putRandom(t *testing.T, db *engine.DB, rng *rand.Rand, n int) {
	t.Helper()
	if err := db.Update(context.Background(), func(tx *engine.Tx) error {
		for range n {
			value := make([]byte, 100)
			for i := range value {
				value[i] = byte(rng.Uint32())
			}
			if err := tx.Put(fmt.Appendf(nil, "%08d", rng.IntN(20000)), value); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// checkPinned compares what pins hold with the report about them, which leaves out what waits for a checkpoint as well.
func checkPinned(t *testing.T, db *engine.DB, l *engine.Layout) {
	t.Helper()
	report, err := db.Pins()
	if err != nil {
		t.Fatal(err)
	}
	held := bytesOf(l, func(e engine.Extent) bool { return e.Use == engine.ExtentPinned && e.Until < l.Checkpoint })
	if blocks := (held + l.BlockSize - 1) / l.BlockSize; blocks != report.HeldBlocks {
		t.Errorf("%d blocks are pinned, the report says %d", blocks, report.HeldBlocks)
	}
	if len(l.Pins) != len(report.Pins) {
		t.Errorf("%d pins, want %d", len(l.Pins), len(report.Pins))
	}
}

// checkSplits wants each input of a half-done merge to begin after its output ends, also once the merge has gone on.
func checkSplits(t *testing.T, l *engine.Layout, seen map[string]int) {
	t.Helper()
	var output engine.LayoutSegment
	for n, s := range l.Segments {
		switch s.Role {
		case engine.RoleOutput:
			output = s
		case engine.RoleInput:
			if seen["input"]++; s.FirstKey != nil && bytes.Compare(s.FirstKey.Bytes, output.LastKey.Bytes) <= 0 {
				t.Errorf("input %d begins with %q, its output ends with %q", n, s.FirstKey.Bytes, output.LastKey.Bytes)
			}
		}
	}
}

// TestLayoutReadsOnce: what was read of a segment, or written by this process, is not read again, and keys are those of
// the rows, cut where they are long.
func TestLayoutReadsOnce(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	open := func() *engine.DB {
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem, NoAutoWork: true, BlockSize: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	db := open()
	long := bytes.Repeat([]byte("k"), 10_000)
	putN(t, db, 0, 10_000, 100)
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(long, nil) }); err != nil {
		t.Fatal(err)
	}
	if l := layoutOf(t, db); len(l.Segments) != 0 || l.LiveBytes == 0 || l.Log == ([3]engine.LogRegion{}) || l.LogFileBytes == 0 {
		t.Errorf("before the first flush: %+v", l)
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open()
	first := layoutOf(t, db)
	read := db.Stats()
	again := layoutOf(t, db)
	if now := db.Stats(); now.BytesRead != read.BytesRead || now.CacheLookups != read.CacheLookups {
		t.Errorf("%d bytes were read again, in %d lookups", now.BytesRead-read.BytesRead, now.CacheLookups-read.CacheLookups)
	}
	if s := read; s.PagesRead > 60 {
		t.Errorf("%d pages were read of a segment of %d blocks", s.PagesRead, first.Segments[0].Blocks)
	}
	for _, l := range []engine.Layout{first, again} {
		s := l.Segments[0]
		if string(s.FirstKey.Bytes) != "00000000" || s.FirstKey.Len != 8 {
			t.Errorf("first key %q", s.FirstKey.Bytes)
		}
		if !bytes.Equal(s.LastKey.Bytes, long[:engine.MaxLayoutKey]) || s.LastKey.Len != len(long) {
			t.Errorf("last key %q of %d bytes", s.LastKey.Bytes, s.LastKey.Len)
		}
		checkLayout(t, db, &l)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Layout(ctx); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("closed: %v", err)
	}
	db = open()
	defer db.Close()
	if _, err := db.Layout(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("the context has ended: %v", err)
	}
}

// TestLayoutOfDamage: a link from block to block that leads nowhere is reported, and the rest is shown.
func TestLayoutOfDamage(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "x.lsm")
	opts := engine.Options{NoAutoWork: true, BlockSize: 64 << 10}
	db, err := engine.Open(ctx, path, opts)
	if err != nil {
		t.Fatal(err)
	}
	putN(t, db, 0, 10_000, 100)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(raw[4*opts.BlockSize-4:], "\xff\xff\xff\xff") // block 4 links to a block that the file has not
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err = engine.Open(ctx, path, opts); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l := layoutOf(t, db)
	s := l.Segments[0]
	if !strings.Contains(s.Problem, "block") || s.Blocks != 4 || s.FirstKey == nil || s.LastKey == nil {
		t.Errorf("%+v", s)
	}
	if n := bytesOf(&l, ofUse(engine.ExtentUnknown)); n < 4*l.BlockSize {
		t.Errorf("%d bytes are unknown", n)
	}
}

// TestLayoutOfSharedHandle looks through a read-only handle that shares the database of one that writes.
func TestLayoutOfSharedHandle(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "x.lsm")
	db, err := engine.Open(ctx, path, engine.Options{NoAutoWork: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	view, err := engine.Open(ctx, path, engine.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	putN(t, db, 0, 1000, 100)
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if l := layoutOf(t, view); len(l.Segments) != 1 || l.Commit != 1 {
		t.Errorf("%+v", l)
	}
}
