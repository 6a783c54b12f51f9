// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// scattered makes a database that was overwritten several times, so that its file is full
// of holes. It has rows 0..n-1 of 16+100 bytes.
func scattered(t *testing.T, o engine.Options, n int) *engine.DB {
	t.Helper()
	ctx := context.Background()
	o.AutoFlush, o.BlockSize, o.AutoCheckpoint = 128<<10, 64<<10, 256<<10
	db, err := engine.Open(ctx, "/x.lsm", o)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		overwrite(t, db, n, byte(round))
	}
	return db
}

// overwrite writes all rows in random order, 100 to a transaction.
func overwrite(t *testing.T, db *engine.DB, n int, mark byte) {
	t.Helper()
	for lo := 0; lo < n; lo += 100 {
		err := db.Update(context.Background(), func(tx *engine.Tx) error {
			var key [16]byte
			for i := lo; i < min(lo+100, n); i++ {
				if err := tx.Put(loadKey(key[:], uint64(i)), bytes.Repeat([]byte{mark}, 100)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// expectMarked counts the rows of a snapshot and looks at all values.
func expectMarked(t *testing.T, s *engine.Snapshot, n int, mark byte) {
	t.Helper()
	c, err := s.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rows := 0
	for ok := c.First(); ok; ok = c.Next() {
		if v, err := c.Value(); err != nil || !bytes.Equal(v, bytes.Repeat([]byte{mark}, 100)) {
			t.Fatalf("row %d holds %x, error %v", rows, v, err)
		}
		rows++
	}
	if c.Err() != nil || rows != n {
		t.Fatalf("%d rows, want %d; error %v", rows, n, c.Err())
	}
}

func sizeOnDisk(t *testing.T, fs vfs.FS) int64 {
	t.Helper()
	info, err := fs.Stat("/x.lsm")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// densest is the size of a file with n rows of 16+100 bytes and nothing else, if every page
// is full: 4 bytes in front of each record and 2 for its place, 12 at the end of each page,
// and about 1 % for the b-tree; then whole blocks, and as many free ones between them as
// Optimize tolerates instead of writing everything once more. Whether there are any depends
// on how the work in the background has left the file.
func densest(n int) int64 {
	const block = 64 << 10
	data := int64(n) * (116 + 4 + 2) * 4096 / (4096 - 12)
	blocks := (data + data/100 + block - 1) / block
	return (blocks + blocks/32 + 1) * block
}

// TestOptimizeDense optimises databases in all modes: one segment is left, at the front of
// the file, its pages are full, and the file ends behind it, without being closed.
func TestOptimizeDense(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const n = 20_000
	for _, mode := range backgrounds {
		mem := memfs.New()
		db := scattered(t, engine.Options{FS: mem, Background: mode}, n)
		before := sizeOnDisk(t, mem)
		var phases []engine.Phase
		var last engine.Progress
		err := db.Optimize(ctx, func(p engine.Progress) {
			if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
				phases = append(phases, p.Phase)
			}
			if p.PagesWritten < last.PagesWritten || last.Done {
				t.Fatalf("%+v follows %+v", p, last)
			}
			last = p
		})
		if err != nil {
			t.Fatal(err)
		}
		// The work in the background may have merged everything already.
		written := slices.Contains(phases, engine.PhaseMerge) || mode != engine.BackgroundNone && slices.Contains(phases, engine.PhaseCompact)
		if !last.Done || phases[0] != engine.PhaseFlush || phases[len(phases)-1] != engine.PhaseTruncate || !written {
			t.Errorf("phases %v, at last %+v", phases, last)
		}
		after := sizeOnDisk(t, mem)
		t.Logf("%v: %d bytes of data; file %d, then %d (densest %d); %d pages written, phases %v", mode, n*116, before, after, densest(n), last.PagesWritten, phases)
		if after > densest(n) {
			t.Errorf("mode %v: the file has %d bytes, a dense one has %d", mode, after, densest(n))
		}
		if levels := db.Structure(); len(levels) != 1 || len(levels[0].Segments) != 1 {
			t.Errorf("mode %v: levels %+v", mode, levels)
		}
		expectSound(t, db)
		s, err := db.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		expectMarked(t, s, n, 2)
		s.Close()
		// Again there is nothing to do.
		if err := db.Optimize(ctx, func(p engine.Progress) { last = p }); err != nil || last.PagesWritten != 0 {
			t.Errorf("mode %v: the second time %d pages were written; error %v", mode, last.PagesWritten, err)
		}
		overwrite(t, db, n, 7)
		expectSound(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOptimizePinned optimises under a snapshot: all that it shows stays, and when it is
// closed the space comes free.
func TestOptimizePinned(t *testing.T) {
	ctx := context.Background()
	const n = 5000
	mem := memfs.New()
	db := scattered(t, engine.Options{FS: mem, CacheSize: 4096}, n)
	if err := flushAndCheckpoint(ctx, db); err != nil {
		t.Fatal(err)
	}
	s, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, db, n, 9)
	for range 2 {
		if err := db.Optimize(ctx); err != nil {
			t.Fatal(err)
		}
		expectMarked(t, s, n, 2)
	}
	pinned := sizeOnDisk(t, mem)
	s.Close()
	if err := db.Optimize(ctx); err != nil {
		t.Fatal(err)
	}
	if size := sizeOnDisk(t, mem); size > densest(n) || size >= pinned {
		t.Errorf("the file has %d bytes, %d while it was pinned; a dense one has %d", size, pinned, densest(n))
	}
	now, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	expectMarked(t, now, n, 9)
	now.Close()
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestOptimizeForeignReader optimises while another process reads the file as it was when
// it was closed last: nothing of that is overwritten or cut off.
func TestOptimizeForeignReader(t *testing.T) {
	ctx := context.Background()
	const n = 5000
	mem := memfs.New()
	db := scattered(t, engine.Options{FS: mem}, n)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := mem.Open("/x.lsm", vfs.ReadOnly, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Lock(vfs.SlotROTrans, vfs.Shared); err != nil {
		t.Fatal(err)
	}
	then := make([]byte, sizeOnDisk(t, mem))
	if _, err := reader.ReadAt(then, 0); err != nil {
		t.Fatal(err)
	}
	if db, err = engine.Open(ctx, "/x.lsm", engine.Options{FS: mem}); err != nil {
		t.Fatal(err)
	}
	overwrite(t, db, n, 3)
	if err := db.Optimize(ctx); err != nil {
		t.Fatal(err)
	}
	now := make([]byte, len(then))
	if _, err := reader.ReadAt(now, 0); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(then[8192:], now[8192:]) {
		t.Error("bytes that another process reads have changed")
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Optimize(ctx); err != nil {
		t.Fatal(err)
	}
	if size := sizeOnDisk(t, mem); size > densest(n) {
		t.Errorf("the file has %d bytes, a dense one has %d", size, densest(n))
	}
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCancelled ends Flush, Work and Optimize after each slice in turn. Whenever that is,
// the database is sound, nothing is lost, and the call can be made again.
func TestCancelled(t *testing.T) {
	const n = 3000
	for name, call := range map[string]func(db *engine.DB, ctx context.Context, report func(engine.Progress)) error{
		"flush": func(db *engine.DB, ctx context.Context, report func(engine.Progress)) error {
			return db.Flush(ctx, report)
		},
		"work": func(db *engine.DB, ctx context.Context, report func(engine.Progress)) error {
			_, err := db.Work(ctx, engine.WorkOptions{Merge: 1, Report: report})
			return err
		},
		"optimize": func(db *engine.DB, ctx context.Context, report func(engine.Progress)) error {
			return db.Optimize(ctx, report)
		},
	} {
		for after := 1; ; after++ {
			mem := memfs.New()
			db := scattered(t, engine.Options{FS: mem, Background: backgrounds[after%4], CacheSize: 64 << 10}, n)
			if err := db.Set(func(o *engine.Options) { o.AutoFlush = 16 << 20 }); err != nil { // Flush shall have more than one slice to do
				t.Fatal(err)
			}
			overwrite(t, db, n, 4)
			ctx, cancel := context.WithCancel(context.Background())
			reports := 0
			err := call(db, ctx, func(engine.Progress) {
				if reports++; reports == after {
					cancel()
				}
			})
			finished := reports < after
			cancel()
			if err != nil && (!errors.Is(err, context.Canceled) || finished) {
				t.Fatalf("%s, cancelled at report %d of %d: %v", name, after, reports, err)
			}
			expectSound(t, db)
			s, err := db.Snapshot(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			expectMarked(t, s, n, 4)
			s.Close()
			if err := call(db, context.Background(), nil); err != nil {
				t.Fatalf("%s, again: %v", name, err)
			}
			expectSound(t, db)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if finished {
				if after < 4 {
					t.Errorf("%s has %d reports only", name, reports)
				}
				break
			}
		}
	}
}

// TestCheckpointProgress returns how many pages a checkpoint has made durable.
func TestCheckpointProgress(t *testing.T) {
	ctx := context.Background()
	for _, mode := range backgrounds {
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), Background: mode})
		if err != nil {
			t.Fatal(err)
		}
		overwrite(t, db, 1000, 1)
		if err := db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		want := db.Stats().PagesWritten
		p, err := db.Checkpoint(ctx)
		if err != nil || p.PagesWritten != want || !p.Done || want < 25 {
			t.Errorf("mode %v: %+v, %v; %d pages were written", mode, p, err, want)
		}
		if p, err = db.Checkpoint(ctx); err != nil || p.PagesWritten != 0 || !p.Done {
			t.Errorf("mode %v: the second checkpoint: %+v, %v", mode, p, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOptimizeBringsChecks optimises databases that C lsm1 wrote, a single segment too:
// then every page has a check.
func TestOptimizeBringsChecks(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	unchecked := 0
	forEachGolden(t, func(t *testing.T, path string, rows []goldenRow) {
		db, err := engine.Open(ctx, path, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if s := db.Stats(); s.CheckedPages < s.SegmentPages {
			unchecked++
		}
		if err := db.Optimize(ctx); err != nil {
			t.Fatal(err)
		}
		if s := db.Stats(); s.CheckedPages != s.SegmentPages || s.Segments > 1 {
			t.Errorf("%d of %d pages in %d segments are checked", s.CheckedPages, s.SegmentPages, s.Segments)
		}
		expectDB(t, db, rows)
		expectSound(t, db)
	})
	if unchecked < 4 {
		t.Errorf("only %d databases had pages without a check", unchecked)
	}
}
