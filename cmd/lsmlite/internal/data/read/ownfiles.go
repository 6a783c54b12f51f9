// SPDX-License-Identifier: Apache-2.0

package read

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// database is the files of the database that an import writes.
type database struct {
	folder fs.FileInfo // where they are; nil if that is not known
	name   string
}

// newDatabase finds the folder of a database, which may be missing itself.
func newDatabase(path string) *database {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		info = nil // there is no such folder, so nothing is in it
	}
	return &database{info, filepath.Base(path)}
}

// isIn says whether the database is in a folder, whatever the path of that is.
func (d *database) isIn(folder string) bool {
	info, err := os.Stat(folder)
	return err == nil && d.folder != nil && os.SameFile(info, d.folder)
}

// has says whether a name is that of the database, of its log, of the note of an import, or of what becomes one of
// these.
func (d *database) has(name string) bool {
	rest, ok := strings.CutPrefix(name, d.name)
	return ok && (rest == "" || rest == "-log" || rest == ".import" || rest == ".import-new" || strings.HasPrefix(rest, "-backup-"))
}
