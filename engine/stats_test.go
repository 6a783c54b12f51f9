// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// writtenOf returns the length of a log without the zeros that it may end in: each commit that is
// synced ends with a sector.
func writtenOf(t *testing.T, fsys *memfs.FS, name string) int64 {
	t.Helper()
	f, err := fsys.Open(name, vfs.ReadOnly, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := make([]byte, fileSize(t, fsys, name))
	if _, err := f.ReadAt(all, 0); err != nil {
		t.Fatal(err)
	}
	const sector = 512
	return int64(len(bytes.TrimRight(all, "\x00"))+sector-1) / sector * sector
}

// TestStatsOfKnownWork compares the counters with what was done.
func TestStatsOfKnownWork(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem, NoAutoWork: true, AutoCheckpoint: -1, Safety: engine.SafetyFull})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	start := db.Stats()
	for i := range 3 {
		putN(t, db, i*1000, 1000, 92) // 100 bytes each
	}
	if err := db.Update(ctx, func(tx *engine.Tx) error {
		if err := tx.Delete([]byte("00000000")); err != nil {
			return err
		}
		return tx.DeleteRange([]byte("00000001"), []byte("00000005"))
	}); err != nil {
		t.Fatal(err)
	}
	const metaSize = 4066
	s := db.Stats()
	logged := writtenOf(t, mem, "/x.lsm-log")
	for _, c := range []struct {
		what      string
		got, want int64
	}{
		{"commits", s.Commits, 4},
		{"records", s.Records, 3002},
		{"bytes committed", s.BytesCommitted, 3000*100 + 8 + 16},
		{"bytes of log", s.LogBytesWritten, logged},
		{"length of log", s.LogFileBytes, fileSize(t, mem, "/x.lsm-log")},
		{"log needed", s.LogBytes, logged},
		{"syncs of the log", s.LogSyncs, 4},
		{"bytes of file", s.BytesWritten - start.BytesWritten, metaSize}, // the log is in use now
		{"levels", int64(s.Levels), 0},
		{"un-checkpointed bytes", s.UncheckpointedBytes, 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
	// The empty database was already written to.
	if want := float64(start.BytesWritten+metaSize+logged) / float64(s.BytesCommitted); s.WriteAmplification != want {
		t.Errorf("write amplification %v, want %v", s.WriteAmplification, want)
	}

	if s.LogFileBytes < logged || s.LogFileBytes > logged+1<<20 {
		t.Errorf("a log of %d bytes for %d that were written", s.LogFileBytes, logged)
	}

	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	putN(t, db, 0, 100, 92)
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	s = db.Stats()
	var pages int64
	for _, l := range db.Structure() {
		pages += l.Segments[0].Pages
	}
	if s.Flushes != 2 || s.Levels != 2 || s.Segments != 2 || s.SegmentPages != pages || s.PagesWrittenFlush != pages || s.PagesWritten != pages ||
		s.BytesWrittenFlush != pages*4096 || s.PagesWrittenMerge != 0 || s.UncheckpointedBytes != pages*4096 || s.CheckpointAge != 0 || s.LiveBytes != 0 {
		t.Errorf("two flushes of %d pages: %+v", pages, s)
	}
	before := s
	if _, err := db.Work(ctx, engine.WorkOptions{Merge: 2}); err != nil {
		t.Fatal(err)
	}
	s = db.Stats()
	merged := db.Structure()[0].Segments[0].Pages
	if s.Merges != 1 || s.PagesWrittenMerge != merged || s.PagesWrittenFlush != pages || s.PagesWritten != pages+merged || s.BytesWrittenMerge != merged*4096 {
		t.Errorf("a merge of %d pages: %+v", merged, s)
	}
	if read := s.PagesReadMerge - before.PagesReadMerge; read < 1 || read > pages {
		t.Errorf("the merge read %d pages of %d", read, pages)
	}
	before = s
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	s = db.Stats()
	if n := s.Syncs - before.Syncs; n != 3 { // docs/metrics.md says so
		t.Errorf("a checkpoint took %d syncs of the database file, want 3", n)
	}
	if s.Checkpoints != 1 || s.CheckpointBytes != (pages+merged)*4096 || s.UncheckpointedBytes != 0 || s.CheckpointAge <= 0 || s.CheckpointAge > time.Hour {
		t.Errorf("a checkpoint: %+v", s)
	}
	if s.BytesWritten != s.BytesWrittenFlush+s.BytesWrittenMerge+s.BytesWrittenFreelist+s.BytesWrittenMeta || s.BytesWrittenMeta <= start.BytesWrittenMeta {
		t.Errorf("the parts of %d bytes written are %d, %d, %d and %d", s.BytesWritten, s.BytesWrittenFlush, s.BytesWrittenMerge, s.BytesWrittenFreelist, s.BytesWrittenMeta)
	}
	if s.PagesRead != s.PagesReadMiss+s.PagesReadAhead+s.PagesReadMerge+s.PagesReadRaw {
		t.Errorf("%+v", s)
	}
}

// TestFileBytesIsTheLength compares Stats with the length that the file system shows: of a
// file that is shorter than its blocks, of one that somebody else has made longer, and after
// closing has cut it.
func TestFileBytesIsTheLength(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	open := func() *engine.DB {
		t.Helper()
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem, AutoCheckpoint: -1})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	check := func(db *engine.DB, when string) {
		t.Helper()
		if got, want := db.Stats().FileBytes, fileSize(t, mem, "/x.lsm"); got != want {
			t.Errorf("%s: %d bytes, but the file has %d", when, got, want)
		}
	}
	db := open()
	check(db, "an empty database")
	putN(t, db, 0, 1000, 92)
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	check(db, "after a flush")
	if s := db.Stats(); s.FileBytes >= s.Blocks<<20 {
		t.Errorf("%d bytes in %d blocks: the last block is not full, so this says nothing", s.FileBytes, s.Blocks)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	check(db, "after closing")

	f, err := mem.Open("/x.lsm", vfs.ReadWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(10 << 20); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	db = open()
	check(db, "a file longer than its blocks")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	check(db, "after closing the longer file")
}

func fileSize(t *testing.T, fs *memfs.FS, name string) int64 {
	t.Helper()
	info, err := fs.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestCacheCounts counts hits and misses of lookups, scans and cursors that are left open.
func TestCacheCounts(t *testing.T) {
	t.Run("with fences", func(t *testing.T) {
		if invariant.Expensive {
			t.Skip("with invariants each search is confirmed by another one, which reads more pages")
		}
		testCacheCounts(t, engine.DefaultIndexSize, 1) // the fences lead to the leaf
	})
	t.Run("without", func(t *testing.T) { testCacheCounts(t, -1, 2) })
}

// testCacheCounts is told how many pages a lookup reads, of which the last is a leaf.
func testCacheCounts(t *testing.T, index int, depth int64) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), NoAutoWork: true, IndexSize: index})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const rows = 5000
	putN(t, db, 0, rows, 100)
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	get := func(i int) {
		t.Helper()
		if _, found, err := db.Get(nil, fmt.Appendf(nil, "%08d", i)); !found || err != nil {
			t.Fatal(found, err)
		}
	}
	seg := db.Structure()[0].Segments[0]
	delta := func(f func()) (hits, misses int64) {
		before := db.Stats()
		f()
		after := db.Stats()
		if after.CacheLookups != after.CacheHits+after.CacheMisses {
			t.Errorf("%d lookups, %d hits, %d misses", after.CacheLookups, after.CacheHits, after.CacheMisses)
		}
		return after.CacheHits - before.CacheHits, after.CacheMisses - before.CacheMisses
	}
	if hits, misses := delta(func() { get(1) }); hits != 0 || misses != depth {
		t.Errorf("first lookup: %d hits, %d misses", hits, misses)
	}
	if hits, misses := delta(func() { get(1) }); hits != depth || misses != 0 {
		t.Errorf("the same once more: %d hits, %d misses", hits, misses)
	}
	if hits, misses := delta(func() { get(rows - 1) }); hits != depth-1 || misses != 1 {
		t.Errorf("the other end: %d hits, %d misses", hits, misses)
	}

	// A cursor over everything asks for each leaf at least once, always for as many; while
	// it is open it tells most of it.
	s, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scan := func(c *engine.Cursor) {
		n := 0
		for ok := c.First(); ok; ok = c.Next() {
			n++
		}
		if n != rows || c.Err() != nil {
			t.Fatal(n, c.Err())
		}
	}
	c, err := s.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	scan(c) // to fill the cache
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	leaves := int64(0)
	for p := seg.First; p <= seg.Last; p++ {
		info, err := db.Page(p)
		if err != nil {
			t.Fatal(err)
		}
		if !info.BTree {
			leaves++
		}
	}
	open := func() *engine.Cursor {
		c, err := s.Cursor()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	once, _ := delta(func() {
		c := open()
		scan(c)
		_ = c.Close()
	})
	if once < leaves || once > 2*seg.Pages {
		t.Errorf("one scan of %d leaves: %d hits", leaves, once)
	}
	c = open()
	const rounds = 10
	hits, misses := delta(func() {
		for range rounds {
			scan(c)
		}
	})
	if hits <= rounds*once-256 || hits > rounds*once || misses != 0 {
		t.Errorf("%d scans with a cursor that is open: %d hits, %d misses; one has %d", rounds, hits, misses, once)
	}
	rest, _ := delta(func() {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
	if hits += rest; hits != rounds*once {
		t.Errorf("%d scans: %d hits; one has %d", rounds, hits, once)
	}

	// Many readers at once lose no count.
	const readers, lookups = 8, 500
	hits, misses = delta(func() {
		var all sync.WaitGroup
		for range readers {
			all.Go(func() {
				for range lookups {
					get(1)
				}
			})
		}
		all.Wait()
	})
	if hits != readers*lookups*depth || misses != 0 {
		t.Errorf("%d hits of %d, %d misses", hits, readers*lookups*depth, misses)
	}
}

// TestCountersNeverGoBack reads the counters while everything is in motion, and after the
// end: a counter that falls looks like a restart to a program that computes rates.
func TestCountersNeverGoBack(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{
		FS: memfs.New(), AutoFlush: 32 << 10, AutoCheckpoint: 64 << 10, CacheSize: 64 << 10, Background: engine.BackgroundBoth, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	now := map[string]bool{ // what is held, not what was done
		"CacheBytes": true, "FenceBytes": true, "FilterBytes": true, "LiveBytes": true, "OldBytes": true, "LogBytes": true, "Levels": true, "Segments": true,
		"SegmentPages": true, "CheckedPages": true, "FreeBlocks": true, "UncheckpointedBytes": true, "Pins": true, "OldestPin": true,
		"PinnedBlocks": true, "PinnedTreeBytes": true, "CheckpointAge": true, "StalledNow": true,
		"FileBytes": true, // Close cuts the file
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		last := reflect.ValueOf(db.Stats())
		for {
			next := reflect.ValueOf(db.Stats())
			for i := range next.NumField() {
				name := next.Type().Field(i).Name
				if f := next.Field(i); f.CanInt() && !now[name] && f.Int() < last.Field(i).Int() {
					t.Errorf("%s fell from %d to %d", name, last.Field(i).Int(), f.Int())
				}
				if f := next.Field(i); f.CanInt() && f.Int() < 0 {
					t.Errorf("%s is %d", name, f.Int())
				}
			}
			last = next
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	var all sync.WaitGroup
	all.Go(func() {
		for i := range 150 {
			putN(t, db, i*37%1000, 20, 100)
		}
	})
	all.Go(func() {
		for range 150 {
			s, err := db.Snapshot(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			c, err := s.Cursor()
			if err != nil {
				t.Error(err)
				return
			}
			for ok, n := c.First(), 0; ok && n < 200; n++ {
				ok = c.Next()
			}
			if _, err := db.Pins(); err != nil {
				t.Error(err)
			}
			_, _ = c.Close(), s.Close()
		}
	})
	all.Wait()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	close(stop)
	<-stopped
}
