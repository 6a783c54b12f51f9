// SPDX-License-Identifier: Apache-2.0

package memfs

import (
	"errors"
	"io"
	"io/fs"
	"path"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// file is a handle. It implements vfs.File and all abilities of one.
type file struct {
	fs       *FS
	node     *node
	name     string
	readOnly bool
	closed   bool // guarded by fs.mu
}

var (
	_ vfs.Mapper      = (*file)(nil)
	_ vfs.Stater      = (*file)(nil)
	_ vfs.Locator     = (*file)(nil)
	_ vfs.Owner       = (*file)(nil)
	_ vfs.RangeLocker = (*file)(nil)
)

// ReadAt implements vfs.File.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	switch {
	case f.closed:
		return 0, f.fail("read", fs.ErrClosed)
	case off < 0:
		return 0, f.fail("read", fs.ErrInvalid)
	case len(p) == 0:
		return 0, nil
	}
	n := f.node.read(p, off)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements vfs.File.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.mayWrite("write", off, int64(len(p))); err != nil {
		return 0, err
	}
	f.node.write(p, off)
	return len(p), nil
}

// Truncate implements vfs.File.
func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.mayWrite("truncate", size, 0); err != nil {
		return err
	}
	f.node.truncate(size)
	return nil
}

// mayWrite checks an operation that writes n bytes at off. The caller holds fs.mu.
func (f *file) mayWrite(op string, off, n int64) error {
	switch {
	case f.closed:
		return f.fail(op, fs.ErrClosed)
	case f.readOnly:
		return f.fail(op, fs.ErrPermission)
	case off < 0 || n < 0:
		return f.fail(op, fs.ErrInvalid)
	case off > maxFileBytes || n > maxFileBytes-off:
		return f.fail(op, errTooBig)
	}
	return nil
}

// Size implements vfs.File.
func (f *file) Size() (int64, error) {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	if f.closed {
		return 0, f.fail("size", fs.ErrClosed)
	}
	return f.node.size, nil
}

// Stat implements vfs.Stater.
func (f *file) Stat() (fs.FileInfo, error) {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	if f.closed {
		return nil, f.fail("stat", fs.ErrClosed)
	}
	return info{name: path.Base(canonical(f.name)), size: f.node.size, mode: f.node.perm, node: f.node}, nil
}

// Location implements vfs.Locator.
func (f *file) Location() (string, error) {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	if f.closed {
		return "", f.fail("locate", fs.ErrClosed)
	}
	for name, n := range f.fs.names {
		if n == f.node {
			return name, nil
		}
	}
	return "", nil
}

// OwnAs implements vfs.Owner. There are no users, so it changes the permissions only.
func (f *file) OwnAs(info fs.FileInfo) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return f.fail("change owner of", fs.ErrClosed)
	}
	f.node.perm = info.Mode().Perm()
	return nil
}

// Sync implements vfs.File. Through a ReadOnly handle it makes nothing durable, which
// is the least that vfs.File promises.
func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return f.fail("sync", fs.ErrClosed)
	}
	if !f.readOnly {
		f.node.sync()
	}
	return nil
}

// FailSync does what a sync does that fails; see point 9 of the package comment. The cache
// writes in units of so many bytes: a sector, or anything larger for pages of 4 KiB. It is
// for package faultfs, which returns the error.
func (f *file) FailSync(unit int) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if !f.closed && !f.readOnly {
		f.node.failSync(unit > sectorSize)
	}
}

// SectorSize implements vfs.File.
func (f *file) SectorSize() int { return sectorSize }

// Lock implements vfs.File.
func (f *file) Lock(slot int, kind vfs.LockKind) error {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	if f.closed {
		return f.fail("lock", fs.ErrClosed)
	}
	if f.readOnly && kind == vfs.Exclusive {
		return f.fail("lock", fs.ErrPermission)
	}
	err := f.node.locks.Lock(f, slot, kind)
	if err != nil && !errors.Is(err, vfs.ErrLocked) {
		return f.fail("lock", err)
	}
	return err
}

// Locked implements vfs.File.
func (f *file) Locked(first, count int, kind vfs.LockKind) (bool, error) {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	if f.closed {
		return false, f.fail("test lock", fs.ErrClosed)
	}
	held, err := f.node.locks.Locked(f, first, count, kind)
	if err != nil {
		return false, f.fail("test lock", err)
	}
	return held, nil
}

// Close implements vfs.File.
func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return f.fail("close", fs.ErrClosed)
	}
	f.closed = true
	f.node.locks.Release(f)
	return nil
}

func (f *file) fail(op string, err error) error { return failed(op, f.name, err) }

// Map implements vfs.Mapper.
func (f *file) Map(limit int64) (vfs.Mapping, error) {
	if limit < 0 {
		return nil, f.fail("map", fs.ErrInvalid)
	}
	return mapping{f, limit}, nil
}

// mapping reads the file itself.
type mapping struct {
	f     *file
	limit int64
}

func (m mapping) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > m.limit-int64(len(p)) {
		return 0, vfs.ErrNotMapped
	}
	if n, err := m.f.ReadAt(p, off); err != nil || n < len(p) {
		return 0, vfs.ErrNotMapped
	}
	return len(p), nil
}

func (mapping) Close() error { return nil }
