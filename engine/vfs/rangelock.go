// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"fmt"
	"io/fs"
	"math"
)

// FirstRangeByte is the first byte that a RangeLocker locks: those before it are the slots of
// File.Lock, and what lies between them.
const FirstRangeByte = lockEnd

// RangeLocker is the ability of a File to lock any of its bytes from FirstRangeByte to 2^63-1, far
// beyond the end of the file, too. The locks are advisory, end with the handle at the latest, when
// it is closed or its process ends, and have nothing to do with those of File.Lock.
//
// A range is n bytes from off on. The methods return fs.ErrInvalid for one that does not lie within
// those bytes, errors.ErrUnsupported if this handle has no such locks, and ErrLockUnsupported if the
// file system has none. They may be called by any number of goroutines.
type RangeLocker interface {
	// LockRange sets this handle's lock on each byte of the range to kind, without waiting. If
	// another handle, of this process or another, has a conflicting lock on one of them, it returns
	// ErrLocked, and the handle has the locks that it had. A ReadOnly handle cannot take Exclusive
	// (fs.ErrPermission).
	LockRange(off, n int64, kind LockKind) error
	// RangeLocked reports whether LockRange with kind (Shared or Exclusive) would meet a lock of
	// another handle, and the first such lock. It takes nothing, and it works on a ReadOnly
	// handle for both kinds.
	//
	// What it reports was locked at some moment of the call, and nothing in front of it was locked
	// during all of the call. So a byte that is locked by another handle from before the call until
	// after it is at or after the one reported.
	RangeLocked(off, n int64, kind LockKind) (ByteLock, bool, error)
}

// ByteLock is a lock of another handle, as far as it lies in the range that was asked about.
type ByteLock struct {
	Off, Len int64
	Kind     LockKind
	// PID is the process that has the lock, or 0: the kernel does not say who has a lock that
	// belongs to a handle.
	PID int
}

// checkRange reports a range or a kind that no RangeLocker allows.
func checkRange(off, n int64, kind LockKind) error {
	if off < FirstRangeByte || n < 1 || n-1 > math.MaxInt64-off {
		return fmt.Errorf("lock %d bytes from %d: %w", n, off, fs.ErrInvalid)
	}
	if kind > Exclusive {
		return fmt.Errorf("%v: %w", kind, fs.ErrInvalid)
	}
	return nil
}

// checkRangeTest is checkRange for a test of locks.
func checkRangeTest(off, n int64, kind LockKind) error {
	if kind == Unlock {
		return fmt.Errorf("test for %v: %w", kind, fs.ErrInvalid)
	}
	return checkRange(off, n, kind)
}
