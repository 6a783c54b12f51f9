// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"golang.org/x/sys/unix"
)

var _ Remoter = (*osFile)(nil)

// Remote implements Remoter: what is not marked as local is remote.
func (f *osFile) Remote() (kind string, remote bool) {
	if f.open("statfs") != nil {
		return "", false
	}
	var st unix.Statfs_t
	if f.withFd(func(fd uintptr) error { return unix.Fstatfs(int(fd), &st) }) != nil {
		return "", false
	}
	if st.Flags&unix.MNT_LOCAL != 0 {
		return "", false
	}
	return unix.ByteSliceToString(st.Fstypename[:]), true
}
