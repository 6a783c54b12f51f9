// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestWhoLocksRanges keeps the conformance tests from being skipped where there is something to test.
func TestWhoLocksRanges(t *testing.T) {
	here := runtime.GOOS == "linux" || runtime.GOOS == "android" || runtime.GOOS == "darwin" || runtime.GOOS == "ios"
	for name, want := range map[string]bool{
		"OS": here, "OS with record locks": false, "OS without locks": false, "memfs": true, "faultfs": true,
	} {
		fresh, has := kinds()[name]
		if !has {
			continue
		}
		fsys, dir := fresh(t)
		f, able := suite{fsys, dir}.make(t, "a", "").(vfs.RangeLocker)
		err := errors.ErrUnsupported
		if able {
			err = f.LockRange(vfs.FirstRangeByte, 1, vfs.Exclusive)
		}
		if want != (err == nil) || err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOptionalLocksOfRanges are those of the system where it has some: they never settle for a table.
func TestOptionalLocksOfRanges(t *testing.T) {
	s := suite{vfs.OS, t.TempDir()}
	f, able := s.open(t, "a", vfs.ReadWrite|vfs.Create|vfs.OptionalLocks).(vfs.RangeLocker)
	if !able {
		t.Skip("no locks of ranges here")
	}
	ok(t, f.LockRange(1<<60, 1, vfs.Exclusive))
	g := s.open(t, "a", vfs.ReadOnly).(vfs.RangeLocker)
	if _, held, err := g.RangeLocked(1<<60, 1, vfs.Shared); !held || err != nil {
		t.Errorf("the lock is not seen: %v", err)
	}
}

// TestRangesAfterACrash looks for locks of a process that is gone, in the file system that is left.
func TestRangesAfterACrash(t *testing.T) {
	mem := memfs.New()
	f := suite{mem, "/dir"}.make(t, "a", "data")
	ok(t, f.Sync())
	ok(t, mem.SyncDir("/dir/a"))
	ok(t, f.(vfs.RangeLocker).LockRange(1<<60, 10, vfs.Exclusive))
	for _, left := range []*memfs.FS{mem.Clone(), mem.Crash(nil, memfs.CrashLoseAll)} {
		g := suite{left, "/dir"}.open(t, "a", vfs.ReadWrite).(vfs.RangeLocker)
		ok(t, g.LockRange(1<<60, 10, vfs.Exclusive))
	}
	g := suite{mem, "/dir"}.open(t, "a", vfs.ReadWrite).(vfs.RangeLocker)
	expectError(t, g.LockRange(1<<60, 10, vfs.Shared), vfs.ErrLocked)
}
