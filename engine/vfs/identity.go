// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"io/fs"
	"syscall"
)

// ErrLink means that a name is a symbolic link, which NoFollow does not follow.
var ErrLink = errors.New("the name is a symbolic link")

// Comparer is the ability of an FS to distinguish files whatever their names are.
type Comparer interface {
	// Lstat describes what has the name. It follows no link, so that of a link describes
	// the link.
	Lstat(name string) (fs.FileInfo, error)
	// SameFile reports whether a and b describe one file. Both came from Stat or Lstat of
	// this FS, or from Stat of one of its files. A file that is open is never the same as
	// one that was made later.
	SameFile(a, b fs.FileInfo) bool
}

// Stater is the ability of a File to describe itself, whatever name it has by now.
type Stater interface {
	// Stat describes the open file.
	Stat() (fs.FileInfo, error)
}

// Locator is the ability of a File to say where it is.
type Locator interface {
	// Location returns the name that the open file has now, which may be another one than
	// it was opened by, or an empty one if it has none any more. The error is
	// errors.ErrUnsupported if that cannot be found out.
	Location() (string, error)
}

// Owner is the ability of a File to be given to another user.
type Owner interface {
	// OwnAs gives the file the permissions that info shows, and its user and group, too,
	// if this process is the superuser's. info came from Stat of a file of the same FS.
	OwnAs(info fs.FileInfo) error
}

// OpenRemover is the ability of an FS to say that open files keep their names: Remove fails
// as long as the file is open. Without it Remove works on open files.
type OpenRemover interface {
	// RemovesOpen reports whether Remove works while the file is open.
	RemovesOpen() bool
}

// SameFile reports whether two names, with links followed, are one file at this moment:
// hard links are. A name without a file is not the same as anything. Of an FS that is no
// Comparer it reports whether both have one canonical name.
func SameFile(fsys FS, a, b string) (bool, error) {
	infoA, err := fsys.Stat(a)
	if err != nil {
		return false, unlessMissing(err)
	}
	infoB, err := fsys.Stat(b)
	if err != nil {
		return false, unlessMissing(err)
	}
	able, ok := fsys.(Comparer)
	if ok {
		// A wrapper may have the methods, and a file system below that does not have them.
		if _, err = able.Lstat(a); !errors.Is(err, errors.ErrUnsupported) {
			return able.SameFile(infoA, infoB), nil
		}
	}
	canonA, err := fsys.Canonical(a)
	if err != nil {
		return false, err
	}
	canonB, err := fsys.Canonical(b)
	return canonA == canonB, err
}

// Identity is which file an open file is, to be compared with names later, also when the
// file has been closed. The zero Identity belongs to no file and cannot be compared.
type Identity struct {
	fsys Comparer
	info fs.FileInfo
}

// Identify returns the identity of an open file, the zero one if this FS or this file
// cannot tell.
func Identify(fsys FS, f File) (Identity, error) {
	able, ok := fsys.(Comparer)
	stater, has := f.(Stater)
	if !ok || !has {
		return Identity{}, nil
	}
	info, err := stater.Stat()
	if errors.Is(err, errors.ErrUnsupported) {
		return Identity{}, nil
	}
	if err != nil {
		return Identity{}, err
	}
	return Identity{able, info}, nil
}

// Has reports whether the file has this name, with no link followed. The error is
// errors.ErrUnsupported if that cannot be told.
func (id Identity) Has(name string) (bool, error) {
	if id.fsys == nil {
		return false, errors.ErrUnsupported
	}
	if able, ok := id.fsys.(namer); ok {
		return able.hasName(id.info, name)
	}
	return lstatHasName(id.fsys, id.info, name)
}

// namer is the ability of an FS to look at a name with less effort than Lstat takes.
type namer interface {
	// hasName reports whether the file that info describes has this name.
	hasName(info fs.FileInfo, name string) (bool, error)
}

func lstatHasName(fsys Comparer, info fs.FileInfo, name string) (bool, error) {
	named, err := fsys.Lstat(name)
	if err != nil {
		return false, unlessMissing(err)
	}
	return fsys.SameFile(named, info), nil
}

// Info describes the file as it was when it was identified; nil of the zero Identity.
func (id Identity) Info() fs.FileInfo { return id.info }

// IsNamed reports whether name, with no link followed, is the file that f has open. The
// error is errors.ErrUnsupported if this FS or this file cannot tell.
func IsNamed(fsys FS, f File, name string) (bool, error) {
	id, err := Identify(fsys, f)
	if err != nil {
		return false, err
	}
	return id.Has(name)
}

// Lstat describes what has the name, a link as such. An FS that is no Comparer has no links.
func Lstat(fsys FS, name string) (fs.FileInfo, error) {
	if able, ok := fsys.(Comparer); ok {
		info, err := able.Lstat(name)
		if !errors.Is(err, errors.ErrUnsupported) {
			return info, err
		}
	}
	return fsys.Stat(name)
}

// IsLink reports whether name is a symbolic link.
func IsLink(fsys FS, name string) (bool, error) {
	info, err := Lstat(fsys, name)
	if err != nil {
		return false, unlessMissing(err)
	}
	return info.Mode()&fs.ModeSymlink != 0, nil
}

// Location returns the name that f has now, or "" if it has none or nobody knows.
func Location(f File) (name string, known bool) {
	able, ok := f.(Locator)
	if !ok {
		return "", false
	}
	name, err := able.Location()
	return name, err == nil
}

// RemovesOpen reports whether a file of fsys can be removed while it is open.
func RemovesOpen(fsys FS) bool {
	able, ok := fsys.(OpenRemover)
	return !ok || able.RemovesOpen()
}

// unlessMissing turns the error for a name without a file into none.
func unlessMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return err
}
