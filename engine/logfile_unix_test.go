//go:build unix

package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestTheSuperuserLocksNobodyOut opens the database of a service, and copies over one of its
// files, as the superuser: what is made is the service's.
func TestTheSuperuserLocksNobodyOut(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only the superuser can give files away")
	}
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	const user, group = 12345, 23456
	owned := func(name string) {
		t.Helper()
		var st syscall.Stat_t
		ok(t, syscall.Stat(name, &st))
		if st.Uid != user || st.Gid != group || st.Mode&0o777 != 0o660 {
			t.Errorf("%s is of %d:%d with mode %o", name, st.Uid, st.Gid, st.Mode&0o777)
		}
	}
	for _, name := range []string{path, filepath.Join(dir, "copy")} {
		ok(t, os.WriteFile(name, closedDB(t), 0o600))
		ok(t, os.Chown(name, user, group))
		ok(t, os.Chmod(name, 0o660))
	}
	db, err := engine.Open(ctx, path, engine.Options{})
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 10, 1))
	owned(path)
	owned(path + "-log")
	ok(t, db.Backup(ctx, filepath.Join(dir, "copy"), engine.BackupOptions{FS: vfs.OS, Replace: true}))
	owned(filepath.Join(dir, "copy"))
	ok(t, db.Close())
}
