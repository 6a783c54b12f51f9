// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

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
