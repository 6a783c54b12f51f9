// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// unlockedFS is a file system whose files cannot be locked, unless OptionalLocks settles for
// locks within the process.
type unlockedFS struct{ vfs.FS }

func (u unlockedFS) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := u.FS.Open(name, flag, perm)
	if err != nil || flag&vfs.OptionalLocks != 0 {
		return f, err
	}
	return unlockedFile{f}, nil
}

type unlockedFile struct{ vfs.File }

func (unlockedFile) Lock(int, vfs.LockKind) error {
	return fmt.Errorf("lock: %w", vfs.ErrLockUnsupported)
}

func (unlockedFile) Locked(int, int, vfs.LockKind) (bool, error) {
	return false, fmt.Errorf("test lock: %w", vfs.ErrLockUnsupported)
}

// TestAFileThatCannotBeLocked is refused, untouched, whether to write or to read, and opened
// with OptionalLocks, where handles of this process exclude each other.
func TestAFileThatCannotBeLocked(t *testing.T) {
	ctx := context.Background()
	fsys := unlockedFS{memfs.New()}
	refused := func(o engine.Options) {
		t.Helper()
		o.FS = fsys
		_, err := engine.Open(ctx, "/x.lsm", o)
		if !errors.Is(err, engine.ErrProtocol) || !strings.Contains(err.Error(), "locking=optional") {
			t.Errorf("a file that cannot be locked: %v", err)
		}
	}
	refused(engine.Options{})
	if _, err := fsys.Stat("/x.lsm"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file that was refused was made: %v", err)
	}
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: fsys, OptionalLocks: true})
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 100, 1))
	if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: fsys, OptionalLocks: true}); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("a second handle: %v", err)
	}
	refused(engine.Options{})
	ok(t, db.Backup(ctx, "/copy.lsm", engine.BackupOptions{}))
	ok(t, db.Backup(ctx, "/copy.lsm", engine.BackupOptions{Replace: true}))
	ok(t, db.Close())
	refused(engine.Options{})
	refused(engine.Options{ReadOnly: true})
	db, err = engine.Open(ctx, "/x.lsm", engine.Options{FS: fsys, OptionalLocks: true, ReadOnly: true})
	ok(t, err)
	expectSound(t, db)
	if _, found, err := db.Get(nil, []byte("k000099")); !found || err != nil {
		t.Errorf("a row is missing: %v", err)
	}
	ok(t, db.Close())
}
