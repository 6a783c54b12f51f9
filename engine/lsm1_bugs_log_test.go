// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// The tests of this file are named after bugs of C lsm1 that docs/lsm1-bugs.md lists by
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
		l, r, err := wal.Recover(f, from, nil, none)
		ok(t, err)
		return f, l, r
	}
	mem := memfs.New()
	_, l, _ := openLog(mem, format.LogPos{Sum: format.EmptyLogSum})
	l.Begin()
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
		l.BeginAfter(from)
		put(l, "b")
		if got := l.Regions()[2].Start == 0; got != wraps {
			t.Errorf("a log of %d bytes is wrapped: %v", off, got)
		}
		if _, _, r := openLog(mem, from); r.Commits != 1 {
			t.Errorf("of a log of %d bytes %d commits are recovered", off, r.Commits)
		}
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
