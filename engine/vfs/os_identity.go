// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"io/fs"
	"os"
	"runtime"
)

var (
	_ Comparer    = osFS{}
	_ OpenRemover = osFS{}
	_ Stater      = (*osFile)(nil)
	_ Locator     = (*osFile)(nil)
	_ Owner       = (*osFile)(nil)
)

// Lstat implements Comparer.
func (osFS) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(name) }

// SameFile implements Comparer: by device and inode, or by volume and file id on Windows.
func (osFS) SameFile(a, b fs.FileInfo) bool { return os.SameFile(a, b) }

// RemovesOpen implements OpenRemover. Windows could, but only for files that were opened in
// a way that package os does not use.
func (osFS) RemovesOpen() bool { return runtime.GOOS != "windows" }

// Stat implements Stater.
func (f *osFile) Stat() (fs.FileInfo, error) {
	if err := f.open("stat"); err != nil {
		return nil, err
	}
	return f.f.Stat()
}

// Location implements Locator.
func (f *osFile) Location() (string, error) {
	if err := f.open("locate"); err != nil {
		return "", err
	}
	name, err := f.location()
	if err != nil {
		return "", f.fail("locate", err)
	}
	return name, nil
}

// OwnAs implements Owner.
func (f *osFile) OwnAs(info fs.FileInfo) error {
	if err := f.open("change owner of"); err != nil {
		return err
	}
	if err := f.chown(info); err != nil {
		return err
	}
	now, err := f.f.Stat()
	if err != nil || now.Mode().Perm() == info.Mode().Perm() {
		return err
	}
	return f.f.Chmod(info.Mode().Perm())
}
