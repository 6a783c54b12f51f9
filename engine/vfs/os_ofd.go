// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

var platformOpener opener = ofdOpener{}

// ofdOpener opens files with open file description locks.
type ofdOpener struct{}

func (ofdOpener) open(name string, how int, perm fs.FileMode) (*os.File, locker, error) {
	f, err := os.OpenFile(name, how, perm)
	return f, &ofdLocks{}, err
}

// ofdLocks knows only whether there can be any lock: the kernel knows which ones an open
// file description holds.
type ofdLocks struct{ used bool }

// lock sets the open file description lock on slot.
func (l *ofdLocks) lock(f *osFile, slot int, kind LockKind) error {
	l.used = true
	lk := flock(slot, 1, kind)
	return f.lockFailed("lock", f.fcntl(ofdSetLock, &lk))
}

// locked asks the kernel for a lock that conflicts. It works on a descriptor that is
// not open for writing, also for Exclusive: only setting a lock checks that.
func (*ofdLocks) locked(f *osFile, first, count int, kind LockKind) (bool, error) {
	lk := flock(first, count, kind)
	if err := f.fcntl(ofdGetLock, &lk); err != nil {
		return false, f.lockFailed("test lock", err)
	}
	return lk.Type != syscall.F_UNLCK, nil
}

// close unlocks explicitly. Closing drops the locks only with the last descriptor
// of the open file description, and a process that is just being started by another
// goroutine has one for a moment, until it runs its own program.
func (l *ofdLocks) close(f *osFile) error {
	if !l.used {
		return f.f.Close()
	}
	lk := syscall.Flock_t{Whence: io.SeekStart, Type: syscall.F_UNLCK} // to the end of all bytes
	err := f.lockFailed("unlock", f.fcntl(ofdSetLock, &lk))
	return errors.Join(err, f.f.Close())
}
