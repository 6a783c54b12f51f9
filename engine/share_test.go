// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestReadOnlyBesideWriter opens a database to read while a handle of the same process
// writes it: both look at one database.
func TestReadOnlyBesideWriter(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.lsm")
	db, err := engine.Open(ctx, path, smallSizes)
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 10, 1))
	if _, err := engine.Open(ctx, path, engine.Options{}); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("a second handle that writes: %v", err)
	}
	ro, err := engine.Open(ctx, filepath.Join(dir, "..", filepath.Base(dir), "x.lsm"), engine.Options{ReadOnly: true})
	ok(t, err)
	if n := len(rowsOf(t, ro)); n != 10 {
		t.Errorf("%d rows", n)
	}
	s, err := ro.Snapshot(ctx)
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 20, 2))
	if n := len(rowsOf(t, ro)); n != 20 {
		t.Errorf("%d rows after another commit", n)
	}
	if v, found, err := s.Get(nil, []byte("k000003")); err != nil || !found || v[0] != '1' {
		t.Errorf("the snapshot shows %q: %v", v, err)
	}
	_, err = ro.Begin(ctx)
	_, checkpointed := ro.Checkpoint(ctx)
	for what, err := range map[string]error{
		"begin": err, "flush": ro.Flush(ctx), "checkpoint": checkpointed, "optimize": ro.Optimize(ctx),
		"safety":    ro.Set(func(o *engine.Options) { o.Safety = engine.SafetyFull }),
		"autoflush": ro.Set(func(o *engine.Options) { o.AutoFlush = 1 << 20 }),
		"copy":      ro.CopyCheckpoint(ctx, path+"-copy", engine.BackupOptions{}),
	} {
		if !errors.Is(err, engine.ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if !ro.Options().ReadOnly || db.Options().ReadOnly {
		t.Error("the options are those of the other handle")
	}
	ok(t, ro.Backup(ctx, path+"-copy", engine.BackupOptions{}))
	expectSound(t, ro)
	if err := ro.Close(); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("close with an open snapshot: %v", err)
	}
	if err := db.Close(); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("close of the writer beside a reader: %v", err)
	}
	ok(t, s.Close())
	ok(t, ro.Close())
	ok(t, ro.Close())
	if _, _, err := ro.Get(nil, nil); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("get on a closed handle: %v", err)
	}
	ok(t, putRange(ctx, db, 0, 30, 3))
	ok(t, db.Close())
	ro, err = engine.Open(ctx, path, engine.Options{ReadOnly: true})
	ok(t, err)
	if n := len(rowsOf(t, ro)); n != 30 {
		t.Errorf("%d rows after the writer was closed", n)
	}
	ok(t, ro.Close())
}

// TestReadOnlyInReadOnlyDirectory reads a database that a crash has left with a log, in a
// folder where nothing can be written: nothing is.
func TestReadOnlyInReadOnlyDirectory(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "below", "x.lsm")
	ok(t, os.Mkdir(filepath.Dir(path), 0o700))
	db, err := engine.Open(ctx, path, smallSizes)
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 3000, 1))
	ok(t, db.Flush(ctx))
	ok(t, putRange(ctx, db, 0, 10, 2))
	crashed := filepath.Join(t.TempDir(), "crashed")
	ok(t, os.Mkdir(crashed, 0o700))
	copied := filepath.Join(crashed, "x.lsm")
	for _, suffix := range []string{"", "-log"} {
		data, err := os.ReadFile(path + suffix)
		ok(t, err)
		ok(t, os.WriteFile(copied+suffix, data, 0o400))
	}
	ok(t, db.Close())
	ok(t, os.Chmod(crashed, 0o500))
	defer os.Chmod(crashed, 0o700)
	before := fileHashes(t, copied)
	for _, mmap := range []int64{0, engine.MmapAll} {
		ro, err := engine.Open(ctx, copied, engine.Options{ReadOnly: true, Mmap: mmap})
		ok(t, err)
		if rows := rowsOf(t, ro); len(rows) != 3000 || rows[9][8] != '2' || rows[10][8] != '1' {
			t.Errorf("%d rows, or those without the log", len(rows))
		}
		expectSound(t, ro)
		ok(t, ro.Close())
	}
	if after := fileHashes(t, copied); after != before {
		t.Error("the files have changed")
	}
}
