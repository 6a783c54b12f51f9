// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

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
