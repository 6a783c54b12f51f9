//go:build linux || darwin

package vfs

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// osLocks knows only whether there can be any lock: the kernel knows which ones an open
// file description holds.
type osLocks struct{ used bool }

func (*osLocks) init(string) error { return nil }

// lock sets the open file description lock on slot. The caller has checked slot and
// kind and holds f.mu.
func (f *osFile) lock(slot int, kind LockKind) error {
	f.locks.used = true
	lk := flock(slot, 1, kind)
	err := f.fcntl(ofdSetLock, &lk)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		return ErrLocked
	}
	return f.lockFailed("lock", err)
}

// locked asks the kernel for a lock that conflicts. It works on a descriptor that is
// not open for writing, also for Exclusive: only setting a lock checks that.
func (f *osFile) locked(first, count int, kind LockKind) (bool, error) {
	lk := flock(first, count, kind)
	if err := f.fcntl(ofdGetLock, &lk); err != nil {
		return false, f.lockFailed("test lock", err)
	}
	return lk.Type != unix.F_UNLCK, nil
}

// releaseLocks unlocks explicitly. Closing drops the locks only with the last descriptor
// of the open file description, and a process that is just being started by another
// goroutine has one for a moment, until it runs its own program.
func (f *osFile) releaseLocks() error {
	if !f.locks.used {
		return nil
	}
	lk := flock(1, lastSlot, Unlock)
	if err := f.fcntl(ofdSetLock, &lk); err != nil {
		return f.lockFailed("unlock", err)
	}
	return nil
}

// flock describes the bytes of count slots from first. Slots run downwards.
func flock(first, count int, kind LockKind) unix.Flock_t {
	lk := unix.Flock_t{
		Whence: io.SeekStart,
		Start:  int64(lockEnd - (first + count - 1)),
		Len:    int64(count),
	}
	switch kind {
	case Unlock:
		lk.Type = unix.F_UNLCK
	case Shared:
		lk.Type = unix.F_RDLCK
	case Exclusive:
		lk.Type = unix.F_WRLCK
	}
	return lk
}

// fcntl calls fcntl with a lock. The call may be interrupted though it does not wait.
func (f *osFile) fcntl(cmd int, lk *unix.Flock_t) error {
	return f.withFd(func(fd uintptr) error { return unix.FcntlFlock(fd, cmd, lk) })
}

// lockFailed tells a file system that cannot lock from a failure of one that can.
// EINVAL is the answer of a kernel or a file system that does not know these locks.
func (f *osFile) lockFailed(op string, err error) error {
	for _, no := range []error{unix.EINVAL, unix.ENOLCK, unix.ENOSYS, unix.ENOTSUP, unix.EOPNOTSUPP} {
		if errors.Is(err, no) {
			return f.fail(op, fmt.Errorf("%w: %w", ErrLockUnsupported, err))
		}
	}
	return f.fail(op, err)
}

// withFd runs do with the file descriptor, which stays open for that long, and again
// as long as a signal interrupts it.
func (f *osFile) withFd(do func(fd uintptr) error) error {
	conn, err := f.f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = conn.Control(func(fd uintptr) {
		for {
			if result = do(fd); !errors.Is(result, unix.EINTR) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return result
}
