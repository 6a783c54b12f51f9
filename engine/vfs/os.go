package vfs

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
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

// opener opens a file and says how it is locked.
type opener interface {
	open(name string, how int, perm fs.FileMode) (*os.File, locker, error)
}

// locker is how handles of a file are locked. The caller has checked slots and kinds, and
// holds f.mu.
type locker interface {
	lock(f *osFile, slot int, kind LockKind) error
	locked(f *osFile, first, count int, kind LockKind) (bool, error)
	// close drops the locks of f, and closes its descriptor if nobody else needs it.
	close(f *osFile) error
}

// osSectorSize is the sector size that lsm1 assumes of every disk. Assuming a smaller
// sector than the disk's would be unsafe in FULL safety only, and what pads the log to
// sectors must agree with C, which pads to 512.
const osSectorSize = 512

// osFile is a handle.
type osFile struct {
	f        *os.File // other handles may use it, too
	name     string
	readOnly bool
	farLocks bool // opened with FarLocks
	closed   atomic.Bool

	mu    sync.Mutex // guards locks; no other lock of the engine is taken under it
	locks locker
}

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

// ReadAt implements File.
func (f *osFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.open("read"); err != nil {
		return 0, err
	}
	return f.f.ReadAt(p, off)
}

// WriteAt implements File.
func (f *osFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.open("write"); err != nil {
		return 0, err
	}
	if f.readOnly {
		return 0, f.fail("write", fs.ErrPermission)
	}
	return f.f.WriteAt(p, off)
}

// Size implements File.
func (f *osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Truncate implements File.
func (f *osFile) Truncate(size int64) error {
	if err := f.open("truncate"); err != nil {
		return err
	}
	if f.readOnly {
		return f.fail("truncate", fs.ErrPermission)
	}
	if size < 0 { // which js/wasm would read as 0
		return f.fail("truncate", fs.ErrInvalid)
	}
	return f.f.Truncate(size)
}

// Sync implements File.
func (f *osFile) Sync() error {
	if err := f.open("sync"); err != nil || f.readOnly {
		return err
	}
	return f.sync()
}

// SectorSize implements File.
func (f *osFile) SectorSize() int { return osSectorSize }

// Lock implements File.
func (f *osFile) Lock(slot int, kind LockKind) error {
	if err := checkSlots(slot, 1, kind); err != nil {
		return f.fail("lock", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open("lock"); err != nil {
		return err
	}
	if f.readOnly && kind == Exclusive {
		return f.fail("lock", fs.ErrPermission)
	}
	return f.locks.lock(f, slot, kind)
}

// Locked implements File.
func (f *osFile) Locked(first, count int, kind LockKind) (bool, error) {
	err := checkSlots(first, count, kind)
	if err == nil && kind == Unlock {
		err = fs.ErrInvalid
	}
	if err != nil {
		return false, f.fail("test lock", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open("test lock"); err != nil {
		return false, err
	}
	return f.locks.locked(f, first, count, kind)
}

// Close implements File.
func (f *osFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed.Swap(true) {
		return f.fail("close", fs.ErrClosed)
	}
	return f.locks.close(f)
}

// open returns an error if f is closed.
func (f *osFile) open(op string) error {
	if f.closed.Load() {
		return f.fail(op, fs.ErrClosed)
	}
	return nil
}

// fail puts the operation and the name to err.
func (f *osFile) fail(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// underlying strips the operation and the name from an error of package os.
func underlying(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
