// SPDX-License-Identifier: Apache-2.0

package vfs

import "golang.org/x/sys/unix"

var _ WriteStarter = (*osFile)(nil)

// StartWrite implements WriteStarter. The kernel keeps an error for the next sync of the file.
func (f *osFile) StartWrite(off, n int64) {
	if f.open("write") != nil || f.readOnly || n <= 0 {
		return
	}
	_ = f.withFd(func(fd uintptr) error { return unix.SyncFileRange(int(fd), off, n, unix.SYNC_FILE_RANGE_WRITE) })
}
