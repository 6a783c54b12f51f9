// SPDX-License-Identifier: Apache-2.0

//go:build unix

package engine_test

import (
	"context"
	"os"
	"os/exec"
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

// TestNoDescriptorsLeftLeavesNothing runs this test again as a process that may open fewer and
// fewer files: an Open that fails for it leaves an empty folder.
func TestNoDescriptorsLeftLeavesNothing(t *testing.T) {
	const env = "LSMLITE_TEST_DESCRIPTORS"
	dir := os.Getenv(env)
	if dir == "" {
		self, err := os.Executable()
		if err != nil {
			t.Skipf("this platform starts no processes: %v", err)
		}
		cmd := exec.Command(self, "-test.run=^TestNoDescriptorsLeftLeavesNothing$", "-test.count=1")
		cmd.Env = append(os.Environ(), env+"="+t.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	var limit syscall.Rlimit
	ok(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	all := limit // what writes profiles when the tests are over needs some
	defer func() { ok(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &all)) }()
	path := filepath.Join(dir, "x")
	opened, failed := 0, 0
	for n := 64; n > 0; n-- {
		lower(&limit.Cur, limit.Max, n)
		ok(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
		db, err := engine.Open(context.Background(), path, engine.Options{Safety: engine.SafetyOff})
		if err == nil {
			ok(t, db.Close())
			ok(t, os.Remove(path))
			opened++
			continue
		}
		failed++
		var st syscall.Stat_t // reading the folder would need a descriptor
		for _, name := range []string{path, path + "-log"} {
			if err := syscall.Stat(name, &st); err != syscall.ENOENT {
				t.Errorf("with %d descriptors %s is there, though Open failed: %v", n, name, err)
			}
		}
	}
	if opened == 0 || failed < 3 {
		t.Errorf("Open succeeded %d times and failed %d times", opened, failed)
	}
}

// lower sets a limit, whose type differs by platform.
func lower[N int64 | uint64](limit *N, most N, n int) { *limit = min(N(n), most) }
