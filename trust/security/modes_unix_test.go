// SPDX-License-Identifier: Apache-2.0

//go:build unix

package security_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	_ "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// watched is a file system that looks at each file that is created, at the moment when it is there: so at those, too,
// that have another name or no name later.
type watched struct {
	vfs.FS
	mu    sync.Mutex
	modes map[string]fs.FileMode
	flags map[string]vfs.OpenFlag
}

func watch() *watched {
	return &watched{FS: vfs.OS, modes: make(map[string]fs.FileMode), flags: make(map[string]vfs.OpenFlag)}
}

func (w *watched) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := w.FS.Open(name, flag, perm)
	if err == nil && flag&vfs.Create != 0 {
		info, err := f.(vfs.Stater).Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.modes[name] |= info.Mode()
		w.flags[name] |= flag
	}
	return f, err
}

// Lstat and SameFile make it know links.
func (w *watched) Lstat(name string) (fs.FileInfo, error) { return w.FS.(vfs.Comparer).Lstat(name) }
func (w *watched) SameFile(a, b fs.FileInfo) bool         { return w.FS.(vfs.Comparer).SameFile(a, b) }

// withMask runs do with a mask of the process for the modes of new files.
func withMask(t *testing.T, mask int, do func()) {
	t.Helper()
	old := syscall.Umask(mask)
	defer syscall.Umask(old)
	do()
}

func someRows(db *engine.DB) error {
	return db.Update(context.Background(), func(tx *engine.Tx) (err error) {
		for i := range 100 {
			err = errors.Join(err, tx.Put(fmt.Appendf(nil, "key %03d", i), bytes.Repeat([]byte("v"), 300)))
		}
		return err
	})
}

// makeAllFiles does everything in a folder that makes files there.
func makeAllFiles(fsys vfs.FS, dir string, key keys.Source) (err error) {
	ctx := context.Background()
	in := func(name string) string { return filepath.Join(dir, name) }
	db, err := engine.Open(ctx, in("x"), engine.Options{FS: fsys, Readers: true, Key: key, Safety: engine.SafetyFull})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := someRows(db); err != nil {
		return err
	}
	reader, err := engine.Open(ctx, in("x"), engine.Options{FS: &watched{FS: fsys, modes: map[string]fs.FileMode{}, flags: map[string]vfs.OpenFlag{}},
		ReadOnly: true, Key: key})
	if err != nil {
		return err
	}
	if _, ok := reader.Attached(); !ok {
		return errors.Join(errors.New("the reader is not attached"), reader.Close())
	}
	copies := engine.BackupOptions{FS: fsys}
	err = errors.Join(reader.Backup(ctx, in("of-a-reader"), copies), reader.Close(),
		db.Backup(ctx, in("copy"), copies), db.Flush(ctx), checkpoint(ctx, db), db.CopyCheckpoint(ctx, in("copied-checkpoint"), copies))
	if err != nil {
		return err
	}
	copies.Replace = true
	if err := db.Backup(ctx, in("copy"), copies); err != nil {
		return err
	}
	b, err := engine.NewBuilder(in("built"), engine.Options{FS: fsys, Key: key})
	if err != nil {
		return err
	}
	if err := errors.Join(b.Add([]byte("k"), []byte("v")), b.Finish(ctx)); err != nil {
		return err
	}
	_, err = engine.Recover(ctx, in("copied-checkpoint"), in("recovered"), engine.RecoverOptions{FS: fsys, Key: key})
	return err
}

func checkpoint(ctx context.Context, db *engine.DB) error {
	_, err := db.Checkpoint(ctx)
	return err
}

// throughSQL makes files as programs do that know nothing of the engine.
func throughSQL(dir string) error {
	db, err := sql.Open("lsmlite", "file:"+filepath.Join(dir, "sql")+"?readers=on&safety=full")
	if err != nil {
		return err
	}
	_, err = db.Exec("INSERT INTO kv VALUES ('a', 'b'); PRAGMA flush; PRAGMA checkpoint; PRAGMA backup = '" + filepath.Join(dir, "sql-copy") + "'")
	return errors.Join(err, db.Close())
}

// TestNewFilesAreTheirOwners: nobody else can read or write a file that was made, whatever the mask lets pass, at no
// moment: the database, its log, the page for readers, copies, what they are called before they are whole.
func TestNewFilesAreTheirOwners(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077} {
		for name, key := range map[string]keys.Source{"in clear": nil, "encrypted": keys.Raw(marker)} {
			t.Run(fmt.Sprintf("umask %03o, %s", mask, name), func(t *testing.T) {
				dir := t.TempDir()
				w := watch()
				var err error
				withMask(t, mask, func() { err = errors.Join(makeAllFiles(w, dir, key), throughSQL(dir)) })
				must(t, err)
				entries, err := os.ReadDir(dir)
				must(t, err)
				for _, e := range entries {
					info, err := e.Info()
					must(t, err)
					if info.Mode() != 0o600 {
						t.Errorf("%s has mode %v", e.Name(), info.Mode())
					}
				}
				if len(entries) < 7 {
					t.Errorf("only %d files are there: %v", len(entries), entries)
				}
				unfinished, logs, live := 0, 0, 0
				for name, mode := range w.modes {
					if mode != 0o600 {
						t.Errorf("%s had mode %v when it was made", name, mode)
					}
					base := filepath.Base(name)
					switch {
					case strings.Contains(base, "-backup-"):
						unfinished++
						if w.flags[name]&vfs.MustCreate == 0 {
							t.Errorf("%s could have been there", name)
						}
					case strings.HasSuffix(base, "-log"):
						logs++
						if w.flags[name]&vfs.NoFollow == 0 {
							t.Errorf("%s could have been a link", name)
						}
					case strings.HasSuffix(base, "-live"):
						live++
						if w.flags[name]&vfs.NoFollow == 0 {
							t.Errorf("%s could have been a link", name)
						}
					}
				}
				if unfinished < 4 || logs < 1 || live < 1 {
					t.Errorf("%d unfinished copies, %d logs and %d pages for readers were made: %v", unfinished, logs, live, w.modes)
				}
			})
		}
	}
}
