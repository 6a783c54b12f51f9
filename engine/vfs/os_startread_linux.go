// SPDX-License-Identifier: Apache-2.0

package vfs

import "golang.org/x/sys/unix"

var _ ReadStarter = (*osFile)(nil)

// StartRead implements ReadStarter.
func (f *osFile) StartRead(off, n int64) {
	if f.open("read") != nil || off < 0 || n <= 0 {
		return
	}
	_ = f.withFd(func(fd uintptr) error { return unix.Fadvise(int(fd), off, n, unix.FADV_WILLNEED) })
}
