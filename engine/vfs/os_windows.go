// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

var platformOpener opener = windowsOpener{}

// windowsOpener opens files with LockFileEx locks.
type windowsOpener struct{}

func (windowsOpener) open(name string, how int, perm fs.FileMode) (*os.File, locker, error) {
	f, err := os.OpenFile(name, how, perm)
	return f, &windowsLocks{}, err
}

// windowsLocks remembers what the handle holds: Windows neither tells nor converts locks,
// and a second lock on a byte needs a second unlock.
type windowsLocks struct{ held [lastSlot + 1]LockKind }

// lock changes the lock on slot.
func (l *windowsLocks) lock(f *osFile, slot int, kind LockKind) error {
	had := l.held[slot]
	if had == kind {
		return nil
	}
	switch {
	case had == Exclusive && kind == Shared:
		// A handle may put a shared lock on top of its exclusive one; the first
		// unlock then removes the exclusive one, so the slot is never free.
		if err := f.lockByte(slot, Shared); err != nil {
			return err
		}
		if err := f.unlockByte(slot); err != nil {
			return err
		}
	case had == Shared && kind == Exclusive:
		// There is no way up but to let go first.
		if err := f.unlockByte(slot); err != nil {
			return err
		}
		if err := f.lockByte(slot, Exclusive); err != nil {
			if f.lockByte(slot, Shared) != nil {
				l.held[slot] = Unlock
			}
			return err
		}
	case kind == Unlock:
		if err := f.unlockByte(slot); err != nil {
			return err
		}
	default:
		if err := f.lockByte(slot, kind); err != nil {
			return err
		}
	}
	l.held[slot] = kind
	return nil
}

// locked tries to lock each slot and lets go at once. A lock of this handle that is
// Exclusive proves that nobody else has one.
func (l *windowsLocks) locked(f *osFile, first, count int, kind LockKind) (bool, error) {
	for slot := first; slot < first+count; slot++ {
		switch l.held[slot] {
		case Exclusive:
			continue
		case Shared:
			if kind == Shared {
				continue
			}
			return false, f.fail("test lock", fmt.Errorf("slot %d is held shared by this handle: %w", slot, ErrLockUnsupported))
		}
		err := f.lockByte(slot, kind)
		if errors.Is(err, ErrLocked) {
			return true, nil
		}
		if err == nil {
			err = f.unlockByte(slot)
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// close unlocks explicitly, because Windows promises only to do so some time
// after the handle is closed.
func (l *windowsLocks) close(f *osFile) error {
	var errs []error
	for slot, kind := range l.held {
		if kind != Unlock {
			errs = append(errs, f.unlockByte(slot))
			l.held[slot] = Unlock
		}
	}
	return errors.Join(append(errs, f.f.Close())...)
}

// lockPlace returns where the byte of a slot is: with FarLocks 2^62 bytes further on, where
// no file has data that a lock could keep others from.
func (f *osFile) lockPlace(slot int) windows.Overlapped {
	at := windows.Overlapped{Offset: uint32(lockEnd - slot)}
	if f.farLocks {
		at.OffsetHigh = 1 << 30
	}
	return at
}

func (f *osFile) lockByte(slot int, kind LockKind) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if kind == Exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := f.lockPlace(slot)
	err := f.withHandle(func(h windows.Handle) error { return windows.LockFileEx(h, flags, 0, 1, 0, &at) })
	switch {
	case err == nil:
		return nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return ErrLocked
	case errors.Is(err, windows.ERROR_INVALID_FUNCTION), errors.Is(err, windows.ERROR_NOT_SUPPORTED):
		err = fmt.Errorf("%w: %w", ErrLockUnsupported, err)
	}
	return f.fail("lock", err)
}

func (f *osFile) unlockByte(slot int) error {
	at := f.lockPlace(slot)
	err := f.withHandle(func(h windows.Handle) error { return windows.UnlockFileEx(h, 0, 1, 0, &at) })
	if err != nil {
		return f.fail("unlock", err)
	}
	return nil
}

func (f *osFile) withHandle(do func(windows.Handle) error) error {
	conn, err := f.f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	if err := conn.Control(func(fd uintptr) { result = do(windows.Handle(fd)) }); err != nil {
		return err
	}
	return result
}

// sync is FlushFileBuffers.
func (f *osFile) sync() error { return f.f.Sync() }
