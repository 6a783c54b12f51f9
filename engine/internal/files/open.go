// SPDX-License-Identifier: Apache-2.0

package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Open opens and locks the database file, making it if that is allowed. If it fails,
// everything is as it was before.
func Open(ctx context.Context, c Config) (*Files, error) {
	f := &Files{Config: c, logPath: c.Path + LogSuffix}
	err := f.openData()
	if err == nil {
		if err = f.lock(ctx); errors.Is(err, errs.ErrBusy) || err != nil && ctx.Err() != nil {
			f.made.data = false // it belongs to another program by now
		}
	}
	if err != nil {
		f.Undo()
		return nil, err
	}
	return f, nil
}

// openData opens the database file. A new file and its directory entry are durable before
// anything is in its log (see createLog): a log that is not empty and has no database is
// therefore an orphan, of a database that was deleted, and is refused.
func (f *Files) openData() error {
	flag := vfs.ReadWrite | f.LockFlag()
	if f.ReadOnly {
		flag = vfs.ReadOnly | f.LockFlag()
	}
	data, err := f.FS.Open(f.Path, flag, 0)
	if errors.Is(err, fs.ErrNotExist) && !f.ReadOnly && !f.MustExist {
		if err := f.refuseOrphan(); err != nil {
			return err
		}
		data, err = f.FS.Open(f.Path, flag|vfs.Create|vfs.MustCreate, f.Perm)
		f.made.data = err == nil
		if errors.Is(err, fs.ErrExist) { // by another handle, just now
			data, err = f.FS.Open(f.Path, flag, 0)
		}
	}
	if err != nil {
		return f.openDataError(err)
	}
	f.data = data
	id, err := vfs.Identify(f.FS, data)
	if err == nil {
		err = expectName(id, f.Path)
	}
	if err != nil {
		return OpenError(f.Path, err)
	}
	f.dataID = id
	return nil
}

// refuseOrphan refuses to make a database if something has the name of its log.
func (f *Files) refuseOrphan() error {
	switch info, err := vfs.Lstat(f.FS, f.logPath); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return OpenError(f.logPath, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return OpenError(f.logPath, vfs.ErrLink)
	case info.Size() > 0 || info.IsDir():
		return &errs.Error{Code: errs.CodeCantOpen, Op: "open", Path: f.Path,
			Detail: fmt.Sprintf("the file does not exist, but its log %s does: the log of a database that was deleted or "+
				"moved; bring the database back, or remove the log if it is not needed", f.logPath)}
	}
	return nil
}

// expectName returns an error if a file that was just opened has lost its name already.
func expectName(id vfs.Identity, name string) error {
	if has, err := id.Has(name); has || errors.Is(err, errors.ErrUnsupported) {
		return nil
	} else if err != nil {
		return OpenError(name, err)
	}
	return &errs.Error{Code: errs.CodeBusy, Op: "open", Path: name,
		Detail: "the file was renamed or replaced at the same moment; try again"}
}

// Undo gives up an Open that has failed: it closes the files, and removes those that it has
// made itself, which hold nothing but what it put there. The log goes first, and if it
// stays, so does the database: a log alone would look like that of a database that was deleted.
func (f *Files) Undo() {
	removesOpen := vfs.RemovesOpen(f.FS)
	var steps []func() bool
	if log := f.Log(); f.made.log && log != nil {
		steps = append(steps, f.removal(log, f.logPath))
	}
	if f.made.data && f.data != nil {
		steps = append(steps, f.removal(f.data, f.Path))
	}
	if !removesOpen {
		f.Release()
	}
	removed := false
	for _, step := range steps {
		if !step() {
			break
		}
		removed = true
	}
	if removesOpen {
		f.Release()
	}
	if removed && f.Syncs() {
		_ = f.FS.SyncDir(f.Path)
	}
}

// removal returns what removes an open file by its name if that is still the file's, also
// when it has been closed, and reports whether it is gone.
func (f *Files) removal(file vfs.File, name string) func() bool {
	id, err := vfs.Identify(f.FS, file)
	return func() bool {
		if err != nil {
			return false
		}
		if has, err := id.Has(name); !has && !errors.Is(err, errors.ErrUnsupported) {
			return false
		}
		return f.FS.Remove(name) == nil
	}
}
