// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestBackupRefuses wants nothing overwritten that is not to be, and nothing left behind.
func TestBackupRefuses(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	o := smallSizes
	o.FS = mem
	db, err := engine.Open(ctx, "/x.lsm", o)
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 3000, 1))
	want := rowsOf(t, db)
	mem.WriteFile("/taken.lsm", []byte("something"))
	mem.WriteFile("/orphan.lsm-log", []byte("a log"))
	mem.WriteFile("/crashed.lsm", []byte("something"))
	mem.WriteFile("/crashed.lsm-log", []byte("a log"))
	open, err := engine.Open(ctx, "/open.lsm", o)
	ok(t, err)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	for _, form := range backupForms {
		for _, c := range []struct {
			ctx  context.Context
			path string
			o    engine.BackupOptions
			want error
		}{
			{ctx, "/taken.lsm", engine.BackupOptions{}, fs.ErrExist},
			{ctx, "/orphan.lsm", engine.BackupOptions{}, engine.ErrCantOpen},
			{ctx, "/crashed.lsm", engine.BackupOptions{Replace: true}, engine.ErrCantOpen},
			{ctx, "/x.lsm", engine.BackupOptions{}, engine.ErrCantOpen},
			{ctx, "/x.lsm", engine.BackupOptions{Replace: true}, engine.ErrCantOpen}, // its log is not empty
			{ctx, "/open.lsm", engine.BackupOptions{Replace: true}, engine.ErrBusy},
			{ctx, "/taken.lsm/below", engine.BackupOptions{}, engine.ErrCantOpen},
			{ctx, "/copy.lsm", engine.BackupOptions{PageSize: 100}, engine.ErrMisuse},
			{cancelled, "/copy.lsm", engine.BackupOptions{}, context.Canceled},
		} {
			if err := form.path(db, c.ctx, c.path, c.o); !errors.Is(err, c.want) {
				t.Errorf("%s to %s: %v, want %v", form.name, c.path, err, c.want)
			}
		}
		reader, err := mem.Open("/taken.lsm", vfs.ReadOnly, 0)
		ok(t, err)
		ok(t, reader.Lock(vfs.SlotROTrans, vfs.Shared))
		if err := form.path(db, ctx, "/taken.lsm", engine.BackupOptions{Replace: true}); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("a file that is being read was replaced: %v", err)
		}
		ok(t, reader.Close())
		// Cancelled in the middle.
		if form.name == "rows" {
			ctx, cancel := context.WithCancel(ctx)
			err := form.path(db, ctx, "/copy.lsm", engine.BackupOptions{Progress: func(engine.BackupProgress) { cancel() }})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled by progress: %v", err)
			}
		}
		if err := form.to(db, ctx, failingWriter{}, engine.BackupOptions{}); !errors.Is(err, errFull) {
			t.Errorf("%s to a writer that fails: %v", form.name, err)
		}
		for name, content := range map[string]string{
			"/taken.lsm": "something", "/orphan.lsm-log": "a log", "/crashed.lsm": "something",
		} {
			expectFile(t, mem, name, []byte(content))
		}
		for _, name := range mem.Names() {
			if strings.Contains(name, "-backup-") || strings.HasPrefix(name, "/copy") {
				t.Errorf("file %s is left", name)
			}
		}
		ok(t, form.path(db, ctx, "/taken.lsm", engine.BackupOptions{Replace: true}))
		expectCopy(t, mem, "/taken.lsm", want, form.segments)
		mem.WriteFile("/taken.lsm", []byte("something"))
	}
	ok(t, open.Close())
	ok(t, db.Close())
	if err := db.Backup(ctx, "/copy.lsm", engine.BackupOptions{}); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("of a closed database: %v", err)
	}
}

var errFull = errors.New("full")

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

// TestBackupSurvivesFaults lets every operation of the copy fail, and then, for good
// measure, the power, too. What has the name of the copy is whole, and the database is as
// it was.
func TestBackupSurvivesFaults(t *testing.T) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, form := range backupForms {
		for _, replace := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/replace=%v", form.name, replace), func(t *testing.T) {
				source := memfs.New()
				o := smallSizes
				o.FS = source
				db, err := engine.Open(ctx, "/x.lsm", o)
				ok(t, err)
				ok(t, putRange(ctx, db, 0, 800, 1))
				want := rowsOf(t, db)
				var old []byte
				if replace {
					var b bytes.Buffer
					ok(t, putRange(ctx, db, 0, 800, 2))
					ok(t, db.BackupTo(ctx, &b, engine.BackupOptions{}))
					ok(t, putRange(ctx, db, 0, 800, 1))
					old = b.Bytes()
				}
				var target *memfs.FS
				fresh := func() vfs.FS {
					target = memfs.New()
					if replace {
						target.WriteFile("/copy.lsm", old)
					}
					return target
				}
				runs, err := faultfs.ForEachFault(faultfs.Rule{Err: syscall.EIO}, fresh, func(f *faultfs.FS) error {
					err := form.path(db, ctx, "/copy.lsm", engine.BackupOptions{FS: f, Replace: replace})
					f.Clear()
					for _, left := range []*memfs.FS{target, target.Crash(rng, memfs.CrashRandom)} {
						got, readErr := left.ReadFile("/copy.lsm")
						switch {
						case errors.Is(readErr, fs.ErrNotExist) && !replace && err != nil:
							continue
						case readErr != nil:
							return readErr
						case replace && bytes.Equal(got, old) && err != nil:
							continue
						}
						c, openErr := engine.Open(ctx, "/copy.lsm", engine.Options{FS: left, ReadOnly: true})
						if openErr != nil {
							return fmt.Errorf("after %v: %w", err, openErr)
						}
						rows := rowsOf(t, c)
						expectSound(t, c)
						ok(t, c.Close())
						if !slices.Equal(rows, want) {
							return fmt.Errorf("after %v: %d rows, or others", err, len(rows))
						}
					}
					return nil
				})
				ok(t, err)
				if runs < 8 {
					t.Errorf("only %d operations failed", runs)
				}
				expectSound(t, db)
				ok(t, db.Close())
			})
		}
	}
}

// TestBackupOnDisk uses the operating system's files.
func TestBackupOnDisk(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db, err := engine.Open(ctx, ":memory:", engine.Options{FS: memfs.New()})
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 5000, 1))
	want := rowsOf(t, db)
	for _, form := range backupForms {
		path := filepath.Join(dir, form.name+".lsm")
		for _, replace := range []bool{false, true} {
			ok(t, form.path(db, ctx, path, engine.BackupOptions{FS: vfs.OS, Replace: replace}))
			c, err := engine.Open(ctx, path, engine.Options{})
			ok(t, err)
			if got := rowsOf(t, c); !slices.Equal(got, want) {
				t.Errorf("%d rows, want %d, or others", len(got), len(want))
			}
			expectSound(t, c)
			ok(t, c.Close())
		}
	}
	ok(t, db.Close())
}
