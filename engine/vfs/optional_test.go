// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

func TestAFileThatCannotBeLockedSaysSo(t *testing.T) {
	f, err := vfs.UnlockedOS.Open(filepath.Join(t.TempDir(), "a"), vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	defer f.Close()
	expectError(t, f.Lock(vfs.SlotDMS2, vfs.Shared), vfs.ErrLockUnsupported)
	_, err = f.Locked(vfs.SlotDMS2, 1, vfs.Shared)
	expectError(t, err, vfs.ErrLockUnsupported)
	ok(t, f.Lock(vfs.SlotDMS2, vfs.Unlock))
}

// TestOptionalLocksLeaveNothing: the tables of this process go with their last handle.
func TestOptionalLocksLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	var files []vfs.File
	for _, name := range []string{"a", "a", "b", "c", "b"} {
		f, err := vfs.OptionalOS.Open(filepath.Join(dir, name), vfs.ReadWrite|vfs.Create, 0)
		ok(t, err)
		ok(t, f.Lock(vfs.SlotROTrans, vfs.Shared))
		files = append(files, f)
	}
	for i, want := range []int{3, 2, 2, 1, 0} {
		ok(t, files[i].Close())
		if n := vfs.LocalFiles(); n != want {
			t.Errorf("%d tables are left, want %d", n, want)
		}
	}
}

// TestOptionalLocksAreTheSystemsWhereItHasSome: a handle with OptionalLocks and one without
// exclude each other.
func TestOptionalLocksAreTheSystemsWhereItHasSome(t *testing.T) {
	if !vfs.HasLocks {
		t.Skip("the system has none")
	}
	name := filepath.Join(t.TempDir(), "a")
	a, err := vfs.OS.Open(name, vfs.ReadWrite|vfs.Create|vfs.OptionalLocks, 0)
	ok(t, err)
	defer a.Close()
	b, err := vfs.OS.Open(name, vfs.ReadWrite, 0)
	ok(t, err)
	defer b.Close()
	ok(t, a.Lock(vfs.SlotDMS2, vfs.Exclusive))
	expectError(t, b.Lock(vfs.SlotDMS2, vfs.Exclusive), vfs.ErrLocked)
	ok(t, b.Lock(vfs.SlotDMS1, vfs.Exclusive))
	expectError(t, a.Lock(vfs.SlotDMS1, vfs.Shared), vfs.ErrLocked)
	if n := vfs.LocalFiles(); n != 0 {
		t.Errorf("%d tables were made", n)
	}
}
