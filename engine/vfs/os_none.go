// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
)

// unlockedOpener opens files that cannot be locked.
type unlockedOpener struct{}

func (unlockedOpener) open(name string, how int, perm fs.FileMode) (*os.File, locker, error) {
	f, err := os.OpenFile(name, how, perm)
	return f, noLocks{}, err
}

// noLocks is the locker of a platform that has no locks.
type noLocks struct{}

func (noLocks) lock(f *osFile, _ int, kind LockKind) error {
	if kind == Unlock {
		return nil
	}
	return f.fail("lock", errPlatform())
}

func (noLocks) locked(f *osFile, _, _ int, _ LockKind) (bool, error) {
	return false, f.fail("test lock", errPlatform())
}

func (noLocks) close(f *osFile) error { return f.f.Close() }

func errPlatform() error {
	return fmt.Errorf("%w: %s/%s has no locks that other processes see", ErrLockUnsupported, runtime.GOOS, runtime.GOARCH)
}

// localFiles are the files that handles of this process have settled to lock among
// themselves.
var localFiles struct {
	sync.Mutex
	all []*localFile
}

// localFile is a file of localFiles, for as long as a handle uses it.
type localFile struct {
	LockTable
	info    fs.FileInfo
	handles int
}

// joinLocal returns the entry of the file that f has open.
func joinLocal(f *osFile) (*localFile, error) {
	info, err := f.f.Stat()
	if err != nil {
		return nil, err
	}
	localFiles.Lock()
	defer localFiles.Unlock()
	for _, l := range localFiles.all {
		if os.SameFile(l.info, info) {
			l.handles++
			return l, nil
		}
	}
	l := &localFile{info: info, handles: 1}
	localFiles.all = append(localFiles.all, l)
	return l, nil
}

// leave drops the locks of f and the entry with its last handle.
func (l *localFile) leave(f *osFile) {
	localFiles.Lock()
	defer localFiles.Unlock()
	l.Release(f)
	if l.handles--; l.handles > 0 {
		return
	}
	for i, other := range localFiles.all {
		if other == l {
			last := len(localFiles.all) - 1
			localFiles.all[i], localFiles.all[last] = localFiles.all[last], nil
			localFiles.all = localFiles.all[:last]
			return
		}
	}
}
