// SPDX-License-Identifier: Apache-2.0

//go:build unix

package vfs

import (
	"io/fs"
	"os"
	"syscall"
)

// openNoFollow makes the open call itself refuse a link.
const openNoFollow = syscall.O_NOFOLLOW

// chown gives the file to the user and group of info if this process may do so.
func (f *osFile) chown(info fs.FileInfo) error {
	want, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	now, err := f.f.Stat()
	if err != nil {
		return err
	}
	if have, ok := now.Sys().(*syscall.Stat_t); ok && have.Uid == want.Uid && have.Gid == want.Gid {
		return nil
	}
	return f.f.Chown(int(want.Uid), int(want.Gid))
}
