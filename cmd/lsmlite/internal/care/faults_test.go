// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// replacers are the ways in which a database is replaced.
var replacers = []struct {
	name string
	run  func(ctx context.Context, f vfs.FS, backup *engine.DB) error
	// same says that the rows stay what they were.
	same bool
}{
	{"restore", func(ctx context.Context, f vfs.FS, backup *engine.DB) error {
		_, err := restore(ctx, quiet(), backup, restoring{fs: f, backup: "backup", file: "/db.lsm", force: true})
		return err
	}, false},
	{"rewrite", func(ctx context.Context, f vfs.FS, _ *engine.DB) error {
		w := rewriting{fs: f, file: "/db.lsm", shape: engine.BackupOptions{PageSize: 1024, Compression: "lz4"},
			open: func(ctx context.Context) (*engine.DB, func() error, error) {
				db, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: f, MustExist: true, ReadOnly: true})
				if err != nil {
					return nil, nil, err
				}
				return db, db.Close, nil
			}}
		_, err := w.run(ctx, quiet())
		return err
	}, true},
}

// olds are the databases to be replaced: one that was closed, and one that was not, whose newest rows are in its log.
func olds(t *testing.T) map[string]*memfs.FS {
	t.Helper()
	closed, _ := made(t, 300, "old")
	open := memfs.New()
	db, err := engine.Open(t.Context(), "/db.lsm", small(open))
	ok(t, err)
	write(t, db, 0, 200, "old")
	ok(t, db.Flush(t.Context()))
	_, err = db.Checkpoint(t.Context())
	ok(t, err)
	write(t, db, 150, 300, "newest")
	killed := open.Clone()
	ok(t, db.Close())
	return map[string]*memfs.FS{"closed": closed, "killed": killed}
}

// TestReplaceSurvivesFaults lets every operation of a restore and of a rewrite fail, and then, in
// half of the runs, the power, too. The database has its old rows or its new ones, all of them,
// and the new ones if no error was returned.
func TestReplaceSurvivesFaults(t *testing.T) {
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(1, 2))
	source, backupRows := made(t, 300, "backup")
	backup, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: source, ReadOnly: true})
	ok(t, err)
	defer backup.Close()
	for state, old := range olds(t) {
		oldRows, err := content(ctx, old, "/db.lsm")
		ok(t, err)
		for _, r := range replacers {
			t.Run(r.name+"/"+state, func(t *testing.T) {
				newRows := backupRows
				if r.same {
					newRows = oldRows
				}
				var disk *memfs.FS
				fresh := func() vfs.FS { disk = old.Clone(); return disk }
				runs, err := faultfs.ForEachFault(faultfs.Rule{Err: syscall.EIO}, fresh, func(f *faultfs.FS) error {
					done := r.run(ctx, f, backup)
					f.Clear()
					if err := oneOf(ctx, disk, oldRows, newRows, done); err != nil {
						return fmt.Errorf("after %v: %w", done, err)
					}
					if err := oneOf(ctx, disk.Crash(rng, memfs.CrashRandom), oldRows, newRows, done); err != nil {
						return fmt.Errorf("after %v, without power: %w", done, err)
					}
					return leftNothing(disk)
				})
				ok(t, err)
				if runs < 20 {
					t.Errorf("only %d operations failed", runs)
				}
			})
		}
	}
}

// oneOf returns an error unless the database has the old rows, or the new ones.
func oneOf(ctx context.Context, disk *memfs.FS, oldRows, newRows string, done error) error {
	got, err := content(ctx, disk, "/db.lsm")
	switch {
	case err != nil:
		return err
	case got == newRows || got == oldRows && done != nil:
		return nil
	}
	return fmt.Errorf("it has neither the old rows nor the new ones: %.100s…", got)
}

// leftNothing returns an error if there is more than the database and its log.
func leftNothing(disk *memfs.FS) error {
	for _, name := range disk.Names() {
		if name != "/db.lsm" && name != "/db.lsm-log" {
			return fmt.Errorf("%s was left", name)
		}
	}
	return nil
}

// TestReplaceSurvivesLossOfPower cuts the power before each operation that changes something.
func TestReplaceSurvivesLossOfPower(t *testing.T) {
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(3, 4))
	source, backupRows := made(t, 300, "backup")
	backup, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: source, ReadOnly: true})
	ok(t, err)
	defer backup.Close()
	for state, old := range olds(t) {
		oldRows, err := content(ctx, old, "/db.lsm")
		ok(t, err)
		for _, r := range replacers {
			t.Run(r.name+"/"+state, func(t *testing.T) {
				newRows := backupRows
				if r.same {
					newRows = oldRows
				}
				crashes := 0
				disk := old.Clone()
				f := faultfs.Wrap(disk)
				f.OnOp(func(op faultfs.Op) {
					crashes++
					if err := oneOf(ctx, disk.Crash(rng, memfs.CrashRandom), oldRows, newRows, errors.New("no power")); err != nil {
						t.Errorf("power lost before %v: %v", op, err)
					}
				})
				ok(t, r.run(ctx, f, backup))
				f.OnOp(nil)
				if crashes < 8 {
					t.Errorf("only %d operations", crashes)
				}
				ok(t, oneOf(ctx, disk, oldRows, newRows, nil))
			})
		}
	}
}

// TestReplaceRefusesWhatIsInUse holds that a database that is open, or was written to meanwhile, is left alone.
func TestReplaceRefusesWhatIsInUse(t *testing.T) {
	ctx := t.Context()
	source, _ := made(t, 10, "backup")
	backup, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: source, ReadOnly: true})
	ok(t, err)
	defer backup.Close()
	disk, oldRows := made(t, 20, "old")
	for _, readOnly := range []bool{true, false} {
		db, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: disk, ReadOnly: readOnly})
		ok(t, err)
		_, err = restore(ctx, quiet(), backup, restoring{fs: disk, backup: "backup", file: "/db.lsm", force: true})
		if err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("read-only %v: %v", readOnly, err)
		}
		ok(t, db.Close())
	}
	got, err := content(ctx, disk, "/db.lsm")
	ok(t, err)
	if got != oldRows {
		t.Error("the rows are not what they were")
	}
}

// TestNobodyOpensTheNewFileTooEarly holds that the new file cannot be opened before the old log is
// gone, because the log that was removed could be a new one by then.
func TestNobodyOpensTheNewFileTooEarly(t *testing.T) {
	if !renamesOpen {
		t.Skip("a file cannot be locked and replaced at once here")
	}
	ctx := t.Context()
	source, _ := made(t, 10, "backup")
	backup, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: source, ReadOnly: true})
	ok(t, err)
	defer backup.Close()
	for _, r := range replacers {
		disk := olds(t)["killed"]
		f := faultfs.Wrap(disk)
		tried := 0
		f.OnOp(func(op faultfs.Op) {
			if op.Name != "/db.lsm-log" && (op.Kind != faultfs.SyncDir || op.Name != "/db.lsm") {
				return
			}
			tried++
			db, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: disk})
			if !errors.Is(err, engine.ErrBusy) {
				t.Errorf("%s: opened before %v: %v", r.name, op, err)
			}
			if err == nil {
				ok(t, db.Close())
			}
		})
		ok(t, r.run(ctx, f, backup))
		if tried < 2 {
			t.Errorf("%s: only %d operations", r.name, tried)
		}
		db, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: disk})
		ok(t, err)
		ok(t, db.Close())
	}
}

// TestRewriteNoticesWriters holds that rows which are written while a database is being rewritten are not lost.
func TestRewriteNoticesWriters(t *testing.T) {
	ctx := t.Context()
	disk, _ := made(t, 20, "old")
	var want string
	w := rewriting{fs: disk, file: "/db.lsm", open: func(ctx context.Context) (*engine.DB, func() error, error) {
		db, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: disk, ReadOnly: true})
		ok(t, err)
		return db, func() error {
			if err := db.Close(); err != nil || want != "" {
				return err
			}
			other, err := engine.Open(ctx, "/db.lsm", small(disk))
			ok(t, err)
			write(t, other, 15, 30, "later")
			want, err = rowsOf(ctx, other)
			ok(t, err)
			return other.Close()
		}, nil
	}}
	_, err := w.run(ctx, quiet())
	if err == nil || !strings.Contains(err.Error(), "written to while") {
		t.Errorf("%v", err)
	}
	got, err := content(ctx, disk, "/db.lsm")
	ok(t, err)
	if got != want {
		t.Error("the later rows are gone")
	}
	ok(t, leftNothing(disk))
}

// TestReplaceStops holds that a context that ends stops the work, and leaves the database as it was.
func TestReplaceStops(t *testing.T) {
	source, _ := made(t, 10, "backup")
	backup, err := engine.Open(t.Context(), "/db.lsm", engine.Options{FS: source, ReadOnly: true})
	ok(t, err)
	defer backup.Close()
	old, oldRows := made(t, 20, "old")
	for _, r := range replacers {
		for n := 1; ; n++ {
			disk := old.Clone()
			f := faultfs.Wrap(disk)
			ctx, cancel := context.WithCancel(t.Context())
			ops := 0
			f.OnOp(func(faultfs.Op) {
				if ops++; ops == n {
					cancel()
				}
			})
			err := r.run(ctx, f, backup)
			cancel()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s, stopped at operation %d: %v", r.name, n, err)
			}
			if got, err := content(t.Context(), disk, "/db.lsm"); err != nil || got != oldRows {
				t.Errorf("%s, stopped at operation %d: %v, or other rows", r.name, n, err)
			}
			ok(t, leftNothing(disk))
		}
	}
}
