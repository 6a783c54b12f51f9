// SPDX-License-Identifier: Apache-2.0

package hostfs

import (
	"errors"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// sectorSize is the sector that lsm1 assumes of every disk; what a browser writes to is unknown.
const sectorSize = 512

// maxCall is how many bytes the host is given in one call; what is more takes several.
const maxCall = 1 << 30

// MaxSize is how long a file can be in bytes: up to there a JavaScript number is exact.
const MaxSize = 1<<53 - 1

// file is one handle of a node.
type file struct {
	fs       *FS
	node     *node
	name     string
	readOnly bool
	closed   atomic.Bool
}

var _ vfs.File = (*file)(nil)

// usable returns why an operation cannot be done.
func (f *file) usable(op string, writes bool) error {
	switch {
	case f.closed.Load():
		return failed(op, f.name, fs.ErrClosed)
	case writes && f.readOnly:
		return failed(op, f.name, fs.ErrPermission)
	}
	return nil
}

// failed returns the error of a call of the host that has just failed.
func (f *file) failed(op string, s Status) error { return fail(op, f.name, s, f.fs.host.Reason()) }

// ReadAt implements vfs.File.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.usable("read", false); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, failed("read", f.name, fs.ErrInvalid)
	}
	done := 0
	for done < len(p) {
		if off+int64(done) > MaxSize {
			return done, io.EOF
		}
		n := f.fs.host.Read(f.node.handle, p[done:min(len(p), done+maxCall)], off+int64(done))
		if n < 0 {
			return done, f.failed("read", n)
		}
		if n == 0 {
			return done, io.EOF
		}
		done += int(n)
	}
	return done, nil
}

// WriteAt implements vfs.File.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if err := f.usable("write", true); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, failed("write", f.name, fs.ErrInvalid)
	}
	if off > MaxSize-int64(len(p)) {
		return 0, fail("write", f.name, NoSpace, "the file would be too long")
	}
	done := 0
	for done < len(p) {
		n := f.fs.host.Write(f.node.handle, p[done:min(len(p), done+maxCall)], off+int64(done))
		if n < 0 {
			return done, f.failed("write", n)
		}
		if n == 0 {
			return done, failed("write", f.name, io.ErrShortWrite)
		}
		done += int(n)
	}
	return done, nil
}

// Size implements vfs.File.
func (f *file) Size() (int64, error) {
	if err := f.usable("stat", false); err != nil {
		return 0, err
	}
	size, s := f.fs.host.Size(f.node.handle)
	if s < 0 {
		return 0, f.failed("stat", s)
	}
	return size, nil
}

// Truncate implements vfs.File.
func (f *file) Truncate(size int64) error {
	if err := f.usable("truncate", true); err != nil {
		return err
	}
	switch {
	case size < 0:
		return failed("truncate", f.name, fs.ErrInvalid)
	case size > MaxSize:
		return fail("truncate", f.name, NoSpace, "the file would be too long")
	}
	if s := f.fs.host.Truncate(f.node.handle, size); s < 0 {
		return f.failed("truncate", s)
	}
	return nil
}

// Sync implements vfs.File. It is as durable as the host makes it.
func (f *file) Sync() error {
	if err := f.usable("sync", false); err != nil || f.readOnly {
		return err
	}
	if s := f.fs.host.Sync(f.node.handle); s < 0 {
		return f.failed("sync", s)
	}
	return nil
}

// SectorSize implements vfs.File.
func (f *file) SectorSize() int { return sectorSize }

// Lock implements vfs.File.
func (f *file) Lock(slot int, kind vfs.LockKind) error {
	if err := f.usable("lock", kind == vfs.Exclusive); err != nil {
		return err
	}
	err := f.node.locks.Lock(f, slot, kind)
	if err != nil && !errors.Is(err, vfs.ErrLocked) {
		return failed("lock", f.name, err)
	}
	return err
}

// Locked implements vfs.File.
func (f *file) Locked(first, count int, kind vfs.LockKind) (bool, error) {
	if err := f.usable("test lock", false); err != nil {
		return false, err
	}
	held, err := f.node.locks.Locked(f, first, count, kind)
	if err != nil {
		return false, failed("test lock", f.name, err)
	}
	return held, nil
}

// Close implements vfs.File. The host closes its handle with the last one of the file.
func (f *file) Close() error {
	if f.closed.Swap(true) {
		return failed("close", f.name, fs.ErrClosed)
	}
	f.node.locks.Release(f)
	f.fs.names.Lock()
	defer f.fs.names.Unlock()
	if f.node.uses--; f.node.uses > 0 {
		return nil
	}
	f.fs.forget(f.node, f.name)
	if s := f.fs.host.Close(f.node.handle); s < 0 {
		return f.failed("close", s)
	}
	return nil
}
