// SPDX-License-Identifier: Apache-2.0

package outfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// File is a file that is being written. It ends with Commit or Abort; Abort after Commit does nothing.
type File struct {
	*os.File
	*place
	o     Options
	temp  string      // its name until it is whole; empty for a pipe or a device
	made  fs.FileInfo // what this process has made
	ended bool
}

// Create begins a file.
func Create(path string, o Options) (*File, error) {
	p, err := look(path, o)
	if err != nil {
		return nil, err
	}
	f := &File{place: p, o: o}
	if p.direct {
		f.File, err = os.OpenFile(p.path, os.O_WRONLY, 0)
		return f, err
	}
	if f.temp, err = Unused(p.path); err != nil {
		return nil, err
	}
	// O_EXCL follows no link.
	if f.File, err = os.OpenFile(f.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, o.Perm); err != nil {
		return nil, err
	}
	if f.made, err = f.Stat(); err == nil && p.old != nil {
		err = f.Chmod(p.old.Mode().Perm())
	}
	if err != nil {
		return nil, errors.Join(err, f.File.Close())
	}
	return f, nil
}

// maxBase is how much of a name the name of an unfinished file begins with: most systems allow 255 bytes for both.
const maxBase = 200

// Unused returns a name in the folder of a path that nobody has or can guess.
func Unused(path string) (string, error) {
	var suffix [8]byte
	_, err := rand.Read(suffix[:])
	dir, base := filepath.Split(path)
	if len(base) > maxBase {
		base = strings.ToValidUTF8(base[:maxBase], "")
	}
	return dir + base + "-part-" + hex.EncodeToString(suffix[:]), err
}

// Commit makes the file durable and gives it its name. If it cannot have that, because a file of the name has
// appeared meanwhile, what was written stays under the name that the error has.
func (f *File) Commit() error {
	if f.ended {
		return nil
	}
	f.ended = true
	if f.direct {
		return f.File.Close()
	}
	err := f.Sync()
	if err = errors.Join(err, f.File.Close()); err == nil {
		err = f.takeName()
	}
	if errors.Is(err, errTaken) {
		return env.Errorf(env.CannotOpen, "%w; what was written is in %s", err, f.temp)
	}
	if err != nil {
		f.remove(f.temp)
		return err
	}
	return vfs.OS.SyncDir(f.path)
}

// errTaken is the error of a name that may not be replaced and was free when the file was begun.
var errTaken = errors.New("another file has the name")

// takeName puts the file in its place. What is there is looked at again: it may have been made since.
func (f *File) takeName() error {
	if f.o.Force {
		if now, err := look(f.path, f.o); err != nil {
			return fmt.Errorf("%s: %w: %w", f.given, errTaken, err)
		} else if now.direct {
			return fmt.Errorf("%s: %w: it is no file", f.given, errTaken)
		} else if now.old != nil {
			if err := OwnAs(vfs.OS, f.temp, now.old); err != nil {
				return err
			}
			return os.Rename(f.temp, f.path)
		}
	}
	err := os.Link(f.temp, f.path)
	if err == nil {
		f.remove(f.temp)
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", f.given, errTaken)
	}
	return f.claim()
}

// claim is takeName where files have no second names: an empty file of this process holds the name until it is
// replaced.
func (f *File) claim() error {
	c, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.o.Perm)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", f.given, errTaken)
	}
	if err != nil {
		return err
	}
	info, err := c.Stat()
	if err = errors.Join(err, c.Close()); err == nil {
		err = os.Rename(f.temp, f.path)
	}
	if now, gone := os.Lstat(f.path); err != nil && info != nil && gone == nil && os.SameFile(now, info) {
		_ = os.Remove(f.path)
	}
	return err
}

// Abort removes what was written.
func (f *File) Abort() {
	if f.ended {
		return
	}
	f.ended = true
	_ = f.File.Close()
	f.remove(f.temp)
}

// remove removes a name of the file, unless it is that of something else by now.
func (f *File) remove(name string) {
	if f.direct {
		return
	}
	if now, err := os.Lstat(name); err == nil && os.SameFile(now, f.made) {
		_ = os.Remove(name)
	}
}

// OwnAs gives a file the owner and the mode of another one, as far as the process may, and makes it durable.
func OwnAs(fsys vfs.FS, name string, old fs.FileInfo) error {
	f, err := fsys.Open(name, vfs.ReadWrite|vfs.NoFollow, 0)
	if errors.Is(err, fs.ErrPermission) { // its owner may change a file even if its mode allows only to read it
		f, err = fsys.Open(name, vfs.ReadOnly|vfs.NoFollow, 0)
	}
	if err != nil {
		return err
	}
	if able, ok := f.(vfs.Owner); ok {
		if err = able.OwnAs(old); errors.Is(err, errors.ErrUnsupported) {
			err = nil
		}
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
