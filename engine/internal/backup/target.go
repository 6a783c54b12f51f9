// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Target is the file that a copy becomes.
type Target struct {
	FS        vfs.FS
	Path      string
	LogSuffix string       // what makes the name of a log of that of its database
	Replace   bool         // a file of that name may be replaced
	Perm      fs.FileMode  // of the new file; 0: that of the file replaced
	LockFlag  vfs.OpenFlag // with which a file is opened to see its locks
}

// canonical makes the path canonical, and refuses one that is a link.
func (t *Target) canonical() error {
	path, err := t.FS.Canonical(t.Path)
	if err != nil {
		return cantOpen(t.Path, "", err)
	}
	if link, err := vfs.IsLink(t.FS, t.Path); link || err != nil {
		return cantOpen(t.Path, "the copy does not take the place of what a link leads to; give the name of a file",
			cmp.Or(err, vfs.ErrLink))
	}
	t.Path = path
	return nil
}

func cantOpen(path, detail string, err error) error {
	return &errs.Error{Code: errs.CodeCantOpen, Op: "backup", Path: path, Detail: detail, Err: err}
}

// mayTake refuses a path at which a copy must not be put: where there is a file, unless it
// may be replaced and nobody uses it; and where there is a log, which would be overwritten
// when the copy is opened. It describes the file that will be replaced, if there is one.
func (t *Target) mayTake() (old fs.FileInfo, err error) {
	log := t.Path + t.LogSuffix
	switch info, err := vfs.Lstat(t.FS, log); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, cantOpen(log, "", err)
	case info.Size() > 0 || !info.Mode().IsRegular():
		return nil, cantOpen(t.Path, fmt.Sprintf("there is a log, %s, which would be overwritten when the copy is opened; "+
			"remove it, or close the database it belongs to", log), nil)
	}
	old, err = vfs.Lstat(t.FS, t.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, cantOpen(t.Path, "", err)
	case !t.Replace:
		return nil, cantOpen(t.Path, "the file exists; choose another name, or allow it to be replaced", fs.ErrExist)
	}
	return old, t.mayReplace()
}

// mayReplace refuses to replace a database that is open.
func (t *Target) mayReplace() error {
	f, err := t.FS.Open(t.Path, vfs.ReadOnly|vfs.NoFollow|t.LockFlag, 0)
	if err != nil {
		return cantOpen(t.Path, "", err)
	}
	defer f.Close()
	for _, slots := range [][2]int{{vfs.SlotDMS1, 3}, {vfs.SlotROTrans, 1}, {vfs.SlotRWClient0, vfs.NumRWClients}} {
		held, err := f.Locked(slots[0], slots[1], vfs.Exclusive)
		if err != nil {
			return &errs.Error{Code: errs.CodeProtocol, Op: "test lock", Path: t.Path, Err: err}
		}
		if held {
			return &errs.Error{Code: errs.CodeBusy, Op: "backup", Path: t.Path,
				Detail: "the file to be replaced is a database that is open; close it first"}
		}
	}
	return nil
}

// perm is the mode of the new file: that of the file it replaces, if no other is set.
func (t *Target) perm(old fs.FileInfo) fs.FileMode {
	if t.Perm == 0 && old != nil {
		return old.Mode().Perm()
	}
	return t.Perm
}

// ownAs gives the copy the owner of the file that it replaces, and its mode unless another
// is set.
func (t *Target) ownAs(f vfs.File, old fs.FileInfo) error {
	able, ok := f.(vfs.Owner)
	if !ok || old == nil || t.Perm != 0 {
		return nil
	}
	if err := able.OwnAs(old); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
