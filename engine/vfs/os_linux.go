package vfs

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

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

// Allocate implements Allocator.
func (f *osFile) Allocate(off, n int64) error {
	if f.readOnly {
		return f.fail("allocate", fs.ErrPermission)
	}
	if off < 0 || n <= 0 || off+n < 0 {
		return f.fail("allocate", fs.ErrInvalid)
	}
	if err := f.open("allocate"); err != nil {
		return err
	}
	err := f.withFd(func(fd uintptr) error { return unix.Fallocate(int(fd), 0, off, n) })
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
		return f.fail("allocate", errors.ErrUnsupported)
	}
	return f.fail("allocate", err)
}
