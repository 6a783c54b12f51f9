// SPDX-License-Identifier: Apache-2.0

package vfs

import "golang.org/x/sys/unix"

const (
	ofdSetLock = unix.F_OFD_SETLK
	ofdGetLock = unix.F_OFD_GETLK
)

// sync uses fdatasync, which makes the size durable too and leaves out only what
// nobody needs to read the data, such as the time of the last change.
func (f *osFile) sync() error {
	if err := f.open("sync"); err != nil {
		return err
	}
	err := f.withFd(func(fd uintptr) error { return unix.Fdatasync(int(fd)) })
	if err != nil {
		return f.fail("sync", err)
	}
	return nil
}
