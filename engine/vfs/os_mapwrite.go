// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package vfs

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

var _ WriteMapper = (*osFile)(nil)

// writeMapping is a page of memory that is the beginning of a file.
type writeMapping struct {
	f *osFile
	b []byte // nil once it is closed
}

// MapWrite implements WriteMapper.
func (f *osFile) MapWrite(n int) (WriteMapping, error) {
	size, err := f.Size()
	switch {
	case err != nil:
		return nil, err
	case f.readOnly:
		return nil, f.fail("map", fs.ErrPermission)
	case n < 1 || n > os.Getpagesize() || int64(n) > size:
		return nil, f.fail("map", fs.ErrInvalid)
	}
	var b []byte
	err = f.withFd(func(fd uintptr) (err error) {
		b, err = unix.Mmap(int(fd), 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		return err
	})
	if err != nil {
		return nil, f.fail("map", errors.Join(errors.ErrUnsupported, err))
	}
	return &writeMapping{f, b}, nil
}

// WriteAt implements io.WriterAt.
func (m *writeMapping) WriteAt(p []byte, off int64) (int, error) {
	switch {
	case m.b == nil:
		return 0, m.f.fail("write", fs.ErrClosed)
	case off < 0 || off > int64(len(m.b)-len(p)):
		return 0, m.f.fail("write", fs.ErrInvalid)
	case !guardedCopy(m.b[off:], p):
		return 0, m.f.fail("write", ErrNotMapped)
	}
	return len(p), nil
}

// Close implements io.Closer.
func (m *writeMapping) Close() error {
	b := m.b
	if b == nil {
		return nil
	}
	m.b = nil
	return unix.Munmap(b)
}
