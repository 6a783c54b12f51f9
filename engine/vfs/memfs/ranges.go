// SPDX-License-Identifier: Apache-2.0

package memfs

import (
	"errors"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// LockRange implements vfs.RangeLocker.
func (f *file) LockRange(off, n int64, kind vfs.LockKind) error {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	if f.closed {
		return f.fail("lock range", fs.ErrClosed)
	}
	if f.readOnly && kind == vfs.Exclusive {
		return f.fail("lock range", fs.ErrPermission)
	}
	err := f.node.locks.LockRange(f, off, n, kind)
	if err != nil && !errors.Is(err, vfs.ErrLocked) {
		return f.fail("lock range", err)
	}
	return err
}

// RangeLocked implements vfs.RangeLocker.
func (f *file) RangeLocked(off, n int64, kind vfs.LockKind) (vfs.ByteLock, bool, error) {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	if f.closed {
		return vfs.ByteLock{}, false, f.fail("test range", fs.ErrClosed)
	}
	found, held, err := f.node.locks.RangeLocked(f, off, n, kind)
	if err != nil {
		return vfs.ByteLock{}, false, f.fail("test range", err)
	}
	return found, held, nil
}
