// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Calls is a file system all of whose calls can be looked at, those of rare abilities, too. It has exactly the
// abilities of the one below.
type Calls struct {
	gate
	inner vfs.FS
}

// NewCalls makes such a file system. before decides about a call that is about to be made, and after gets each that
// was made or has failed. Both may be called by several goroutines at once, and must not use the file system.
func NewCalls(inner vfs.FS, before func(Call) Fate, after func(Call)) *Calls {
	return &Calls{gate: gate{before: before, after: after}, inner: inner}
}

// Left returns how many files and mappings are open.
func (f *Calls) Left() int { return int(f.open.Load()) }

// Open implements vfs.FS.
func (f *Calls) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	kind := CallOpen
	if flag&vfs.Create != 0 {
		kind = CallCreate
	}
	var file vfs.File
	err := f.call(Call{Kind: kind, Name: name}, func() error {
		inner, err := f.inner.Open(name, flag, perm)
		if err == nil {
			f.open.Add(1)
			file = &calledFile{inner: inner, gate: &f.gate, name: name}
		}
		return err
	}, nil)
	return file, err
}

// Remove implements vfs.FS.
func (f *Calls) Remove(name string) error {
	return f.call(Call{Kind: CallRemove, Name: name}, func() error { return f.inner.Remove(name) }, nil)
}

// Rename implements vfs.FS.
func (f *Calls) Rename(oldname, newname string) error {
	return f.call(Call{Kind: CallRename, Name: oldname}, func() error { return f.inner.Rename(oldname, newname) }, nil)
}

// Stat implements vfs.FS.
func (f *Calls) Stat(name string) (info fs.FileInfo, err error) {
	err = f.call(Call{Kind: CallStat, Name: name}, func() (err error) {
		info, err = f.inner.Stat(name)
		return err
	}, nil)
	return info, err
}

// SyncDir implements vfs.FS.
func (f *Calls) SyncDir(name string) error {
	return f.call(Call{Kind: CallSyncDir, Name: name}, func() error { return f.inner.SyncDir(name) }, nil)
}

// Canonical implements vfs.FS.
func (f *Calls) Canonical(name string) (canonical string, err error) {
	err = f.call(Call{Kind: CallName, Name: name}, func() (err error) {
		canonical, err = f.inner.Canonical(name)
		return err
	}, nil)
	return canonical, err
}

// Lstat implements vfs.Comparer.
func (f *Calls) Lstat(name string) (info fs.FileInfo, err error) {
	able, ok := f.inner.(vfs.Comparer)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	err = f.call(Call{Kind: CallStat, Name: name}, func() (err error) {
		info, err = able.Lstat(name)
		return err
	}, nil)
	return info, err
}

// SameFile implements vfs.Comparer.
func (f *Calls) SameFile(a, b fs.FileInfo) bool {
	able, ok := f.inner.(vfs.Comparer)
	return ok && able.SameFile(a, b)
}

// List implements vfs.Lister.
func (f *Calls) List(folder string, most int) (names []string, err error) {
	able, ok := f.inner.(vfs.Lister)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	err = f.call(Call{Kind: CallList, Name: folder}, func() (err error) {
		names, err = able.List(folder, most)
		return err
	}, nil)
	return names, err
}

// RemovesOpen implements vfs.OpenRemover.
func (f *Calls) RemovesOpen() bool { return vfs.RemovesOpen(f.inner) }
