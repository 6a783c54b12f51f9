// SPDX-License-Identifier: Apache-2.0

package files

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// logFlags are those of every open of the log: a process that may write to the folder could make
// its name a link to any file, and on Windows a lock on data would keep others from reading it.
const logFlags = vfs.NoFollow | vfs.FarLocks

// openFlag returns the flag with which a log is opened that is there.
func (f *Files) openFlag() vfs.OpenFlag {
	if f.ReadOnly {
		return logFlags | f.LockFlag() | vfs.ReadOnly
	}
	return logFlags | f.LockFlag() | vfs.ReadWrite
}

// OpenLog opens the log if there is one.
func (f *Files) OpenLog() error {
	log, err := f.FS.Open(f.logPath, f.openFlag(), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return OpenError(f.logPath, err)
	}
	return f.adoptLog(log)
}

// HasLogName reports whether there is anything that has the name of the log.
func (f *Files) HasLogName() bool {
	_, err := f.FS.Stat(f.logPath)
	return err == nil
}

// adoptLog makes an open file the log, and locks it: the lock on the database file is that
// of another file once a process has renamed one over it, but the log is still the same.
func (f *Files) adoptLog(log vfs.File) error {
	f.mu.Lock()
	f.log, f.logID = log, vfs.Identity{}
	f.mu.Unlock()
	if err := f.lockLog(log); err != nil {
		return err
	}
	id, err := vfs.Identify(f.FS, log)
	if err == nil {
		err = expectName(id, f.logPath)
	}
	if err != nil {
		return OpenError(f.logPath, err)
	}
	f.mu.Lock()
	f.logID = id
	f.mu.Unlock()
	return nil
}

// Other is a log in the folder of the database that has the name of another one's.
type Other struct {
	vfs.File
	Path  string
	Owner string // the database that the name belongs to
}

// OtherLog opens the log of that name in the folder of the database. It returns nil if name
// is not that of another database's log, or if there is no such file.
func (f *Files) OtherLog(name string) (*Other, error) {
	if name == "" || name == f.LogName() || name != filepath.Base(name) || !strings.HasSuffix(name, LogSuffix) {
		return nil, nil
	}
	path := filepath.Join(filepath.Dir(f.Path), name)
	log, err := f.FS.Open(path, f.openFlag(), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, OpenError(path, err)
	}
	return &Other{File: log, Path: path, Owner: strings.TrimSuffix(path, LogSuffix)}, nil
}

// TakeLog makes another log the log of this database, in place of the one there is, unless
// its owner is there and is not another name of this database: it closes o then, and reports
// that it has not been taken.
func (f *Files) TakeLog(o *Other) (taken bool, err error) {
	mine, err := f.mayTakeLogOf(o.Owner)
	if err != nil || !mine {
		_ = o.Close()
		if err != nil {
			return false, OpenError(o.Owner, err)
		}
		return false, nil
	}
	if err := f.forgetLog(); err != nil {
		_ = o.Close()
		return false, OpenError(f.logPath, err)
	}
	f.logPath = o.Path
	return true, f.adoptLog(o.File)
}

// mayTakeLogOf reports whether the log of a database of that name belongs to this one: it
// is another name of the same file, or of none.
func (f *Files) mayTakeLogOf(owner string) (bool, error) {
	if _, err := vfs.Lstat(f.FS, owner); errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	same, err := f.dataID.Has(owner)
	if errors.Is(err, errors.ErrUnsupported) {
		return false, nil
	}
	return same, err
}

// JudgeLog looks at a log that holds no transaction of the database. It refuses a file of another
// program. One that may be either, the noise of a power loss or some file, is kept under another
// name when ReplaceLog makes a new log.
func (f *Files) JudgeLog() error {
	kind, what, err := wal.Judge(f.Log())
	switch {
	case err != nil:
		return ioerr.New("read", f.logPath, "", err)
	case kind == wal.Foreign:
		return &errs.Error{Code: errs.CodeCantOpen, Op: "open", Path: f.Path,
			Detail: fmt.Sprintf("%s has the name of its log, but is not a log: %s; it is left as it is; give it another "+
				"name, or remove it, to open the database", f.logPath, what)}
	}
	f.keeps = kind == wal.Noise
	return nil
}

// forgetLog closes the log, because another file is to take its place.
func (f *Files) forgetLog() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closeLog()
}

// closeLog closes the log, if that has not been done. The caller has the mutex.
func (f *Files) closeLog() (err error) {
	if f.log != nil {
		if err = f.log.Close(); errors.Is(err, fs.ErrClosed) {
			err = nil
		}
	}
	f.log, f.logID = nil, vfs.Identity{}
	return err
}
