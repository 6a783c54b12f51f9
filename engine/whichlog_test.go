// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// openBothWays opens a database to read and then to write, and wants the same of both: rows,
// or a refusal that names everything in names and changes nothing. It returns what Open found.
func openBothWays(t *testing.T, fs *memfs.FS, path string, o engine.Options, rows int, names ...string) (f findings) {
	t.Helper()
	before := filesOf(t, fs)
	for _, readOnly := range []bool{true, false} {
		o.FS, o.ReadOnly, o.Observer = fs, readOnly, f.observer()
		db, err := engine.Open(context.Background(), path, o)
		if rows < 0 {
			if !errors.Is(err, engine.ErrCorrupt) && !errors.Is(err, engine.ErrCantOpen) {
				t.Fatalf("read-only %v: %v, want a refusal", readOnly, err)
			}
			for _, name := range names {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("read-only %v: %q is not named: %v", readOnly, name, err)
				}
			}
			if !f.has(engine.RecoverRefused) {
				t.Errorf("read-only %v: the refusal is no event", readOnly)
			}
			for name, data := range filesOf(t, fs) {
				if before[name] != data {
					t.Errorf("read-only %v: %s was changed", readOnly, name)
				}
			}
			continue
		}
		ok(t, err)
		if got := rowsOf(t, db); len(got) != rows {
			t.Errorf("read-only %v: %d rows, want %d", readOnly, len(got), rows)
		}
		expectSound(t, db)
		ok(t, db.Close())
	}
	return f
}

func filesOf(t *testing.T, fs *memfs.FS) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, name := range fs.Names() {
		data, err := fs.ReadFile(name)
		ok(t, err)
		files[name] = string(data)
	}
	return files
}

// move gives a file another name.
func move(t *testing.T, fs *memfs.FS, from, to string) {
	t.Helper()
	ok(t, fs.Rename(from, to))
}

// put copies a file of another file system.
func put(t *testing.T, fs *memfs.FS, to string, from *memfs.FS, name string) {
	t.Helper()
	data, err := from.ReadFile(name)
	ok(t, err)
	ok(t, fs.WriteFile(to, data))
}

func TestACopyWithoutItsLogIsRefused(t *testing.T) {
	left := killed(t, 10)
	fs := left.Clone()
	put(t, fs, "/copy.lsm", left, "/x.lsm")
	openBothWays(t, fs, "/copy.lsm", engine.Options{}, -1, "/copy.lsm", "/x.lsm", "/x.lsm-log")
	openBothWays(t, fs, "/x.lsm", engine.Options{}, 1010)
}

func TestAMissingLogIsRefusedUnlessAllowed(t *testing.T) {
	fs := killed(t, 10)
	ok(t, fs.Remove("/x.lsm-log"))
	openBothWays(t, fs, "/x.lsm", engine.Options{}, -1, "x.lsm-log", "allow_missing_log")
	if f := openBothWays(t, fs, "/x.lsm", engine.Options{AllowMissingLog: true}, 1000); !f.has(engine.RecoverMissingLog) {
		t.Errorf("nobody was told: %v", f)
	}
	openBothWays(t, fs, "/x.lsm", engine.Options{}, 1000) // it was given up for good
}

// TestNoLogIsMissedThatNobodyNeeds: a database that was killed before it wrote anything, or
// closed, opens without a log and under any name.
func TestNoLogIsMissedThatNobodyNeeds(t *testing.T) {
	fs := killed(t, 0)
	put(t, fs, "/copy.lsm", fs, "/x.lsm")
	openBothWays(t, fs, "/copy.lsm", engine.Options{}, 1000)
	fs = killed(t, 10)
	openBothWays(t, fs, "/x.lsm", engine.Options{}, 1010)
	put(t, fs, "/copy.lsm", fs, "/x.lsm")
	openBothWays(t, fs, "/copy.lsm", engine.Options{}, 1010)
}

func TestADatabaseThatWasRenamedFindsItsLog(t *testing.T) {
	fs := killed(t, 10)
	move(t, fs, "/x.lsm", "/y.lsm")
	if f := openBothWays(t, fs, "/y.lsm", engine.Options{}, 1010); !f.has(engine.RecoverOtherLog) {
		t.Errorf("nobody was told: %v", f)
	}
	for _, name := range fs.Names() {
		if strings.HasSuffix(name, "-log") {
			t.Errorf("%s is left", name)
		}
	}
	fs = killed(t, 10)
	move(t, fs, "/x.lsm", "/y.lsm")
	move(t, fs, "/x.lsm-log", "/y.lsm-log")
	openBothWays(t, fs, "/y.lsm", engine.Options{}, 1010)
}

func TestALogOfANewerStateIsRefused(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	o := engine.Options{FS: fs}
	db := mustOpen(t, "/x.lsm", o)
	ok(t, putRange(ctx, db, 0, 100, 1))
	ok(t, db.Close())
	older := fs.Clone()
	db = mustOpen(t, "/x.lsm", o)
	ok(t, putRange(ctx, db, 100, 200, 1))
	ok(t, db.Close())
	db = mustOpen(t, "/x.lsm", o)
	ok(t, putRange(ctx, db, 200, 300, 1))
	newer := fs.Clone()
	ok(t, db.Close())
	put(t, newer, "/x.lsm", older, "/x.lsm")
	openBothWays(t, newer, "/x.lsm", engine.Options{}, -1, "/x.lsm", "/x.lsm-log", "older")
}

func TestALogOfAnotherDatabaseIsRefused(t *testing.T) {
	ctx := context.Background()
	other := killed(t, 10)
	fs := memfs.New()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: fs})
	for i := range 20 { // its checkpoints have larger numbers than those of the other one
		ok(t, putRange(ctx, db, i, i+1, 1))
		ok(t, flushAndCheckpoint(ctx, db))
	}
	ok(t, db.Close())
	put(t, fs, "/x.lsm-log", other, "/x.lsm-log")
	openBothWays(t, fs, "/x.lsm", engine.Options{}, -1, "/x.lsm-log", "another database")
	ok(t, fs.Remove("/x.lsm-log"))
	openBothWays(t, fs, "/x.lsm", engine.Options{}, 20)
}

// TestAHardLinkFindsTheLogOfTheOtherName opens a database that was killed under one name by
// another name of the same file.
func TestAHardLinkFindsTheLogOfTheOtherName(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db := mustOpen(t, dir+"/x.lsm", engine.Options{})
	ok(t, putRange(ctx, db, 0, 50, 1))
	left := killedOnDisk(t, db, dir+"/x.lsm")
	link := left + "-linked"
	if err := os.Link(left, link); err != nil {
		t.Skipf("no hard links here: %v", err)
	}
	db = mustOpen(t, link, engine.Options{})
	if rows := rowsOf(t, db); len(rows) != 50 {
		t.Errorf("%d rows", len(rows))
	}
	ok(t, putRange(ctx, db, 50, 60, 1))
	ok(t, db.Close())
	if _, err := os.Stat(left + "-log"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log of the other name: %v", err)
	}
	db = mustOpen(t, left, engine.Options{})
	if rows := rowsOf(t, db); len(rows) != 60 {
		t.Errorf("%d rows under the first name", len(rows))
	}
	ok(t, db.Close())
}
