// SPDX-License-Identifier: Apache-2.0

package vfs

import "errors"

// optionalLocks is the locker of a handle that was opened with OptionalLocks: that of the
// system, or, if the first call finds that the file cannot be locked, a table of this process.
type optionalLocks struct {
	locker
	granted bool       // the system has granted a lock, so the file can be locked
	local   *localFile // nil as long as the system is asked
}

// settle reports whether the table of this process decides, err being the system's
// answer.
func (l *optionalLocks) settle(f *osFile, err error) bool {
	if l.local != nil {
		return true
	}
	if l.granted || !errors.Is(err, ErrLockUnsupported) {
		return false
	}
	l.local, err = joinLocal(f)
	return err == nil
}

func (l *optionalLocks) lock(f *osFile, slot int, kind LockKind) error {
	if l.local == nil {
		err := l.locker.lock(f, slot, kind)
		l.granted = l.granted || err == nil && kind != Unlock
		if !l.settle(f, err) {
			return err
		}
	}
	return l.local.Lock(f, slot, kind)
}

func (l *optionalLocks) locked(f *osFile, first, count int, kind LockKind) (bool, error) {
	if l.local == nil {
		held, err := l.locker.locked(f, first, count, kind)
		if !l.settle(f, err) {
			return held, err
		}
	}
	return l.local.Locked(f, first, count, kind)
}

func (l *optionalLocks) close(f *osFile) error {
	if l.local != nil {
		l.local.leave(f)
	}
	return l.locker.close(f)
}
