// SPDX-License-Identifier: Apache-2.0

//go:build unix

package vfs

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// flock describes the bytes of count slots from first. Slots run downwards.
func flock(first, count int, kind LockKind) syscall.Flock_t {
	return flockBytes(int64(lockEnd-(first+count-1)), int64(count), kind)
}

// flockBytes describes n bytes from off on.
func flockBytes(off, n int64, kind LockKind) syscall.Flock_t {
	lk := syscall.Flock_t{Whence: io.SeekStart, Start: off, Len: n}
	switch kind {
	case Unlock:
		lk.Type = syscall.F_UNLCK
	case Shared:
		lk.Type = syscall.F_RDLCK
	case Exclusive:
		lk.Type = syscall.F_WRLCK
	}
	return lk
}

// fcntl calls fcntl with a lock. The call may be interrupted though it does not wait.
func (f *osFile) fcntl(cmd int, lk *syscall.Flock_t) error {
	return f.withFd(func(fd uintptr) error { return syscall.FcntlFlock(fd, cmd, lk) })
}

// lockFailed says what an error of fcntl means: that the lock is taken, that the file system
// cannot lock, or a failure of one that can. EINVAL is the answer of a kernel or a file
// system that does not know these locks. It returns nil for nil.
func (f *osFile) lockFailed(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EACCES):
		return ErrLocked
	}
	for _, no := range []error{syscall.EINVAL, syscall.ENOLCK, syscall.ENOSYS, syscall.ENOTSUP, syscall.EOPNOTSUPP} {
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
			if result = do(fd); !errors.Is(result, syscall.EINTR) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return result
}
