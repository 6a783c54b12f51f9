// SPDX-License-Identifier: Apache-2.0

//go:build unix

package target_test

import (
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// TestObjectsAreTheirOwners: nobody else can read or write the objects of a folder, whatever the mask lets pass.
func TestObjectsAreTheirOwners(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	root := filepath.Join(t.TempDir(), "a", "b")
	d, err := target.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, name := range []string{"top", "gen/00000001/base", "gen/00000001/log/1"} {
		if err := d.Create(t.Context(), name, []byte("content")); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	err = filepath.WalkDir(filepath.Dir(root), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if n++; err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil || n < 8 {
		t.Errorf("%d files and folders, %v", n, err)
	}
}
