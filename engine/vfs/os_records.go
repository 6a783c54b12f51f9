// SPDX-License-Identifier: Apache-2.0

//go:build unix

package vfs

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
	"syscall"
)

// recordOpener opens files with record locks, the classic locks of Unix. They belong to the
// process: handles of one process have to exclude each other by a table, and the process
// loses all its locks on a file when it closes any descriptor of it. So the handles of a file
// share descriptors, at most one to read and one to write, and the last handle closes
// them. What else the program does with the file, outside of this table, it must not do.
//
// It is compiled on all of Unix, so that it can be tested where it is not used.
type recordOpener struct {
	mu    sync.Mutex
	files []*recordFile
}

// recordFile is an open file. It is the locker of all its handles.
type recordFile struct {
	opener      *recordOpener
	info        fs.FileInfo
	descriptors []*os.File
	writes      *os.File // the one of them that can write, if there is one
	handles     int      // guarded by opener.mu, like all above

	mu     sync.Mutex
	wanted LockTable              // by the handles
	held   [lastSlot + 1]LockKind // by the process
}

func (o *recordOpener) open(name string, how int, perm fs.FileMode) (*os.File, locker, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	write := how&os.O_RDWR != 0
	// A descriptor that is opened without need could not be closed again.
	if r := o.findName(name, how); r != nil {
		if f := r.descriptor(write); f != nil {
			r.handles++
			return f, r, nil
		}
	}
	f, err := os.OpenFile(name, how, perm)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	r := o.find(info)
	if r == nil {
		r = &recordFile{opener: o, info: info}
		o.files = append(o.files, r)
	}
	r.handles++
	r.descriptors = append(r.descriptors, f)
	if write && r.writes == nil {
		r.writes = f
	}
	return f, r, nil
}

// findName returns the file of that name if it is open, and if open with those flags could
// open it.
func (o *recordOpener) findName(name string, how int) *recordFile {
	stat := os.Stat
	if how&openNoFollow != 0 {
		stat = os.Lstat
	}
	info, err := stat(name)
	if err != nil || how&os.O_EXCL != 0 {
		return nil
	}
	return o.find(info)
}

func (o *recordOpener) find(info fs.FileInfo) *recordFile {
	for _, r := range o.files {
		if os.SameFile(r.info, info) {
			return r
		}
	}
	return nil
}

// descriptor returns one that can read, and write if rw is set, or nil.
func (r *recordFile) descriptor(write bool) *os.File {
	if write {
		return r.writes
	}
	return r.descriptors[0]
}

func (r *recordFile) lock(f *osFile, slot int, kind LockKind) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	had := r.wanted.kind(f, slot)
	if err := r.wanted.Lock(f, slot, kind); err != nil {
		return err
	}
	if err := r.settle(f, slot); err != nil {
		if back := r.wanted.Lock(f, slot, had); back != nil {
			return errors.Join(err, back) // which nothing can forbid
		}
		return err
	}
	return nil
}

// settle gives the process the strongest lock on slot that its handles want. Only a handle
// that writes can make it Exclusive, and its descriptor can. The caller holds mu.
func (r *recordFile) settle(f *osFile, slot int) error {
	want := r.wanted.strongest(slot)
	if want == r.held[slot] {
		return nil
	}
	lk := flock(slot, 1, want)
	if err := f.fcntl(syscall.F_SETLK, &lk); err != nil {
		return f.lockFailed("lock", err)
	}
	r.held[slot] = want
	return nil
}

// locked looks at the handles of this process first, of which the kernel says nothing.
func (r *recordFile) locked(f *osFile, first, count int, kind LockKind) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if held, err := r.wanted.Locked(f, first, count, kind); held || err != nil {
		return held, err
	}
	lk := flock(first, count, kind)
	if err := f.fcntl(syscall.F_GETLK, &lk); err != nil {
		return false, f.lockFailed("test lock", err)
	}
	return lk.Type != syscall.F_UNLCK, nil
}

// close keeps the descriptors as long as the file has other handles.
func (r *recordFile) close(f *osFile) error {
	r.opener.mu.Lock()
	defer r.opener.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted.Release(f)
	var errs []error
	for slot := range r.held {
		errs = append(errs, r.settle(f, slot))
	}
	if r.handles--; r.handles == 0 {
		r.opener.files = slices.DeleteFunc(r.opener.files, func(other *recordFile) bool { return other == r })
		for _, d := range r.descriptors {
			errs = append(errs, d.Close())
		}
	}
	return errors.Join(errs...)
}
