package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// The tests of this file are named after bugs of C lsm1 that docs/lsm1-bugs.md tells of by
// the same numbers, and do here what brings them out there. A test of package archtest
// holds the two lists together.
//
// B17 has no test: assertions of C's debug builds that are wrong themselves. There is
// nothing here that could have it. B19 needs files that C alone makes: its test is in
// internal/oracle.

// TestB1LostCommitsAfterFlush commits after the first flush and checkpoint of a session.
func TestB1LostCommitsAfterFlush(t *testing.T) {
	for _, safety := range []engine.Safety{engine.SafetyNormal, engine.SafetyFull} {
		b := openBug(t, engine.Options{Safety: safety, NoAutoWork: true})
		b.put("x", "1")
		b.do(b.Flush, b.Checkpoint)
		b.put("y", "2")
		want := map[string]string{"x": "1", "y": "2"}
		if safety == engine.SafetyFull {
			b.crash()
			b.expect(want)
			b.put("z", "3")
			b.do(b.Flush, b.Checkpoint)
			b.put("x", "4")
			b.crash()
			b.expect(map[string]string{"x": "4", "y": "2", "z": "3"})
		} else { // the process ends, the machine does not
			b.mem = b.mem.Clone()
			b.open()
			b.expect(want)
		}
	}
}

// TestB2StalePointersAfterMerge merges two levels into one page below a third.
func TestB2StalePointersAfterMerge(t *testing.T) {
	b := openBug(t, engine.Options{PageSize: 1024, BlockSize: 64 << 10, NoAutoWork: true})
	merge := func(n int) {
		_, err := b.Work(context.Background(), engine.WorkOptions{Merge: n})
		ok(t, err)
	}
	key := func(i int) string { return fmt.Sprintf("key%04d", i) }
	want := map[string]string{}
	for part := range 2 {
		for i := part * 300; i < part*300+300; i++ {
			b.put(key(i), "value")
			want[key(i)] = "value"
		}
		b.do(b.Flush)
	}
	merge(2)
	for part := range 3 {
		for i := part; i < 600; i += 3 {
			if i%100 != 0 {
				ok(t, b.Update(context.Background(), func(tx *engine.Tx) error { return tx.Delete([]byte(key(i))) }))
				delete(want, key(i))
			}
		}
		b.do(b.Flush)
	}
	merge(3)
	ok(t, b.Update(context.Background(), func(tx *engine.Tx) error {
		return errors.Join(tx.Delete([]byte("a")), tx.Delete([]byte("b")), tx.Delete([]byte("z")))
	}))
	b.do(b.Flush)
	b.expect(want)
	merge(2)
	b.expect(want)
	for _, l := range b.Structure() {
		for _, s := range l.Segments {
			if s.Pages > 1 && s.Root == 0 {
				t.Errorf("segment %+v has no b-tree, so that it needs pointers from a newer one", s)
			}
		}
	}
	b.do(b.Checkpoint)
	b.crash()
	b.expect(want)
}

// TestB3LostCommitsAfterRollbackOfWrap rolls back the transaction that would have wrapped
// the log.
func TestB3LostCommitsAfterRollbackOfWrap(t *testing.T) {
	b := openBug(t, engine.Options{Safety: engine.SafetyFull, AutoFlush: 64 << 10, AutoCheckpoint: -1})
	want := map[string]string{}
	for i := range 300 {
		k, v := fmt.Sprintf("k%03d", i), string(bytes.Repeat([]byte{byte('a' + i%26)}, 1000))
		b.put(k, v)
		want[k] = v
	}
	b.do(b.Flush, b.Checkpoint)
	tx, err := b.Begin(context.Background())
	ok(t, err)
	ok(t, tx.Put([]byte("no"), []byte("no")))
	ok(t, tx.Rollback())
	b.put("z", "1")
	want["z"] = "1"
	if regions := b.LogStructure(); regions[2].Start != 0 || regions[0].End == 0 {
		t.Errorf("the log did not wrap: %v", regions)
	}
	b.crash()
	b.expect(want)
}

// TestB4TreeBitInFiles looks for a bit of C's tree in the types of records: it is read, and
// not written.
func TestB4TreeBitInFiles(t *testing.T) {
	const contiguous = 0x40
	kinds := func(file []byte) (with, without int) {
		c := newestCheckpoint(file)
		geo, err := format.NewGeometry(int(c.PageSize), int(c.BlockSize))
		ok(t, err)
		for _, l := range c.Levels {
			for p := l.LHS.First; p <= l.LHS.Last; p++ { // within one block
				off := geo.Offset(p)
				page := geo.Content(p, file[off:off+int64(geo.PageSize)])
				for i := 0; !page.IsBTree() && i < page.NumCells(); i++ {
					if page[cellOffset(page, i)]&contiguous != 0 {
						with++
					} else {
						without++
					}
				}
			}
		}
		return with, without
	}
	if with, _ := kinds(closedDB(t)); with == 0 {
		t.Error("the file of C has no record with the bit, so it proves nothing")
	}
	b := &bugDB{t: t, mem: memfs.New()}
	b.mem.WriteFile("/x.lsm", closedDB(t))
	b.open()
	expectDB(t, b.DB, readListing(t, "testdata/golden/small-closed.jsonl"))
	b.put("one", "more")
	b.do(b.Optimize)
	ok(t, b.Close())
	file, err := b.mem.ReadFile("/x.lsm")
	ok(t, err)
	if with, without := kinds(file); with > 0 || without == 0 {
		t.Errorf("%d records are written with the bit, %d without", with, without)
	}
}

// cellOffset returns where a cell of a page starts.
func cellOffset(page format.Page, i int) int {
	at := len(page) - 14 - 2*i
	return int(page[at])<<8 | int(page[at+1])
}

// TestB5ReaderMissesWriters looks at all places where a writer may have its lock.
func TestB5ReaderMissesWriters(t *testing.T) {
	for i := range vfs.NumRWClients {
		mem := memfs.New()
		mem.WriteFile("/x.lsm", closedDB(t))
		f, err := mem.Open("/x.lsm", vfs.ReadWrite, 0)
		ok(t, err)
		ok(t, f.Lock(vfs.SlotRWClient0+i, vfs.Exclusive))
		if _, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: mem, ReadOnly: true}); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("beside writer %d: %v", i, err)
		}
		ok(t, f.Close())
	}
}

// TestB6CheckpointOf1016Words wants no checkpoint of a length that C does not count.
func TestB6CheckpointOf1016Words(t *testing.T) {
	longest := 0
	for levels := range 110 {
		for redirects := range format.MaxRedirects + 1 {
			c := format.Checkpoint{ID: 11, PageSize: 4096, BlockSize: 1 << 20, Blocks: 1000, Compression: 1}
			for i := range levels {
				c.Levels = append(c.Levels, format.Level{LHS: format.Segment{First: base.PageNo(300 + i), Last: base.PageNo(300 + i), Size: 1}})
			}
			for i := range redirects {
				c.Redirects = append(c.Redirects, format.Redirect{From: base.BlockNo(100 + i), To: base.BlockNo(50 + i)})
			}
			blob, err := c.Encode()
			switch {
			case err == nil:
				longest = max(longest, len(blob)/4)
			case len(blob) > 0:
				t.Fatal("there is an error and a checkpoint")
			}
		}
	}
	if longest > 1015 || longest < 400 {
		t.Errorf("the longest checkpoint has %d words", longest)
	}
}

// TestB7OnePageToABlock refuses sizes with which C damages its data.
func TestB7OnePageToABlock(t *testing.T) {
	ctx := context.Background()
	for _, page := range []int{64 << 10, 32 << 10} {
		mem := memfs.New()
		if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem, PageSize: page, BlockSize: 64 << 10}); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("pages of %d bytes in blocks of 64 KiB: %v", page, err)
		}
		if len(mem.Names()) > 0 {
			t.Error("a file was made")
		}
		// A file that says so, with a block size of 64 KiB already.
		data := checkpointWith(checkpointWith(closedDB(t), 5, 64<<10), 7, uint32(page))
		mem.WriteFile("/x.lsm", data)
		if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem}); !errors.Is(err, engine.ErrCorrupt) {
			t.Errorf("a file with pages of %d bytes in blocks of 64 KiB: %v", page, err)
		}
		expectFile(t, mem, "/x.lsm", data)
	}
}

// TestB8JumpBeyond2GiB wraps no log that is so long that C could not follow the jumps.
func TestB8JumpBeyond2GiB(t *testing.T) {
	none := func(format.LogRecord) error { return nil }
	put := func(l *wal.Log, key string) {
		ok(t, l.Append(format.LogRecord{Op: format.LogWrite, Key: []byte(key)}))
		ok(t, l.Commit(true))
	}
	openLog := func(fsys *memfs.FS, from format.LogPos) (vfs.File, *wal.Log, wal.Recovered) {
		f, err := fsys.Open("/x-log", vfs.ReadWrite|vfs.Create, 0)
		ok(t, err)
		l, r, err := wal.Recover(f, from, none)
		ok(t, err)
		return f, l, r
	}
	mem := memfs.New()
	_, l, _ := openLog(mem, format.LogPos{Sum: format.EmptyLogSum})
	l.Begin(format.LogPos{}, false, false)
	put(l, "a")
	first, err := mem.ReadFile("/x-log")
	ok(t, err)
	for off, wraps := range map[int64]bool{1 << 20: true, 1<<31 - 600: false, 1 << 31: false} {
		// A transaction is the same wherever it stands.
		mem := memfs.New()
		f, err := mem.Open("/x-log", vfs.ReadWrite|vfs.Create, 0)
		ok(t, err)
		_, err = f.WriteAt(first, off)
		ok(t, err)
		_, l, r := openLog(mem, format.LogPos{Off: off, Sum: format.EmptyLogSum})
		if r.Commits != 1 {
			t.Fatalf("%d commits at %d", r.Commits, off)
		}
		from := l.End()
		l.Begin(from, true, true)
		put(l, "b")
		if got := l.Regions()[2].Start == 0; got != wraps {
			t.Errorf("a log of %d bytes is wrapped: %v", off, got)
		}
		if _, _, r := openLog(mem, from); r.Commits != 1 {
			t.Errorf("of a log of %d bytes %d commits are recovered", off, r.Commits)
		}
	}
}

// TestB9PageImageBeyondBlock: no page, however badly it is compressed, can come near the
// size of a block, because sizes that would allow it are refused.
func TestB9PageImageBeyondBlock(t *testing.T) {
	allowed := 0
	for page := 256; page <= 64<<10; page *= 2 {
		for block := 64 << 10; block <= 64<<20; block *= 2 {
			if _, err := format.NewGeometry(page, block); err != nil {
				continue
			}
			allowed++
			// The worst that zlib, LZ4 and zstd do is less than an eighth and 64 bytes more.
			if worst := page + page/8 + 64 + 6; worst >= block-8 {
				t.Errorf("pages of %d bytes in blocks of %d are allowed", page, block)
			}
		}
	}
	if allowed < 50 {
		t.Errorf("only %d pairs of sizes are allowed", allowed)
	}
}

// TestB10NothingIsValidated flips bits all over a file: what comes is an error or the right
// rows, or, where C wrote the page and it has no check, wrong bytes; it never is a panic,
// an endless loop, or more memory than the file is worth.
func TestB10NothingIsValidated(t *testing.T) {
	good := closedDB(t)
	rng := rand.New(rand.NewPCG(10, 10))
	refused := 0
	for range 400 {
		at := rng.IntN(len(good))
		if rng.IntN(3) == 0 {
			at = rng.IntN(300) // in the checkpoint
		}
		mem := memfs.New()
		mem.WriteFile("/x.lsm", changed(good, func(b []byte) { b[at] ^= 1 << rng.IntN(8) }))
		db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: mem, ReadOnly: true})
		if err != nil {
			refused++
			continue
		}
		err = db.View(context.Background(), func(s *engine.Snapshot) error {
			c, err := s.Cursor()
			if err != nil {
				return err
			}
			defer c.Close()
			for more := c.First(); more; more = c.Next() {
				if _, err := c.Value(); err != nil {
					return err
				}
			}
			return c.Err()
		})
		if err != nil && !errors.Is(err, engine.ErrCorrupt) {
			t.Errorf("a bit of byte %d flipped: %v", at, err)
		}
		ok(t, db.Close())
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

// TestB11TwoSyncsForACommit counts the syncs of a commit.
func TestB11TwoSyncsForACommit(t *testing.T) {
	ctx := context.Background()
	ffs := faultfs.Wrap(memfs.New())
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyFull})
	ok(t, err)
	before := ffs.Count(faultfs.Sync)
	for i := range 10 {
		ok(t, putRange(ctx, db, i, i+1, 1))
	}
	if n := ffs.Count(faultfs.Sync) - before; n != 10 {
		t.Errorf("%d syncs for 10 commits", n)
	}
	ok(t, db.Close())
}

// TestB12DirectoryIsNotSynced loses all directory entries that were not synced.
func TestB12DirectoryIsNotSynced(t *testing.T) {
	b := openBug(t, engine.Options{Safety: engine.SafetyFull})
	b.put("x", "1")
	b.crash()
	b.expect(map[string]string{"x": "1"})
	ok(t, b.Close())
	b.mem = b.mem.Crash(rand.New(rand.NewPCG(1, 1)), memfs.CrashLoseAll)
	if names := b.mem.Names(); len(names) != 1 {
		t.Errorf("after close and a crash there are %v", names)
	}
	b.open()
	b.expect(map[string]string{"x": "1"})
}

// TestB13RangeDeletesDamageKeys ends range deletes at keys that exist.
func TestB13RangeDeletesDamageKeys(t *testing.T) {
	b := openBug(t, engine.Options{})
	key := func(i int) string {
		return fmt.Sprintf("%06d", i) + string(bytes.Repeat([]byte{byte('a' + i%26)}, 202))
	}
	want := map[string]string{}
	for i := range 600 {
		b.put(key(i), fmt.Sprint("value ", i))
		want[key(i)] = fmt.Sprint("value ", i)
	}
	for i := range 599 {
		ok(t, b.Update(context.Background(), func(tx *engine.Tx) error { return tx.DeleteRange([]byte(key(i)), []byte(key(i+1))) }))
	}
	b.expect(want)
	b.do(b.Flush)
	b.expect(want)
	ok(t, b.Close())
	b.open()
	b.expect(want)
}

// TestB14SeekLeavesOutStartOfRange seeks the key at which a newer level starts a deleted
// range.
func TestB14SeekLeavesOutStartOfRange(t *testing.T) {
	b := openBug(t, engine.Options{NoAutoWork: true})
	want := map[string]string{}
	for i := range 500 {
		k := fmt.Sprintf("k%03d", i)
		b.put(k, "v")
		if i <= 50 || i >= 250 {
			want[k] = "v"
		}
	}
	b.do(b.Flush)
	ok(t, b.Update(context.Background(), func(tx *engine.Tx) error { return tx.DeleteRange([]byte("k050"), []byte("k250")) }))
	b.expect(want)
	b.do(b.Flush)
	b.expect(want) // seeks of all modes, k050 among them
}

// TestB15ScanDuringMerge scans between the steps of merges, small levels above a large one.
// The file of C is in the midst of one, too.
func TestB15ScanDuringMerge(t *testing.T) {
	b := openBug(t, engine.Options{PageSize: 512, BlockSize: 64 << 10, NoAutoWork: true})
	want := map[string]string{}
	fill := func(from, step int) {
		for i := from; i < 1500; i += step {
			k := fmt.Sprintf("k%05d", i)
			b.put(k, "value")
			want[k] = "value"
		}
		b.do(b.Flush)
	}
	fill(0, 1)
	fill(3, 500)
	fill(4, 500)
	steps := 0
	for done := false; !done; steps++ {
		p, err := b.Work(context.Background(), engine.WorkOptions{Merge: 1, Pages: 16})
		ok(t, err)
		b.expect(want)
		done = p.Done
	}
	if steps < 2 {
		t.Errorf("the merge took %d steps", steps)
	}
	path := filepath.Join(t.TempDir(), "x.lsm")
	for _, suffix := range []string{"", "-log"} {
		data, err := os.ReadFile("testdata/golden/merge-last.db" + suffix)
		ok(t, err)
		ok(t, os.WriteFile(path+suffix, data, 0o600))
	}
	db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: true})
	ok(t, err)
	expectDB(t, db, readListing(t, "testdata/golden/merge-last.jsonl"))
	ok(t, db.Close())
}

// TestB16CheckpointBelowOnePage asks for checkpoints after less than a page.
func TestB16CheckpointBelowOnePage(t *testing.T) {
	for _, size := range []int{1, 16 << 10} {
		b := openBug(t, engine.Options{PageSize: 64 << 10, AutoCheckpoint: size, AutoFlush: 64 << 10})
		want := map[string]string{}
		for i := range 300 {
			k := fmt.Sprintf("k%03d", i)
			b.put(k, string(make([]byte, 1000)))
			want[k] = string(make([]byte, 1000))
		}
		if b.Stats().Checkpoints == 0 {
			t.Error("no checkpoint was made")
		}
		b.expect(want)
		ok(t, b.Close())
	}
}

// TestB18FlushWaitsForEver flushes again and again without anybody merging.
func TestB18FlushWaitsForEver(t *testing.T) {
	b := openBug(t, engine.Options{NoAutoWork: true, PageSize: 512, BlockSize: 64 << 10})
	want := map[string]string{}
	flush := func(n int) {
		for range n {
			k := fmt.Sprintf("k%03d", len(want))
			b.put(k, "v")
			want[k] = "v"
			b.do(b.Flush)
		}
	}
	flush(3)
	_, err := b.Work(context.Background(), engine.WorkOptions{Merge: 3, Pages: 2})
	ok(t, err)
	flush(5)
	flush(60)
	if n := b.Stats().Segments; n >= 39 {
		t.Errorf("%d segments: C would not flush on top of them", n)
	}
	b.expect(want)
	ok(t, b.Close())
}

// TestB20DamagedFileOpensEmpty: TestOpenRefuses has every kind of damage; this is what the
// documents tell to try with C.
func TestB20DamagedFileOpensEmpty(t *testing.T) {
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(i*i>>3 ^ i)
	}
	for name, data := range map[string][]byte{
		"noise":      noise,
		"checkpoint": changed(closedDB(t), func(b []byte) { b[40] ^= 1; b[4096+40] ^= 1 }),
	} {
		mem := memfs.New()
		mem.WriteFile("/x.lsm", data)
		if _, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: mem}); !errors.Is(err, engine.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		expectFile(t, mem, "/x.lsm", data)
		expectFile(t, mem, "/x.lsm-log", nil)
	}
}

// TestB21LogOfDeletedDatabase deletes a database after a crash, but not its log.
func TestB21LogOfDeletedDatabase(t *testing.T) {
	b := openBug(t, engine.Options{Safety: engine.SafetyFull})
	b.put("old", "1")
	b.mem = b.mem.Clone()
	ok(t, b.mem.Remove("/x.lsm"))
	log, err := b.mem.ReadFile("/x.lsm-log")
	ok(t, err)
	b.o.FS = b.mem
	if _, err := engine.Open(context.Background(), "/x.lsm", b.o); !errors.Is(err, engine.ErrCantOpen) {
		t.Errorf("open: %v", err)
	}
	expectFile(t, b.mem, "/x.lsm", nil)
	expectFile(t, b.mem, "/x.lsm-log", log)
	ok(t, b.mem.Remove("/x.lsm-log"))
	b.open()
	b.expect(nil)
}

// TestB22ReadersOfLiveDatabase: a reader of C looks at a lock that C's own writer of
// single-process mode does not take, and such a writer not at the reader's.
// TestForeignReaderKeepsItsState goes on from here.
func TestB22ReadersOfLiveDatabase(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	mem.WriteFile("/x.lsm", closedDB(t))
	reader, err := mem.Open("/x.lsm", vfs.ReadOnly, 0)
	ok(t, err)
	ok(t, reader.Lock(vfs.SlotROTrans, vfs.Shared))
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem, AutoFlush: 16 << 10, AutoCheckpoint: 16 << 10, AutoMerge: 2})
	ok(t, err)
	if live, err := reader.Locked(vfs.SlotRWClient0, 1, vfs.Shared); !live || err != nil {
		t.Errorf("a reader cannot see that the database is live: %v", err)
	}
	for g := range 6 {
		ok(t, putRange(ctx, db, 0, 1000, g))
		_, err := db.Checkpoint(ctx)
		ok(t, err)
	}
	before, after := closedDB(t), make([]byte, len(closedDB(t)))
	_, err = reader.ReadAt(after, 0)
	ok(t, err)
	if !bytes.Equal(before[2*format.MetaPageSize:], after[2*format.MetaPageSize:]) {
		t.Error("pages that a reader reads were overwritten")
	}
	ok(t, db.Close())
}

// TestB23PositionOutsideInput reads a half-done merge in which the position in an input
// lies outside of it.
func TestB23PositionOutsideInput(t *testing.T) {
	data, err := os.ReadFile("testdata/golden/merge-last.db")
	ok(t, err)
	log, err := os.ReadFile("testdata/golden/merge-last.db-log")
	ok(t, err)
	c := newestCheckpoint(data)
	moved := 0
	for i := range c.Levels {
		l := &c.Levels[i]
		for j := range l.RHS {
			if in := &l.Merge.Inputs[j]; in.Page != l.Merge.SplitPage {
				in.Page = l.LHS.First
				moved++
			}
		}
	}
	if moved == 0 {
		t.Fatal("the file has no such input")
	}
	c.ID++
	blob, err := c.Encode()
	ok(t, err)
	clear(data[:format.MetaSize])
	copy(data, blob)
	mem := memfs.New()
	mem.WriteFile("/x.lsm", data)
	mem.WriteFile("/x.lsm-log", log)
	db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: mem})
	ok(t, err)
	rows := readListing(t, "testdata/golden/merge-last.jsonl")
	expectDB(t, db, rows)
	ok(t, db.Optimize(context.Background()))
	expectDB(t, db, rows)
	expectSound(t, db)
	ok(t, db.Close())
}
