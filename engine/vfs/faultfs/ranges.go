// SPDX-License-Identifier: Apache-2.0

package faultfs

import (
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// LockRange implements vfs.RangeLocker, as far as the inner file does.
func (f *file) LockRange(off, n int64, kind vfs.LockKind) error {
	if able, ok := f.File.(vfs.RangeLocker); ok {
		return able.LockRange(off, n, kind)
	}
	return errors.ErrUnsupported
}

// RangeLocked implements vfs.RangeLocker, as far as the inner file does.
func (f *file) RangeLocked(off, n int64, kind vfs.LockKind) (vfs.ByteLock, bool, error) {
	if able, ok := f.File.(vfs.RangeLocker); ok {
		return able.RangeLocked(off, n, kind)
	}
	return vfs.ByteLock{}, false, errors.ErrUnsupported
}

// Remote implements vfs.Remoter, as far as the inner file does.
func (f *file) Remote() (kind string, remote bool) { return vfs.Remote(f.File) }

// SlotHolder implements vfs.SlotHolder, as far as the inner file does.
func (f *file) SlotHolder(slot int) (pid int) {
	if able, ok := f.File.(vfs.SlotHolder); ok {
		return able.SlotHolder(slot)
	}
	return 0
}
