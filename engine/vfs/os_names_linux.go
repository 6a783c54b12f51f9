// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// hasName reads the number of the file alone. A file system that has handed out the times of a
// file notes their next change exactly, which Linux has done since 6.13: with a look by stat
// between two commits, each of them would have to change the file's entry, too.
func (o osFS) hasName(info fs.FileInfo, name string) (bool, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return lstatHasName(o, info, name)
	}
	var named unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_INO, &named)
	switch {
	case err == nil && named.Mask&unix.STATX_INO != 0:
		return named.Ino == uint64(st.Ino) && unix.Mkdev(named.Dev_major, named.Dev_minor) == uint64(st.Dev), nil
	case err == unix.ENOENT || err == unix.ENOTDIR:
		return false, nil
	}
	return lstatHasName(o, info, name) // interrupted, an old kernel, or a sandbox that forbids the call
}
