// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// osSectorSize is the sector size that lsm1 assumes of every disk. Assuming a smaller
// sector than the disk's would be unsafe in FULL safety only, and what pads the log to
// sectors must agree with C, which pads to 512.
const osSectorSize = 512

// opener opens a file and says how it is locked.
type opener interface {
	open(name string, how int, perm fs.FileMode) (*os.File, locker, error)
}

// locker is how handles of a file are locked. The caller has checked slots and kinds, and
// holds f.mu.
type locker interface {
	lock(f *osFile, slot int, kind LockKind) error
	locked(f *osFile, first, count int, kind LockKind) (bool, error)
	// close drops the locks of f, and closes its descriptor if nobody else needs it.
	close(f *osFile) error
}

// osFile is a handle.
type osFile struct {
	f        *os.File // other handles may use it, too
	name     string
	readOnly bool
	farLocks bool // opened with FarLocks
	closed   atomic.Bool

	mu    sync.Mutex // guards locks; no other lock of the engine is taken under it
	locks locker
}

// ReadAt implements File.
func (f *osFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.open("read"); err != nil {
		return 0, err
	}
	return f.f.ReadAt(p, off)
}

// WriteAt implements File.
func (f *osFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.open("write"); err != nil {
		return 0, err
	}
	if f.readOnly {
		return 0, f.fail("write", fs.ErrPermission)
	}
	return f.f.WriteAt(p, off)
}

// Size implements File. Unlike Stat it allocates nothing: streams of changes ask with each transaction. Nothing else
// depends on where the descriptor stands.
func (f *osFile) Size() (int64, error) {
	if err := f.open("stat"); err != nil {
		return 0, err
	}
	return f.f.Seek(0, io.SeekEnd)
}

// Truncate implements File.
func (f *osFile) Truncate(size int64) error {
	if err := f.open("truncate"); err != nil {
		return err
	}
	if f.readOnly {
		return f.fail("truncate", fs.ErrPermission)
	}
	if size < 0 { // which js/wasm would read as 0
		return f.fail("truncate", fs.ErrInvalid)
	}
	return f.f.Truncate(size)
}

// Sync implements File.
func (f *osFile) Sync() error {
	if err := f.open("sync"); err != nil || f.readOnly {
		return err
	}
	return f.sync()
}

// SectorSize implements File.
func (f *osFile) SectorSize() int { return osSectorSize }

// Lock implements File.
func (f *osFile) Lock(slot int, kind LockKind) error {
	if err := checkSlots(slot, 1, kind); err != nil {
		return f.fail("lock", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open("lock"); err != nil {
		return err
	}
	if f.readOnly && kind == Exclusive {
		return f.fail("lock", fs.ErrPermission)
	}
	return f.locks.lock(f, slot, kind)
}

// Locked implements File.
func (f *osFile) Locked(first, count int, kind LockKind) (bool, error) {
	err := checkSlots(first, count, kind)
	if err == nil && kind == Unlock {
		err = fs.ErrInvalid
	}
	if err != nil {
		return false, f.fail("test lock", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open("test lock"); err != nil {
		return false, err
	}
	return f.locks.locked(f, first, count, kind)
}

// Close implements File.
func (f *osFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed.Swap(true) {
		return f.fail("close", fs.ErrClosed)
	}
	return f.locks.close(f)
}

// open returns an error if f is closed.
func (f *osFile) open(op string) error {
	if f.closed.Load() {
		return f.fail(op, fs.ErrClosed)
	}
	return nil
}

// fail puts the operation and the name to err.
func (f *osFile) fail(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// underlying strips the operation and the name from an error of package os.
func underlying(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
