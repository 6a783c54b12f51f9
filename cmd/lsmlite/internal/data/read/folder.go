// SPDX-License-Identifier: Apache-2.0

package read

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/pathname"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Folder is a Source of the files below a folder: the key of each is its path below it, with slashes, and
// the value its contents. They come in the order of their paths.
type Folder struct {
	name    string
	escaped bool
	own     *database               // may lie in the folder
	passed  func(path, kind string) // called for what is no file and no folder
	open    []level                 // the folder itself first
	rows    int64
}

// level is a folder that is being walked.
type level struct {
	path string // below the folder, with a slash at its end unless it is empty
	left []fs.DirEntry
	own  bool // the database is in it
}

// FolderOptions say how a folder is read.
type FolderOptions struct {
	Escaped bool // names are those of package pathname
	// Database is the path of the database that the files go into: if its own files are in the folder, they are
	// passed over.
	Database string
	// Passed is called for what is passed over: that, and what is neither a file nor a folder.
	Passed func(path, kind string)
}

// NewFolder returns the files below a folder.
func NewFolder(name string, o FolderOptions) (*Folder, error) {
	f := &Folder{name: name, escaped: o.Escaped, own: newDatabase(o.Database), passed: o.Passed}
	return f, f.enter("")
}

// enter begins to walk a folder.
func (f *Folder) enter(path string) error {
	name := filepath.Join(f.name, filepath.FromSlash(path))
	list, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(pathName(a), pathName(b)) })
	f.open = append(f.open, level{path, list, f.own.isIn(name)})
	return nil
}

// pathName is what paths through an entry begin with: that is how they are ordered.
func pathName(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

// Next implements Source.
func (f *Folder) Next() (row.Row, error) {
	for len(f.open) > 0 {
		top := &f.open[len(f.open)-1]
		if len(top.left) == 0 {
			f.open = f.open[:len(f.open)-1]
			continue
		}
		e := top.left[0]
		top.left = top.left[1:]
		path := top.path + e.Name()
		switch {
		case e.IsDir():
			if err := f.enter(path + "/"); err != nil {
				return row.Row{}, err
			}
		case top.own && f.own.has(e.Name()):
			f.passed(path, "a file of the database itself")
		case e.Type().IsRegular():
			return f.file(path)
		default:
			f.passed(path, kind(e.Type()))
		}
	}
	return row.Row{}, io.EOF
}

// kind names what is not imported.
func kind(m fs.FileMode) string {
	if m&fs.ModeSymlink != 0 {
		return "a symbolic link"
	}
	return "no file"
}

// file returns the row of a file.
func (f *Folder) file(path string) (r row.Row, err error) {
	r.Key = []byte(path)
	if f.escaped {
		if r.Key, err = pathname.Key(path); err != nil {
			return r, fmt.Errorf("%w; names with %% that lsmlite has not written are imported without --escaped", err)
		}
	}
	name := filepath.Join(f.name, filepath.FromSlash(path))
	info, err := os.Stat(name)
	if err != nil {
		return r, err
	}
	if info.Size() > engine.MaxValueSize {
		return r, fmt.Errorf("%s has %d bytes; a value may have %d", name, info.Size(), engine.MaxValueSize)
	}
	r.Value, err = os.ReadFile(name)
	f.rows++
	return r, err
}

// Offset implements Source: it is the number of files.
func (f *Folder) Offset() int64 { return f.rows }

// Close implements Source.
func (*Folder) Close() error { return nil }
