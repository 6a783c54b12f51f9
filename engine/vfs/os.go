// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// OS is the file system of the operating system.
//
// Locks: on Linux and macOS they are open file description locks, which conflict with
// the classic locks that C lsm1 takes and, unlike those, belong to the handle and not
// to the process. On the BSDs, Solaris, illumos and AIX they are those classic locks: handles
// of this process share the descriptors of a file, which stay open until the last of them is
// closed, because the process loses its locks on a file when it closes any descriptor of it.
// On Windows they are LockFileEx locks. On Plan 9, js/wasm and wasip1 there are none:
// Lock and Locked fail with ErrLockUnsupported, unless OptionalLocks is given.
//
// Sync is fdatasync on Linux, F_FULLFSYNC on macOS, FlushFileBuffers on Windows.
// SyncDir does nothing on Windows and js/wasm, nor on file systems that answer that a
// directory cannot be synced.
var OS FS = osFS{}

// osFS opens files through its opener, nil being the platform's.
type osFS struct{ opener opener }

// Open implements FS.
func (o osFS) Open(name string, flag OpenFlag, perm fs.FileMode) (File, error) {
	how := os.O_RDONLY
	if flag&ReadWrite != 0 {
		how = os.O_RDWR
	}
	if flag&Create != 0 {
		how |= os.O_CREATE
		if flag&MustCreate != 0 {
			how |= os.O_EXCL
		}
	}
	if perm == 0 {
		perm = DefaultPerm
	}
	if flag&NoFollow != 0 {
		how |= openNoFollow
	}
	if err := lookFirst(name, flag); err != nil {
		return nil, err
	}
	from := o.opener
	if from == nil {
		from = platformOpener
	}
	f, locks, err := from.open(name, how, perm)
	if err != nil {
		if flag&NoFollow != 0 { // a link that came after the look
			err = cmp.Or(refuseLink(name), err)
		}
		return nil, err
	}
	if flag&OptionalLocks != 0 {
		locks = &optionalLocks{locker: locks}
	}
	file := &osFile{f: f, name: name, readOnly: flag&ReadWrite == 0, farLocks: flag&FarLocks != 0, locks: locks}
	info, err := f.Stat()
	if err == nil {
		err = checkRegular(name, info)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// refuseLink returns ErrLink if name is a symbolic link.
func refuseLink(name string) error {
	if info, err := os.Lstat(name); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return &fs.PathError{Op: "open", Path: name, Err: ErrLink}
	}
	return nil
}

// lookFirst refuses what must not even be opened: opening a named pipe may wait for its other
// end, and not every platform can refuse a link while it opens.
func lookFirst(name string, flag OpenFlag) error {
	stat := os.Stat
	if flag&NoFollow != 0 {
		stat = os.Lstat
	}
	info, err := stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && flag&Create == 0:
		return &fs.PathError{Op: "open", Path: name, Err: underlying(err)}
	case err != nil:
		return nil // opening it reports the same
	case info.Mode()&fs.ModeSymlink != 0:
		return &fs.PathError{Op: "open", Path: name, Err: ErrLink}
	}
	return checkRegular(name, info)
}

// checkRegular returns an error unless info describes a regular file.
func checkRegular(name string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return &fs.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return nil
}

// Remove implements FS.
func (osFS) Remove(name string) error {
	info, err := os.Lstat(name)
	if err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: underlying(err)}
	}
	if info.IsDir() {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.EISDIR}
	}
	return os.Remove(name)
}

// Rename implements FS.
func (osFS) Rename(oldname, newname string) error { return os.Rename(oldname, newname) }

// Stat implements FS.
func (osFS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

// SyncDir implements FS.
func (osFS) SyncDir(name string) error { return syncDir(filepath.Dir(name)) }

// Canonical implements FS.
func (osFS) Canonical(name string) (string, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	// A link to a missing file is followed by hand: Open with Create would make the
	// file it points to. Forty links in a row are a loop, as for the kernel.
	for range 40 {
		resolved, err := filepath.EvalSymlinks(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return resolved, err
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(name))
		if err != nil {
			return "", err
		}
		name = filepath.Join(dir, filepath.Base(name))
		target, err := os.Readlink(name)
		if err != nil {
			return name, nil
		}
		if filepath.IsAbs(target) {
			name = target
		} else {
			name = filepath.Join(dir, target)
		}
	}
	return "", &fs.PathError{Op: "canonical", Path: name, Err: errors.New("too many links")}
}
