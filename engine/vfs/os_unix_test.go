// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package vfs_test

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

func TestOSNewFilesAreTheOwners(t *testing.T) {
	dir := t.TempDir()
	for perm, want := range map[fs.FileMode]fs.FileMode{0: 0o600, 0o400: 0o400, 0o700: 0o700} {
		name := filepath.Join(dir, perm.String())
		f, err := vfs.OS.Open(name, vfs.ReadWrite|vfs.Create, perm)
		ok(t, err)
		ok(t, f.Close())
		info, err := vfs.OS.Stat(name)
		ok(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("mode is %v for perm %v, want %v", info.Mode(), perm, want)
		}
	}
}

func TestOSSyncDirReportsFailure(t *testing.T) {
	expectError(t, vfs.OS.SyncDir(filepath.Join(t.TempDir(), "none", "db")), fs.ErrNotExist)
}

// TestOSSyncDirPassesOverFoldersWithoutSync: /proc has none.
func TestOSSyncDirPassesOverFoldersWithoutSync(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no such folder")
	}
	ok(t, vfs.OS.SyncDir("/proc/self/db"))
}

func TestOSCanonicalEndsAfterManyLinks(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	ok(t, err)
	chain := func(n int) string {
		for i := range n {
			ok(t, os.Symlink(fmt.Sprintf("%d-%d", n, i+1), filepath.Join(dir, fmt.Sprintf("%d-%d", n, i))))
		}
		return filepath.Join(dir, fmt.Sprintf("%d-0", n))
	}
	name, err := vfs.OS.Canonical(chain(20)) // the last one leads to no file
	if want := filepath.Join(dir, "20-20"); name != want || err != nil {
		t.Errorf("Canonical = %q, %v; want %q", name, err, want)
	}
	if name, err = vfs.OS.Canonical(chain(60)); err == nil {
		t.Errorf("60 links lead to %q", name)
	}
	_, err = vfs.OS.Canonical(filepath.Join(dir, "none", "db"))
	expectError(t, err, fs.ErrNotExist)
}

func TestOSRefusesAPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	ok(t, syscall.Mkfifo(name, 0o600))
	for _, flag := range []vfs.OpenFlag{vfs.ReadOnly, vfs.ReadWrite, vfs.ReadWrite | vfs.Create} {
		_, err := vfs.OS.Open(name, flag, 0)
		expectError(t, err, fs.ErrInvalid)
	}
}

// C lsm1 takes classic locks, on bytes that must be ours.
func TestOSLocksMeetClassicLocks(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	f, err := vfs.OS.Open(name, vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	defer f.Close()
	fd, err := syscall.Open(name, syscall.O_RDWR, 0)
	ok(t, err)
	defer syscall.Close(fd)
	classic := func(kind int16, at int64) error {
		return syscall.FcntlFlock(uintptr(fd), syscall.F_SETLK,
			&syscall.Flock_t{Type: kind, Whence: io.SeekStart, Start: at, Len: 1})
	}
	for slot, at := range map[int]int64{
		vfs.SlotDMS1: 4095, vfs.SlotDMS2: 4094, vfs.SlotROTrans: 4089, vfs.SlotReader0: 4088,
		vfs.SlotRWClient0: 4082, vfs.SlotRWClient0 + vfs.NumRWClients - 1: 4067,
	} {
		ok(t, classic(syscall.F_WRLCK, at))
		expectError(t, f.Lock(slot, vfs.Shared), vfs.ErrLocked)
		expectLocked(t, f, slot, 1, vfs.Shared, true)
		ok(t, classic(syscall.F_RDLCK, at))
		ok(t, f.Lock(slot, vfs.Shared))
		expectLocked(t, f, slot, 1, vfs.Exclusive, true)
		ok(t, classic(syscall.F_UNLCK, at))
		ok(t, f.Lock(slot, vfs.Exclusive))
		if err := classic(syscall.F_RDLCK, at); err != syscall.EAGAIN && err != syscall.EACCES {
			t.Errorf("a classic lock at %d is granted: %v", at, err)
		}
	}
}

// A process that is being started inherits all descriptors until it runs its own program.
// Here a duplicate stands for it.
func TestOSCloseUnlocksWhatOthersInherited(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	f, err := vfs.OS.Open(name, vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	ok(t, f.Lock(vfs.SlotDMS2, vfs.Exclusive))
	var want syscall.Stat_t
	ok(t, syscall.Stat(name, &want))
	inherited := -1
	for fd := range 1000 {
		var have syscall.Stat_t
		if syscall.Fstat(fd, &have) == nil && have.Ino == want.Ino && have.Dev == want.Dev {
			inherited, err = syscall.Dup(fd)
			ok(t, err)
			break
		}
	}
	if inherited < 0 {
		t.Fatal("the descriptor of the file was not found")
	}
	defer syscall.Close(inherited)
	ok(t, f.Close())
	f, err = vfs.OS.Open(name, vfs.ReadWrite, 0)
	ok(t, err)
	defer f.Close()
	ok(t, f.Lock(vfs.SlotDMS2, vfs.Exclusive))
}

func TestOSTheSuperuserGivesAFileToItsOwner(t *testing.T) {
	if syscall.Geteuid() != 0 {
		t.Skip("only the superuser can give files away")
	}
	dir := t.TempDir()
	a, err := vfs.OS.Open(filepath.Join(dir, "a"), vfs.ReadWrite|vfs.Create, 0o660)
	ok(t, err)
	defer a.Close()
	ok(t, syscall.Chown(filepath.Join(dir, "a"), 12345, 23456))
	b, err := vfs.OS.Open(filepath.Join(dir, "b"), vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	defer b.Close()
	info, err := vfs.OS.Stat(filepath.Join(dir, "a"))
	ok(t, err)
	ok(t, b.(vfs.Owner).OwnAs(info))
	var st syscall.Stat_t
	ok(t, syscall.Stat(filepath.Join(dir, "b"), &st))
	if st.Uid != 12345 || st.Gid != 23456 || fs.FileMode(st.Mode&0o777) != info.Mode().Perm() {
		t.Errorf("the file is %d:%d with mode %o, want 12345:23456 with %v", st.Uid, st.Gid, st.Mode, info.Mode())
	}
}
