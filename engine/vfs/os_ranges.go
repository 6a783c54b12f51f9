// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package vfs

import (
	"errors"
	"io/fs"
	"math"
	"syscall"
)

var _ RangeLocker = (*osFile)(nil)

// canLockRanges returns an error unless f is open and has locks that belong to the handle. Those
// of the process, and those that handles of this process have settled for, are no such locks.
// The caller holds f.mu.
func (f *osFile) canLockRanges(op string) error {
	if err := f.open(op); err != nil {
		return err
	}
	locks := f.locks
	if l, ok := locks.(*optionalLocks); ok && l.local == nil {
		locks = l.locker
	}
	own, ok := locks.(*ofdLocks)
	if !ok {
		return f.fail(op, errors.ErrUnsupported)
	}
	own.used = true
	return nil
}

// LockRange implements RangeLocker.
func (f *osFile) LockRange(off, n int64, kind LockKind) error {
	if err := checkRange(off, n, kind); err != nil {
		return f.fail("lock range", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.canLockRanges("lock range"); err != nil {
		return err
	}
	if f.readOnly && kind == Exclusive {
		return f.fail("lock range", fs.ErrPermission)
	}
	lk := flockBytes(off, n, kind)
	return f.lockFailed("lock range", f.fcntl(ofdSetLock, &lk))
}

// RangeLocked implements RangeLocker. The kernel reports any lock that conflicts, so what is in
// front of it is asked about until nothing is there.
func (f *osFile) RangeLocked(off, n int64, kind LockKind) (first ByteLock, held bool, err error) {
	if err := checkRangeTest(off, n, kind); err != nil {
		return ByteLock{}, false, f.fail("test range", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.canLockRanges("test range"); err != nil {
		return ByteLock{}, false, err
	}
	last := off + (n - 1)
	for to := last; to >= off; to = first.Off - 1 {
		lk := flockBytes(off, to-off+1, kind)
		if err := f.fcntl(ofdGetLock, &lk); err != nil {
			return ByteLock{}, false, f.lockFailed("test range", err)
		}
		if lk.Type == syscall.F_UNLCK {
			return first, held, nil
		}
		first, held = byteLock(&lk, off, last), true
	}
	return first, held, nil
}

// byteLock returns what the kernel reported of a lock, cut to the bytes from off to last.
func byteLock(lk *syscall.Flock_t, off, last int64) ByteLock {
	end := int64(math.MaxInt64)
	if lk.Len > 0 {
		end = lk.Start + (lk.Len - 1)
	}
	from := max(lk.Start, off)
	found := ByteLock{Off: from, Len: min(end, last) - from + 1, Kind: Shared}
	if lk.Type == syscall.F_WRLCK {
		found.Kind = Exclusive
	}
	if lk.Pid > 0 {
		found.PID = int(lk.Pid)
	}
	return found
}

var _ SlotHolder = (*osFile)(nil)

// SlotHolder implements SlotHolder.
func (f *osFile) SlotHolder(slot int) (pid int) {
	if checkSlots(slot, 1, Exclusive) != nil || f.open("test lock") != nil {
		return 0
	}
	lk := flock(slot, 1, Exclusive)
	if f.fcntl(ofdGetLock, &lk) != nil || lk.Type == syscall.F_UNLCK || lk.Pid < 0 {
		return 0
	}
	return int(lk.Pid)
}
