// SPDX-License-Identifier: Apache-2.0

package files

import (
	"path/filepath"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/foreign"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Log is the kind of the log of a database of lsm1.
const Log foreign.Kind = "lsm1-log"

// NoDatabase says of a file whose meta pages are no database's what it is instead, as far
// as its first and last bytes tell.
func (f *Files) NoDatabase() string {
	const unknown = "this is not an lsm1 database, or both of its meta pages are damaged"
	found, err := LookAt(f.data, f.Path)
	if err != nil || found.What == "" {
		return unknown
	}
	detail := "this is " + found.What + ", and not an lsm1 database"
	if name, ok := strings.CutSuffix(f.Path, LogSuffix); ok && found.Kind == Log {
		detail += "; open " + name
	}
	return detail
}

// LookAt says what a file is that is no database of lsm1, by its beginning and its end. The name
// helps to recognise the log of one.
func LookAt(f vfs.File, path string) (foreign.Found, error) {
	log := foreign.Found{Kind: Log, What: "the log of a database"}
	if p, err := wal.Peek(f, format.LogPos{Sum: format.EmptyLogSum}); err == nil && (p.Head != nil || p.Commits || p.Other) {
		return log, nil
	}
	first, last, err := ends(f)
	if err != nil {
		return foreign.Found{}, err
	}
	found := foreign.Look(first, last)
	if found.Kind == foreign.Unknown && strings.HasSuffix(path, LogSuffix) {
		if kind, _, err := wal.Judge(f); err == nil && kind == wal.Leftover {
			return log, nil
		}
	}
	return found, nil
}

// safeBytes is how much of the beginning of a file can always be read: the locks come after it.
const safeBytes = format.MetaSize

// ends reads the beginning and the end of a file, as much as package foreign looks at, or less
// where locks keep others from reading.
func ends(f vfs.File) (first, last []byte, err error) {
	size, err := f.Size()
	if err != nil {
		return nil, nil, err
	}
	first = make([]byte, min(size, foreign.FirstBytes))
	last = make([]byte, min(size, foreign.LastBytes))
	if n, err := f.ReadAt(first, 0); n < len(first) && err != nil {
		first = first[:min(len(first), safeBytes)]
		if n, err := f.ReadAt(first, 0); n < len(first) && err != nil {
			return nil, nil, err
		}
	}
	if n, err := f.ReadAt(last, size-int64(len(last))); n < len(last) && err != nil {
		last = nil
	}
	return first, last, nil
}

// maxNames bounds how many names of a folder are looked at.
const maxNames = 10_000

// LookAtFolder says of which database a folder is, by the names in it and the beginnings of a
// few files.
func LookAtFolder(fsys vfs.FS, path string) foreign.Found {
	var some []string
	if able, ok := fsys.(vfs.Lister); ok {
		some, _ = able.List(path, maxNames)
	}
	return foreign.LookAtFolder(foreign.Names{Some: some, Read: func(name string) ([]byte, bool) {
		f, err := fsys.Open(filepath.Join(path, name), vfs.ReadOnly, 0)
		if err != nil {
			return nil, false
		}
		defer f.Close()
		first := make([]byte, foreign.FirstBytes)
		n, _ := f.ReadAt(first, 0)
		return first[:n], true
	}})
}

// openDataError is OpenError for the database file, which may be a folder.
func (f *Files) openDataError(err error) error {
	info, statErr := f.FS.Stat(f.Path)
	if statErr != nil || !info.IsDir() {
		return OpenError(f.Path, err)
	}
	return folderError(f.Path, LookAtFolder(f.FS, f.Path).What, err)
}
