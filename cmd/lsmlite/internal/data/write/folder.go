// SPDX-License-Identifier: Apache-2.0

package write

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/pathname"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Folder writes a file for each row: its path is the key, and its contents are the value. Until Close the
// folder has another name.
type Folder struct {
	name string   // canonical
	temp string   // its name until it is whole
	root *os.Root // nothing outside of it can be written
	// wanted and made are the folders of the current file: as the key has them, and as they are called.
	wanted, made []string
	// Escaped counts the rows whose path is not their key.
	Escaped int64
}

// NewFolder begins a folder of the given name, which must not exist, or be empty.
func NewFolder(given string) (*Folder, error) {
	name, err := vfs.OS.Canonical(given)
	if err != nil {
		return nil, err
	}
	if err := outfile.Name(vfs.OS, name); err != nil {
		return nil, err
	}
	list, err := os.ReadDir(name)
	if err == nil && len(list) > 0 {
		return nil, fmt.Errorf("the folder %s is not empty; name another one: %w", given, fs.ErrExist)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	temp, err := outfile.Unused(name)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(temp, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(temp)
	if err != nil {
		return nil, errors.Join(err, os.Remove(temp))
	}
	return &Folder{name: name, temp: temp, root: root}, nil
}

// Row implements Sink.
func (f *Folder) Row(key, value []byte) error {
	p := pathname.Own.Path(key)
	names := strings.Split(p, "/")
	dirs, base := names[:len(names)-1], names[len(names)-1]
	if err := f.enter(dirs); err != nil {
		return err
	}
	for {
		at := path.Join(append(slices.Clone(f.made), base)...)
		err := f.create(at, value)
		if errors.Is(err, fs.ErrExist) { // a folder has the name, or a file whose name is the same here
			base = pathname.Another(base)
			continue
		}
		if at != string(key) {
			f.Escaped++
		}
		return err
	}
}

// enter makes the folders that are not those of the file before. Keys come in order, so folders of the
// same name follow each other, and a name that is taken is that of something else.
func (f *Folder) enter(dirs []string) error {
	same := 0
	for same < len(dirs) && same < len(f.wanted) && dirs[same] == f.wanted[same] {
		same++
	}
	f.wanted, f.made = f.wanted[:same], f.made[:same]
	for _, name := range dirs[same:] {
		actual := name
		for {
			err := f.root.Mkdir(path.Join(append(slices.Clone(f.made), actual)...), 0o700)
			if err == nil {
				break
			}
			if !errors.Is(err, fs.ErrExist) {
				return err
			}
			actual = pathname.Another(actual)
		}
		f.wanted, f.made = append(f.wanted, name), append(f.made, actual)
	}
	return nil
}

// create writes a file that must not exist.
func (f *Folder) create(name string, data []byte) error {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// Close implements Sink.
func (f *Folder) Close() error {
	err := f.root.Close()
	if err == nil {
		// A folder that is there is empty. With the separator, only a folder is removed: a file of the name stays.
		if err = os.Remove(f.name + string(os.PathSeparator)); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = os.Rename(f.temp, f.name)
	}
	if err != nil {
		f.Abort()
	}
	return err
}

// Abort implements Sink.
func (f *Folder) Abort() {
	_ = f.root.Close()
	_ = os.RemoveAll(f.temp)
}
